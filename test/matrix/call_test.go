package matrix

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// action is a column: what the agent is told to do, and how the machine is before.
type action struct {
	title string
	name  string
	off   bool // the machine is off before
}

var actions = []action{
	{"status, is on", "status", false},
	{"status, is off", "status", true},
	{"monitor", "monitor", false},
	{"on", "on", true},
	{"off", "off", false},
	{"reboot", "reboot", false},
	{"diag", "diag", false},
	{"validate-all", "validate-all", false},
}

// switches reports whether an action may send power commands.
func (a action) switches() bool { return a.name == "on" || a.name == "off" || a.name == "reboot" }

// caller is who runs the agent.
type caller string

const (
	hand    caller = "by hand"
	cluster caller = "by the cluster" // pacemaker-fenced
)

// clusterLimit stands for pcmk_off_timeout and its like, after which the cluster
// kills the agent.
const clusterLimit = 28 * time.Second

// limit is when a call has to have ended. What ends by itself: two tries to read the
// state; then two tries to switch and two to see whether that worked after all,
// power_timeout, and a last look that began within it; for a reboot once more.
func (a action) limit(c caller) (limit time.Duration, byCluster bool) {
	const read = 2 * 2 * stepLimit
	const change = 2*read + powerTimeout + read/2
	limit = read
	switch {
	case !a.switches():
	case c == cluster:
		return clusterLimit, true
	case a.name == "reboot":
		limit += 2 * change
	default:
		limit += change
	}
	return limit + grace, false
}

// grace is for a busy machine.
const grace = 3 * time.Second

// outcome is what came of one call. Results of equal calls are equal.
type outcome struct {
	Code     int    // exit code
	Killed   bool   // the cluster's time limit ended it
	Waits    bool   // it took as long as one of its time limits
	Commands string // power commands that the device got, repetitions left out
	On       bool   // the machine in the end
	Failed   string // the reason in standard error
	Warned   bool
}

// call is a cell of the matrix before it is filled.
type call struct {
	device
	network string
	fault   fault
	action  action
	caller  caller
}

func (c call) String() string {
	return fmt.Sprintf("%s (%s), %s, %s, %s", c.agent, c.name, c.fault, c.action.title, c.caller)
}

// evidence is what the rules are held against, beside the outcome.
type evidence struct {
	action         action
	caller         caller
	wasOff, wasOn  bool // ever since the call, and when it began
	refused        int
	stdout, stderr string
	secrets        []string
	overdue        bool
}

// run makes one call on a device of its own. It returns nil where the fault has no
// meaning for the device.
func (c call) run(ctx context.Context, bin, dir string) (*outcome, *evidence, error) {
	s, err := c.start(c.fault, c.action.off, dir)
	if s == nil || err != nil {
		return nil, nil, err
	}
	defer s.close()
	lines := append([]string{"action=" + c.action.name}, s.options...)
	for name, limit := range map[string]time.Duration{"login_timeout": stepLimit, "shell_timeout": stepLimit, "power_timeout": powerTimeout} {
		lines = append(lines, fmt.Sprintf("%s=%v", name, limit.Seconds()))
	}
	if c.fault == closed {
		port, free, err := nobody(c.network, s.host)
		if err != nil {
			return nil, nil, err
		}
		defer free()
		lines = append(lines, fmt.Sprintf("ipport=%d", port)) // the last one counts
	}
	limit, byCluster := c.action.limit(c.caller)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, c.agent))
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}
	if c.caller == cluster {
		cmd.Env = append(cmd.Env, "PCMK_service=pacemaker-fenced")
		lines = append(lines, "nodename=n1", "plug=n1", "delay=0")
	} else {
		lines = append(lines, "verbose=1")
	}
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	err = cmd.Run()
	took := time.Since(begin)
	if cmd.ProcessState == nil {
		return nil, nil, err // it was not started
	}
	ended := ctx.Err() != nil
	o := &outcome{
		Code:     cmd.ProcessState.ExitCode(),
		Killed:   ended && byCluster && cmd.ProcessState.ExitCode() < 0,
		Waits:    took >= stepLimit-100*time.Millisecond,
		Commands: strings.Join(slices.Compact(s.commands()), " "),
		On:       s.on(),
	}
	for line := range strings.Lines(stderr.String()) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "Failed: "); ok {
			o.Failed = anonymous(text, s.host)
		}
		o.Warned = o.Warned || strings.HasPrefix(line, "Warning: ")
	}
	return o, &evidence{
		action: c.action, caller: c.caller, wasOff: s.wasOff(), wasOn: !c.action.off, refused: s.refused(),
		stdout: stdout.String(), stderr: stderr.String(), secrets: s.secrets, overdue: ended && !byCluster,
	}, nil
}

// anonymous replaces what differs from one call to the next: the address, the
// fingerprint of a host key and the time.
func anonymous(text, host string) string {
	text = strings.ReplaceAll(text, host, "192.0.2.1")
	text = fingerprints.ReplaceAllString(text, "SHA256:...")
	return dates.ReplaceAllString(text, "Mon Jan  2 15:04:05 2006")
}

var (
	fingerprints = regexp.MustCompile(`SHA256:[A-Za-z0-9+/]{43}`)
	dates        = regexp.MustCompile(`[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4}`)
)

// links makes the agents' names for the program in a directory.
func links(program, dir string) error {
	var errs []error
	for _, f := range families {
		for _, d := range f.devices {
			if err := os.Symlink(program, filepath.Join(dir, d.agent)); err != nil && !errors.Is(err, os.ErrExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
