package unit

import (
	"context"
	"fmt"
	"time"

	systemd "github.com/coreos/go-systemd/v22/dbus"
)

// JobError says that a job of systemd did not bring the unit where it should.
type JobError struct {
	Verb   string // start or stop
	Result string // systemd's word: failed, canceled, timeout, dependency, assert, ...; "" when the job's end was not seen
	Why    string // what systemd knows of the cause, "" for nothing
	State  State  // the unit's state after the job
}

// Error names the unit, the job's result and the cause.
func (e *JobError) Error() string {
	s := fmt.Sprintf("%s after its %s job", e.State, e.Verb)
	if words := jobWords[e.Result]; words != "" {
		s += " " + words
	}
	if e.Why != "" {
		s += ": " + e.Why
	}
	return s
}

// jobWords completes "after its start job ..." for the results of a job
// (org.freedesktop.systemd1(5), JobRemoved) that say more than the state does.
var jobWords = map[string]string{
	"failed":     "failed",
	"canceled":   "was cancelled",
	"timeout":    "timed out",
	"dependency": "failed with a dependency",
	"skipped":    "was skipped",
	"assert":     "found an Assert of the unit file not met",
}

// Start starts the unit and waits until its job has ended. An active unit is
// success. Where the job ended and the unit is not up the error is a *JobError.
// When the context ends first, the job goes on in systemd, and the error says so.
func (m *Manager) Start(ctx context.Context, unit string) error {
	return m.run(ctx, "start", unit, (*systemd.Conn).StartUnitContext, func(p Phase) bool { return p.Up() })
}

// Stop stops the unit and waits until its job has ended; a unit that is down or
// unknown is success. It does not look for leftover processes: see Processes.
// Errors are those of Start.
func (m *Manager) Stop(ctx context.Context, unit string) error {
	return m.run(ctx, "stop", unit, (*systemd.Conn).StopUnitContext, func(p Phase) bool { return !p.Up() && !p.Pending() })
}

// request is how go-systemd asks for a job whose result it sends to a channel.
type request func(c *systemd.Conn, ctx context.Context, unit, mode string, result chan<- string) (job int, err error)

// run asks for a job, waits for its end and judges the state after it: the
// state counts, the job's result only explains it.
func (m *Manager) run(ctx context.Context, verb, unit string, ask request, reached func(Phase) bool) error {
	var job int
	var ended chan string
	err := m.doJobs(ctx, func(ctx context.Context, c *systemd.Conn) (err error) {
		ended = make(chan string, 1)
		job, err = ask(c, ctx, unit, "replace", ended)
		return err
	})
	if verb == "stop" && isDBus(err, noSuchUnit) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", verb, unit, err)
	}
	result, err := m.wait(ctx, unit, job, ended)
	if err != nil {
		return fmt.Errorf("%s %s: systemd goes on with the job: %w", verb, unit, err)
	}
	st, err := m.State(ctx, unit)
	if err != nil {
		return err
	}
	if reached(st.Phase()) {
		return nil
	}
	return &JobError{Verb: verb, Result: result, Why: m.Why(ctx, unit), State: st}
}

// wait waits until the job is gone and returns its result. The signal of its
// end may be missed, when the connection is lost meanwhile; therefore the unit is
// looked at too, and then the result is unknown, "".
func (m *Manager) wait(ctx context.Context, unit string, job int, ended <-chan string) (string, error) {
	look := time.NewTicker(500 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case result := <-ended:
			return result, nil
		case <-look.C:
			st, err := m.State(ctx, unit)
			if err != nil {
				return "", err
			}
			if int(st.Job) != job {
				select {
				case result := <-ended: // it came while we looked
					return result, nil
				default:
					return "", nil
				}
			}
		}
	}
}

// Why puts into words why the unit is not up, "" when systemd knows no reason: it
// tells a program that failed from one that was too slow only by the unit's own
// properties. It is help for a person: what cannot be read is left out.
func (m *Manager) Why(ctx context.Context, unit string) string {
	const service = "Service"
	var result string
	if m.property(ctx, unit, service, "Result", &result) != nil {
		return ""
	}
	var status int32
	switch result {
	case "success":
		return ""
	case "exit-code":
		if m.property(ctx, unit, service, "ExecMainStatus", &status) == nil && status != 0 {
			return fmt.Sprintf("exit status %d", status)
		}
		return "a command of the unit failed" // ExecStartPre and the like
	case "signal", "core-dump":
		if m.property(ctx, unit, service, "ExecMainStatus", &status) == nil && status != 0 {
			return fmt.Sprintf("killed by signal %d", status)
		}
	case "timeout":
		return "the unit's own timeout ran out"
	case "protocol":
		return "it ended without saying that it was ready"
	}
	return "result " + result
}
