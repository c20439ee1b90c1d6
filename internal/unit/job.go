package unit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
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
	return m.run(ctx, "start", "StartUnit", unit, func(p Phase) bool { return p.Up() })
}

// Stop stops the unit and waits until its job has ended; a unit that is down or
// unknown is success. It does not look for leftover processes: see Processes.
// Errors are those of Start.
func (m *Manager) Stop(ctx context.Context, unit string) error {
	return m.run(ctx, "stop", "StopUnit", unit, func(p Phase) bool { return !p.Up() && !p.Pending() })
}

// run asks for a job, waits for its end and judges the state after it: the
// state counts, the job's result only explains it.
func (m *Manager) run(ctx context.Context, verb, method, unit string, reached func(Phase) bool) error {
	var job dbus.ObjectPath
	if err := m.call(ctx, manager, method, []any{unit, "replace"}, &job); err != nil {
		if verb == "stop" && isDBus(err, "org.freedesktop.systemd1.NoSuchUnit") {
			return nil
		}
		return fmt.Errorf("%s %s: %w", verb, unit, err)
	}
	result, err := m.wait(ctx, unit, job)
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
	return &JobError{Verb: verb, Result: result, Why: m.why(ctx, unit), State: st}
}

// wait waits until the job is gone and returns its result. The signal of its
// end may be missed, when the connection is lost meanwhile or was made anew;
// therefore the unit is looked at too, and then the result is unknown, "".
func (m *Manager) wait(ctx context.Context, unit string, job dbus.ObjectPath) (string, error) {
	look := time.NewTicker(500 * time.Millisecond)
	defer look.Stop()
	signals := m.signals
	for {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case sig, ok := <-signals:
			if !ok { // the connection was lost; the next look makes a new one
				signals = nil
				continue
			}
			if result, ok := jobRemoved(sig, job); ok {
				return result, nil
			}
		case <-look.C:
			st, err := m.State(ctx, unit)
			if err != nil {
				return "", err
			}
			if !strings.HasSuffix(string(job), fmt.Sprintf("/%d", st.Job)) {
				return "", nil
			}
			signals = m.signals
		}
	}
}

// jobRemoved returns the result of job if sig reports its end.
func jobRemoved(sig *dbus.Signal, job dbus.ObjectPath) (string, bool) {
	var (
		id           uint32
		path         dbus.ObjectPath
		unit, result string
	)
	if sig.Name != manager+".JobRemoved" || dbus.Store(sig.Body, &id, &path, &unit, &result) != nil || path != job {
		return "", false
	}
	return result, true
}

// why puts into words why the unit is not up: systemd tells a program that
// failed from one that was too slow only by the unit's own properties. It is
// help for a person: what cannot be read is left out.
func (m *Manager) why(ctx context.Context, unit string) string {
	const service = "org.freedesktop.systemd1.Service"
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

// Why returns, in a few words, why the unit failed; "" when systemd knows no reason.
func (m *Manager) Why(ctx context.Context, unit string) string { return m.why(ctx, unit) }
