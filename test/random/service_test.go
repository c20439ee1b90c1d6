package random

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakeoned"
	"github.com/oneha/oneha/test/lab"
)

// Environment of this test binary inside a machine.
const (
	inMachine    = "ONEHA_IN_MACHINE"     // 1: it is in one
	machineSeeds = "ONEHA_RANDOM_SERVICE" // "first count": the sequences that are its share
)

// serviceMachines is how many machines run at once. Much of a sequence waits.
const serviceMachines = 3

// servicePlay plays steps against one agent.
type servicePlay struct {
	subject
	program string
	count   *tally
}

// run plays the steps on a machine that is as before, then stops the service and
// looks at what is left.
func (v *servicePlay) run(ctx context.Context, steps []unitStep) (f *failure) {
	if err := v.reset(); err != nil {
		return broken(ownFault, "reset: %v", err)
	}
	n, err := v.settle(ctx)
	if err != nil {
		return broken(ownFault, "%v", err)
	}
	for i, s := range append(slices.Clone(steps), unitStep{do: stop}) {
		if ctx.Err() != nil {
			return nil
		}
		if n, f = v.step(ctx, n, s); f != nil {
			f.step = i
			return f
		}
	}
	return nil
}

// step does one step and returns the state of the machine after it.
func (v *servicePlay) step(ctx context.Context, n unitNode, s unitStep) (unitNode, *failure) {
	if !s.isOperation() {
		if err := v.interfere(s, n); err != nil {
			return n, broken(ownFault, "%s: %v", s, err)
		}
		after, err := v.settle(ctx)
		if err != nil {
			return n, broken(ownFault, "%s: %v", s, err)
		}
		v.count.add("interference")
		return after, nil
	}

	watched, enough := context.WithCancel(ctx)
	twins := make(chan error, 1)
	go func() { twins <- onlyOne(watched) }()
	end, err := call(ctx, v.program, actionOf(s.do), v.env(s, n), s.killer())
	if err != nil {
		enough()
		<-twins
		return n, broken(s.do+": the process", "%v\n%s", err, end.stderr)
	}
	ready := s.do != start || end.killed || end.code != success || answers(v.url)
	after, err := v.settle(ctx)
	enough()
	if two := <-twins; two != nil {
		return n, broken(s.do+": two at once", "%v\nbefore: %+v", two, n)
	}
	if err != nil {
		return n, broken(s.do+": the machine afterwards", "%v", err)
	}
	if end.killed {
		v.count.add(s.do + " killed")
		if same(n, after) != nil {
			v.count.add(s.do + " killed in the middle")
		}
		if err := v.possible(s.do, n, after); err != nil {
			return n, broken(s.do+" killed: impossible state", "after %s: %v\nbefore: %+v\nafter: %+v", end.took, err, n, after)
		}
		return after, nil
	}
	if !ready {
		return n, broken(s.do+": not ready", "started, but it does not answer yet\nbefore: %+v", n)
	}
	v.count.add(fmt.Sprintf("%s %d", s.do, end.code))
	want := v.expect(s.do, n)
	if !slices.Contains(want.codes, end.code) {
		return n, broken(s.do+": wrong exit code", "exit code %d, allowed %v, after %s\n%s\nbefore: %+v", end.code, want.codes, end.took.Round(time.Millisecond), end.stderr, n)
	}
	if err := want.after(after); err != nil {
		return n, broken(s.do+": wrong state", "exit code %d, but %v\n%s\nbefore: %+v\nafter: %+v", end.code, err, end.stderr, n, after)
	}
	if err := reasoned(end); err != nil {
		return n, broken(s.do+": exit reason", "%v", err)
	}
	return after, nil
}

func (s unitStep) killer() killer {
	if s.kill > 0 {
		return killAfter(s.kill)
	}
	return nil
}

// env is what Pacemaker gives to the call. A start that waits in vain for a process
// that hangs gets little time.
func (v *servicePlay) env(s unitStep, n unitNode) []string {
	timeout := 25 * time.Second
	if n.Frozen && s.do == start {
		timeout = 1500 * time.Millisecond
	}
	env := environment(v.agent, s.do, timeout, []string{"probe_timeout=1"})
	if s.do == deep {
		env = append(env, "OCF_CHECK_LEVEL=10")
	}
	return env
}

// TestServices boots machines and plays the sequences in them.
func TestServices(t *testing.T) {
	if os.Getenv(inMachine) == "1" {
		t.Skip("boots machines, so it is not for the inside of one")
	}
	s, err := parseSeeds(*seedFlag, *sequencesFlag, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // the first one builds the root file system
	defer cancel()
	place, err := lab.Open(ctx, lab.Options{Prefix: "random", CacheDir: os.Getenv("ONEHA_CACHE_DIR"), Source: filepath.Join("..", "..")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := place.Close(); err != nil {
			t.Error(err)
		}
	})
	binary := compile(t)
	var wg sync.WaitGroup
	inside := func(name, run, share string) {
		wg.Go(func() {
			if err := playInside(t, place, name, binary, run, share); err != nil {
				t.Error(err)
			}
		})
	}
	if *seedFlag == "" {
		inside("liars", "TestMachineLiars", "")
	}
	machines := min(serviceMachines, s.services)
	for i := range machines {
		from, to := i*s.services/machines, (i+1)*s.services/machines
		inside(fmt.Sprintf("m%d", i), "TestMachineServices", fmt.Sprintf("%d %d", s.first+uint64(from), to-from))
	}
	wg.Wait()
}

// compile makes a program of this package's tests.
func compile(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "random.test")
	build := exec.Command("go", "test", "-c", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("compile the tests: %v\n%s", err, out)
	}
	return binary
}

