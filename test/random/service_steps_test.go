package random

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/oneha/oneha/test/fakeoned"
)

// unitStep is one step: an operation of a service agent, perhaps killed, or a hand
// that interferes.
type unitStep struct {
	do   string
	kill time.Duration
}

func (s unitStep) String() string {
	if s.kill > 0 {
		return fmt.Sprintf("%s, killed after %s", s.do, s.kill)
	}
	return s.do
}

// The hand's work on a unit. What cannot be done is left out.
const (
	unitStop     = "by hand: systemctl stop"
	unitStart    = "by hand: systemctl start"
	unitKill     = "by hand: systemctl kill"
	unitMask     = "by hand: systemctl mask"
	unitUnmask   = "by hand: systemctl unmask"
	unitReload   = "by hand: systemctl daemon-reload"
	unitReexec   = "by hand: systemctl daemon-reexec"
	dropDropIn   = "by hand: remove the drop-in"
	unreadDropIn = "by hand: remove the drop-in, and daemon-reload"
	freeze       = "the process hangs"
	thaw         = "the process goes on"
	staleLock    = "a lock is left behind"
	stray        = "by hand: start oned outside of its unit"
	companion    = "by hand: start opennebula-hem"
)

// composeService makes the sequence of a seed for the agents in that directory.
func composeService(seed uint64, program func(agent string) string, count *tally) sequence[unitStep] {
	rng := rand.New(rand.NewPCG(seed, 2))
	s := onedSubject
	if chance(rng, 25) {
		s = flowSubject
	}
	steps := make([]unitStep, 6+rng.IntN(5))
	for i := range steps {
		if i > 0 && !steps[i-1].isOperation() && chance(rng, 40) { // what does the agent make of that?
			steps[i].do = pick(rng, []string{probe, recurring, deep, deep})
			continue
		}
		steps[i] = composeUnitStep(rng, s)
	}
	p := &servicePlay{subject: s, program: program(s.agent), count: count}
	return sequence[unitStep]{
		setting: s.agent + " with probe_timeout=1",
		steps:   steps,
		play:    p.run,
		simpler: func(s unitStep) (unitStep, bool) { return unitStep{do: s.do}, s.kill > 0 },
	}
}

func composeUnitStep(rng *rand.Rand, s subject) unitStep {
	// As many kills after 1 to 2 ms as after 100 to 200.
	kill := time.Duration(float64(time.Millisecond) * float64(int(1)<<rng.IntN(9)) * (1 + rng.Float64())).Round(10 * time.Microsecond)
	switch n := rng.IntN(100); {
	case n < 27:
		return unitStep{do: start}
	case n < 34:
		return unitStep{do: stop}
	case n < 38:
		return unitStep{do: recurring}
	case n < 42:
		return unitStep{do: probe}
	case n < 46:
		return unitStep{do: deep}
	case n < 49:
		return unitStep{do: validate}
	case n < 57:
		return unitStep{do: start, kill: kill}
	case n < 64:
		return unitStep{do: stop, kill: kill}
	}
	hands := []string{unitStop, unitStart, unitKill, unitKill, unitMask, unitMask, unitUnmask, unitReload, unitReexec, dropDropIn, unreadDropIn, freeze, freeze, freeze, freeze, thaw}
	if s.lone() {
		hands = append(hands, staleLock, stray, companion)
	}
	return unitStep{do: pick(rng, hands)}
}

// isOperation reports whether the step is a call of the agent.
func (s unitStep) isOperation() bool {
	return slices.Contains([]string{start, stop, probe, recurring, deep, validate}, s.do)
}

// interfere does what the hand does. A systemctl that fails, because the unit is
// masked, say, is a hand that could not.
func (s subject) interfere(step unitStep, n unitNode) error {
	systemctl := func(args ...string) error {
		out, err := exec.Command("systemctl", args...).CombinedOutput()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("systemctl: %w: %s", err, out)
		}
		return nil
	}
	switch step.do {
	case unitStop:
		return systemctl("stop", s.unit)
	case unitStart:
		return errors.Join(systemctl("reset-failed", s.unit), systemctl("start", s.unit))
	case unitKill:
		return systemctl("kill", "--signal=KILL", s.unit)
	case unitMask:
		return systemctl("mask", s.unit)
	case unitUnmask:
		return systemctl("unmask", s.unit)
	case unitReload:
		return systemctl("daemon-reload")
	case unitReexec:
		return systemctl("daemon-reexec")
	case dropDropIn, unreadDropIn:
		if err := os.RemoveAll(s.dropInDir()); err != nil || step.do == dropDropIn {
			return err
		}
		return systemctl("daemon-reload")
	case freeze:
		return s.signal(syscall.SIGSTOP)
	case thaw:
		return s.signal(syscall.SIGCONT)
	case staleLock:
		if n.up() || n.Outside > 0 {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(lockPath), 0o755); err != nil {
			return err
		}
		return os.WriteFile(lockPath, nil, 0o644)
	case stray:
		if n.up() || n.Outside > 0 {
			return nil
		}
		return startStray()
	case companion:
		return errors.Join(systemctl("reset-failed", s.companions[0]), systemctl("start", s.companions[0]))
	}
	return fmt.Errorf("no such step: %q", step.do)
}

// startStray starts an oned as a person does who does not know the unit, and waits
// until it answers.
func startStray() error {
	if err := os.Remove(lockPath); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	cmd := exec.Command(fakeoned.Oned, "-role", "oned", "-stop-time", "50ms", "-events", "")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // whoever ends it
	for range 200 {
		if answers(onedSubject.url) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("the oned outside of its unit does not answer")
}
