package following

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/unit"
)

// Report is what Reconcile found and did, units in the order of one.Services.
type Report struct {
	Started []string // were down, and are up
	Stopped []string // were up, and are down
	Off     []string // could run here and do not although this is the leader: disabled or masked
	Failed  []Failure
}

// Failure is a unit that is not where it belongs.
type Failure struct {
	Unit string
	Err  error
}

// Changed reports whether anything was started or stopped.
func (r Report) Changed() bool { return len(r.Started)+len(r.Stopped) > 0 }

// String says in a line what was done, "" for nothing.
func (r Report) String() string {
	var parts []string
	for _, p := range []struct {
		what  string
		units []string
	}{{"started ", r.Started}, {"stopped ", r.Stopped}} {
		if len(p.units) > 0 {
			parts = append(parts, p.what+strings.Join(p.units, ", "))
		}
	}
	return strings.Join(parts, "; ")
}

// err joins what failed into one error.
func (r Report) err() error {
	var errs []error
	for _, f := range r.Failed {
		errs = append(errs, f.Err)
	}
	return errors.Join(errs...)
}

// Reconcile starts the services that follow the leader where this server is the
// leader, and stops them where it is not. All jobs are queued before the first is
// waited for. list is that of Look. ctx bounds the wait; systemd goes on with what
// is under way then. What failed is in the report, and in the error, which is
// ErrNoSystemd where there is none.
func Reconcile(ctx context.Context, m Manager, leader bool, list []string) (Report, error) {
	c, err := Begin(ctx, m, leader, list)
	if err != nil {
		return Report{}, err
	}
	return c.Wait(ctx)
}

// Change is what Begin queued.
type Change struct {
	m      Manager
	up     bool
	asked  []string // units whose jobs were queued
	report Report
}

// Begin is the first half of Reconcile: it queues the jobs and waits for none. A
// caller that has to give way to others does so between Begin and Wait.
func Begin(ctx context.Context, m Manager, leader bool, list []string) (*Change, error) {
	standings, err := Look(ctx, m, list)
	if err != nil {
		return nil, err
	}
	c := &Change{m: m, up: leader}
	for _, s := range standings {
		switch {
		case leader && !s.Wanted:
			c.report.spare(s)
		case s.there(leader):
		default:
			c.queue(ctx, s.State.Unit)
		}
	}
	return c, nil
}

// queue asks for a unit's job.
func (c *Change) queue(ctx context.Context, name string) {
	if err := c.m.Queue(ctx, name, c.up); err != nil {
		c.report.Failed = append(c.report.Failed, Failure{name, err})
		return
	}
	c.asked = append(c.asked, name)
}

// spare notes a service that a leader does not run: nothing wrong, unless the
// description names it.
func (r *Report) spare(s Standing) {
	if s.listed {
		err := fmt.Errorf("start %s: the description names it, and %s: install or unmask it, or take it off the description's services", s.State.Unit, s.Why)
		r.Failed = append(r.Failed, Failure{s.State.Unit, err})
	} else if s.State.Phase() != unit.NotFound {
		r.Off = append(r.Off, s.State.Unit)
	}
}

// there reports whether the unit is where it belongs and stays there.
func (s Standing) there(up bool) bool {
	phase := s.State.Phase()
	if up {
		return phase.Up() && !(s.State.Job != 0 && s.State.Verb == "stop")
	}
	return !phase.Up() && !phase.Pending()
}

// Wait is the other half of Reconcile: it waits until the jobs have ended and judges
// the states after them. What counts is the state, not the job's result.
func (c *Change) Wait(ctx context.Context) (Report, error) {
	rest, pause := c.asked, 10*time.Millisecond
	for len(rest) > 0 {
		states, err := c.m.States(ctx, rest...)
		if err == nil {
			if rest = c.sort(ctx, states); len(rest) == 0 {
				break
			}
			err = sleep(ctx, pause)
			pause = min(2*pause, 250*time.Millisecond)
		}
		if err == nil {
			continue
		}
		for _, name := range rest {
			c.report.Failed = append(c.report.Failed, Failure{name, fmt.Errorf("%s %s: systemd goes on with it: %w", c.verb(), name, err)})
		}
		rest = nil
	}
	c.asked = nil
	return c.report, c.report.err()
}

// sleep waits for d or the end of ctx, whose error it then returns.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sort notes the units that have settled and returns the others.
func (c *Change) sort(ctx context.Context, states []unit.State) (rest []string) {
	r := &c.report
	for _, st := range states {
		phase := st.Phase()
		switch {
		case phase.Pending() || st.Job != 0:
			rest = append(rest, st.Unit)
		case phase.Up() != c.up:
			r.Failed = append(r.Failed, Failure{st.Unit, c.failed(ctx, st)})
		case c.up:
			r.Started = append(r.Started, st.Unit)
		default:
			// The start limit counts these starts too. A zone whose leader changes a few
			// times within a minute would be left without the service.
			_ = c.m.ResetFailed(ctx, st.Unit) // only a convenience: the unit is down
			r.Stopped = append(r.Stopped, st.Unit)
		}
	}
	return rest
}

// failed says why a unit is not where it belongs after its job.
func (c *Change) failed(ctx context.Context, st unit.State) error {
	why := c.m.Why(ctx, st.Unit)
	if unmet, err := c.m.Unmet(ctx, st.Unit); c.up && err == nil && unmet != "" {
		why = unmet + " of its unit file is not met: copy the file from another server"
	}
	if why != "" {
		why = " (" + why + ")"
	}
	return fmt.Errorf("%s %s: %s%s: see systemctl status %s", c.verb(), st.Unit, st, why, st.Unit)
}

func (c *Change) verb() string {
	if c.up {
		return "start"
	}
	return "stop"
}