// playInside boots a machine with the stand-in for OpenNebula and runs tests in it.
func playInside(t *testing.T, place *lab.Lab, name, binary, run, share string) error {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Minute)
	defer cancel()
	m, err := place.Boot(ctx, name)
	if err != nil {
		return err
	}
	defer func() { _ = m.Close() }() // the lab's own Close reports what is left
	if err := m.Copy(binary, "/root/random.test"); err != nil {
		return err
	}
	r, err := m.Command(ctx, lab.Command{
		Args: []string{"/root/random.test", "-test.run", "^(" + run + ")$", "-test.v", "-test.timeout", "55m"},
		Env:  []string{inMachine + "=1", machineSeeds + "=" + share},
	})
	t.Logf("%s:\n%s%s", name, r.Stdout, r.Stderr)
	if exit := (*lab.ExitError)(nil); errors.As(err, &exit) { // its text is what was just logged
		return fmt.Errorf("%s: failed, see above", name)
	}
	return err
}

// machine skips a test that needs a machine of its own, and prepares it.
func machine(t *testing.T) {
	t.Helper()
	if os.Getenv(inMachine) != "1" {
		t.Skip("needs a machine of its own with systemd as PID 1: TestServices runs it in one")
	}
	put := func(path, text string, mode os.FileMode) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	// Where packages put them, so that they can be masked.
	for name, text := range fakeoned.UnitFiles() {
		put("/usr/lib/systemd/system/"+name, text, 0o644)
	}
	put(fakeoned.AuthFile, "oneadmin:random-only\n", 0o600)
	if err := os.MkdirAll(fakeoned.SharedDir, 0o755); err != nil {
		t.Fatal(err)
	}
	// An older release, whose unit does not remove the lock, and a quick one.
	put("/etc/systemd/system/"+onedSubject.unit+".d/quick.conf", fakeoned.KeepLock+
		"ExecStart=\nExecStart="+fakeoned.Oned+" -role oned -start-time 100ms -stop-time 50ms\nRestartSec=300ms\n", 0o644)
	put("/etc/systemd/system/"+flowSubject.unit+".d/quick.conf", "[Service]\nRestartSec=300ms\n", 0o644)
	if out, err := exec.Command("systemctl", "daemon-reload").CombinedOutput(); err != nil {
		t.Fatalf("daemon-reload: %v: %s", err, out)
	}
}

func installedAgent(agent string) string { return "/usr/lib/ocf/resource.d/opennebula/" + agent }

func TestMachineServices(t *testing.T) {
	machine(t)
	c := campaign{workers: 1, enough: 5, plays: 60}
	if _, err := fmt.Sscan(os.Getenv(machineSeeds), &c.first, &c.count); err != nil {
		t.Fatalf("%s: %v", machineSeeds, err)
	}
	var count tally
	began := time.Now()
	for _, f := range play(t.Context(), c, func(seed uint64) sequence[unitStep] { return composeService(seed, installedAgent, &count) }) {
		t.Errorf("%s  again: go test ./test/random -run TestServices -seed %d", f, f.seed)
	}
	t.Logf("%d sequences from seed %d on in %s; %s", c.count, c.first, time.Since(began).Round(time.Second), &count)
}

// unitLiars are service agents that do something wrong, as the vip's liars are.
var unitLiars = []struct{ name, script, rule string }{
	{"stop leaves it running", `[ $1 = stop ] && exit 0`, "stop: wrong state"},
	{"stop forgets the drop-in", `[ $1 = stop ] && systemctl is-active --quiet $UNIT && { systemctl stop $UNIT $COMPANIONS; exit 0; }`, "stop: wrong state"},
	{"monitor asks systemd only", `[ $1 = monitor ] && unset OCF_CHECK_LEVEL`, "deep monitor: wrong exit code"},
	{"monitor says running", `[ $1 = monitor ] && exit 0`, "monitor: wrong"},
	{"start does not wait", `[ $1 = start ] && { "$REAL" "$@" >/dev/null 2>&1 & exit 0; }`, "start: the process"},
	{"start only asks systemd", `[ $1 = start ] && { "$REAL" validate-all || exit 5; systemctl reset-failed $UNIT; systemctl start $UNIT || exit 1; exit 0; } 2>/dev/null`, "start: "},
	{"probe takes over", `[ $1 = monitor ] && export OCF_RESKEY_CRM_meta_interval=10000`, "probe: wrong state"},
}

func TestMachineLiars(t *testing.T) {
	machine(t)
	for _, liar := range unitLiars {
		t.Run(liar.name, func(t *testing.T) {
			dir := t.TempDir()
			program := func(agent string) string {
				s := onedSubject
				if agent == flowSubject.agent {
					s = flowSubject
				}
				path := filepath.Join(dir, "liar-"+agent) // not called like the service: it would be taken for one
				script := fmt.Sprintf("#!/bin/sh\nREAL=%s UNIT=%s COMPANIONS='%s'\n%s\nexec \"$REAL\" \"$@\"\n",
					installedAgent(agent), s.unit, strings.Join(s.companions, " "), liar.script)
				if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
					t.Fatal(err)
				}
				return path
			}
			var count tally
			c := campaign{first: 1, count: 40, workers: 1, enough: 1, plays: 12}
			found := play(t.Context(), c, func(seed uint64) sequence[unitStep] { return composeService(seed, program, &count) })
			if len(found) == 0 {
				t.Fatalf("not caught in %d sequences: %s", c.count, &count)
			}
			if f := found[0]; !strings.Contains(f.rule, liar.rule) || len(f.steps) > 6 {
				t.Errorf("want rule %q and at most 6 steps:\n%s", liar.rule, f)
			} else {
				t.Logf("seed %d, %d steps of %d: %s", f.seed, len(f.steps), f.full, f.rule)
			}
		})
	}
}
