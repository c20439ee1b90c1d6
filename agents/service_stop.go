package agents

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/oneha/oneha/internal/unit"
	"github.com/oneha/oneha/ocf"
)

// stopShare is the part of a stop's time after which the unit is killed; what is
// left is for its companions, and for proving that nothing runs.
const stopShare = 0.8

// companionPrefix begins the names of the units that belong to OpenNebula.
const companionPrefix = "opennebula-"

// stop stops the unit, then what came with it, and succeeds when no process of
// any of them is left.
func (s service) stop(ctx context.Context, req *ocf.Request) error {
	var errs []error
	name, err := unitOf(req)
	m := unit.New("")
	defer m.Close()
	var st unit.State
	if err == nil {
		st, err = m.State(ctx, name)
	}
	switch {
	case errors.Is(err, unit.ErrNoSystemd), ocf.CodeOf(err) == ocf.ConfiguredCode:
		req.Log.Warn("no unit can run", "because", err)
	default: // also when systemd does not answer: what follows asks again
		var known []string
		if st.Load != "loaded" { // masked, or its file is gone: systemd has forgotten its Wants=
			known = s.Wants
		}
		errs = append(errs, stopUnit(ctx, req, m, name, known))
	}
	if s.isOned() {
		errs = append(errs, endOnedOutside(ctx, req, m, name))
	}
	return errors.Join(errs...)
}

// stopUnit takes the unit down and, when it is proved to be down, its companions:
// those that systemd names, and those that are known.
func stopUnit(ctx context.Context, req *ocf.Request, m *unit.Manager, name string, known []string) error {
	companions, unknown := m.Companions(ctx, name, companionPrefix)
	companions = slices.Compact(slices.Sorted(slices.Values(append(companions, known...))))
	short, cancel := context.WithTimeout(ctx, gentleTime(ctx)/4) // systemd may take long to read all units again
	err := m.Release(short, name)
	cancel()
	if err != nil {
		// The stop counts; a drop-in left in /run is gone with the next boot.
		req.Log.Warn("cannot take back the drop-in", "because", err)
	}
	if err := takeDown(ctx, req, m, name); err != nil {
		return err
	}
	if unknown != nil {
		return ocf.Failed("cannot tell what was started with "+name, unknown)
	}
	// systemd started them with the unit and leaves them running: on the passive
	// node a hook manager would run hooks, a timer would write to the database.
	companions = slices.DeleteFunc(companions, m.Clustered)
	results := make(chan error)
	for _, companion := range companions {
		go func() {
			own := unit.New("") // a Manager is not for concurrent use
			defer own.Close()
			results <- takeDown(ctx, req, own, companion)
		}()
	}
	var errs []error
	for range companions {
		errs = append(errs, <-results)
	}
	return errors.Join(errs...)
}

// takeDown stops a unit, kills what does not stop in time, and does the same with
// what the unit has triggered. What somebody starts meanwhile is stopped again.
func takeDown(ctx context.Context, req *ocf.Request, m *unit.Manager, name string) error {
	names, err := withTriggered(ctx, m, name)
	if err != nil {
		return unitError(err)
	}
	for _, name := range names {
		err := stopOnce(ctx, req, m, name)
		for errors.Is(err, errStarted) && ctx.Err() == nil {
			err = stopOnce(ctx, req, m, name)
		}
		if err != nil {
			return ocf.Failed(fmt.Sprintf("cannot prove that %s is stopped", name), err)
		}
	}
	return nil
}

// stopOnce takes one unit down and proves it.
func stopOnce(ctx context.Context, req *ocf.Request, m *unit.Manager, name string) error {
	if err := stopOrKill(ctx, req, m, name); err != nil {
		return err
	}
	return provedDown(ctx, req, m, name)
}

// stopOrKill stops one unit, and kills it when most of the time has passed.
func stopOrKill(ctx context.Context, req *ocf.Request, m *unit.Manager, name string) error {
	gentle, cancel := context.WithTimeout(ctx, gentleTime(ctx))
	defer cancel()
	err := stopJob(gentle, req, m, name)
	if err == nil {
		return nil
	}
	req.Log.Warn("the unit does not stop, it is killed", "unit", name, "because", err)
	if err := m.Kill(ctx, name); err != nil {
		return err
	}
	// Asked again: without a stop job systemd might restart what was killed.
	return stopJob(ctx, req, m, name)
}

// stopJob asks systemd to stop the unit until it is down. A job that ends without
// that was cancelled by somebody's start: the process does nothing wrong, so it is
// asked again rather than killed.
func stopJob(ctx context.Context, req *ocf.Request, m *unit.Manager, name string) error {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := m.Stop(ctx, name)
		var job *unit.JobError
		if !errors.As(err, &job) {
			return err
		}
		req.Log.Warn("the unit is not down after its stop job, it is stopped again", "unit", name, "because", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// gentleTime is how long a stop may take before it becomes a kill.
func gentleTime(ctx context.Context) time.Duration {
	end, _ := ctx.Deadline() // every action has one: see within
	return time.Duration(float64(time.Until(end)) * stopShare)
}

// errStarted says that a unit that was stopped is up again.
var errStarted = errors.New("it was started again while it was stopped")

// provedDown waits until the unit is down and none of its processes is left; what
// a unit leaves behind by its KillMode is killed.
func provedDown(ctx context.Context, req *ocf.Request, m *unit.Manager, name string) error {
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		st, err := m.Settled(ctx, name)
		if err != nil {
			return err
		}
		if st.Phase().Up() {
			return fmt.Errorf("%s: %w", st, errStarted)
		}
		left, err := m.PIDs(ctx, name)
		if err != nil || len(left) == 0 {
			return err
		}
		req.Log.Warn("processes are left, they are killed", "unit", name, "processes", len(left))
		if err := m.Kill(ctx, name); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d processes survive a kill: %w", len(left), ctx.Err())
		case <-time.After(pause):
		}
	}
}
