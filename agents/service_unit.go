package agents

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oneha/oneha/internal/unit"
	"github.com/oneha/oneha/ocf"
)

// stopShare is the part of a stop's time after which the unit is killed; what is
// left is for proving that nothing of it runs.
const stopShare = 0.8

// stopDefault is the time of a stop whose caller sets none.
const stopDefault = 90 * time.Second

// unitOf returns the unit that the request is for.
func unitOf(req *ocf.Request) (string, error) {
	name, err := unit.ServiceName(req.String("unit"))
	if err != nil {
		return "", ocf.Configured("unit", err.Error())
	}
	return name, nil
}

// validateUnit checks that the unit can be started on this node.
func validateUnit(ctx context.Context, req *ocf.Request) error {
	name, err := unitOf(req)
	if err != nil {
		return err
	}
	m := unit.New("")
	defer m.Close()
	st, err := m.State(ctx, name)
	if err != nil {
		return unitError(err)
	}
	return startable(st)
}

// startable says what keeps a start job from being asked for.
func startable(st unit.State) error {
	switch p := st.Phase(); {
	case p.Startable():
		return nil
	case p == unit.Masked:
		return ocf.Installed(fmt.Sprintf("%s: systemctl unmask it", st))
	default:
		return ocf.Installed(fmt.Sprintf("%s: install the package that brings it, or correct parameter unit", st))
	}
}

// startUnit puts the cluster in charge of the unit and starts it. One that is
// active already stays as it is, but for the drop-in.
func startUnit(ctx context.Context, req *ocf.Request) error {
	name, err := unitOf(req)
	if err != nil {
		return err
	}
	m := unit.New("")
	defer m.Close()
	st, err := m.State(ctx, name)
	if err != nil {
		return unitError(err)
	}
	if err := startable(st); err != nil {
		return err
	}
	if err := m.Manage(ctx, name, name); err != nil {
		return unitError(err)
	}
	if !st.Phase().Up() {
		// The cluster counts failures itself; systemd's start limit would add a
		// second count, and refuse the start that the cluster has decided on.
		if err := m.ResetFailed(ctx, name); err != nil {
			return unitError(err)
		}
	}
	return m.Start(ctx, name)
}

// stopUnit stops the unit, kills what does not stop in time, and succeeds when
// no process of it is left.
func stopUnit(ctx context.Context, req *ocf.Request) error {
	name, err := unitOf(req)
	if err != nil {
		req.Log.Warn("no such unit can run", "because", err)
		return nil
	}
	m := unit.New("")
	defer m.Close()
	if _, err := m.State(ctx, name); errors.Is(err, unit.ErrNoSystemd) {
		req.Log.Warn("no unit can run", "because", err)
		return nil
	}
	if err := m.Release(ctx, name); err != nil {
		// The stop counts; a drop-in left in /run is gone with the next boot.
		req.Log.Warn("cannot take back the drop-in", "because", err)
	}
	gentle, cancel := context.WithTimeout(ctx, gentleTime(ctx))
	err = m.Stop(gentle, name)
	cancel()
	if err != nil {
		req.Log.Warn("the unit does not stop, it is killed", "unit", name, "because", err)
		if err := m.Kill(ctx, name); err != nil {
			return unitError(err)
		}
	}
	return provedDown(ctx, req, m, name)
}

// gentleTime is how long a stop may take before it becomes a kill.
func gentleTime(ctx context.Context) time.Duration {
	left := stopDefault
	if end, ok := ctx.Deadline(); ok {
		left = time.Until(end)
	}
	return time.Duration(float64(left) * stopShare)
}

// provedDown waits until the unit is down and none of its processes is left;
// what a unit leaves behind by its KillMode is killed.
func provedDown(ctx context.Context, req *ocf.Request, m *unit.Manager, name string) error {
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		st, err := m.Settled(ctx, name)
		if err != nil {
			return ocf.Failed(fmt.Sprintf("cannot prove that %s is stopped", name), err)
		}
		left, err := m.Processes(ctx, name)
		switch {
		case err != nil:
			return ocf.Failed(fmt.Sprintf("cannot prove that %s is stopped", name), err)
		case st.Phase().Up():
			return ocf.Failed(fmt.Sprintf("%s was started again while it was stopped", st), nil)
		case left == 0:
			return nil
		}
		req.Log.Warn("processes are left, they are killed", "unit", name, "processes", left)
		if err := m.Kill(ctx, name); err != nil {
			return unitError(err)
		}
		select {
		case <-ctx.Done():
			return ocf.Failed(fmt.Sprintf("%d processes of %s survive a kill", left, name), ctx.Err())
		case <-time.After(pause):
		}
	}
}

// monitorUnit reports what the unit does. While it is on its way up or down the
// answer is open, and is waited for.
func monitorUnit(ctx context.Context, req *ocf.Request) error {
	name, err := unitOf(req)
	if err != nil {
		return err
	}
	m := unit.New("")
	defer m.Close()
	st, err := m.Settled(ctx, name)
	switch {
	case errors.Is(err, unit.ErrNoSystemd):
		return ocf.NotRunning(err.Error())
	case err != nil && st.Phase().Pending():
		return ocf.Failed(fmt.Sprintf("%s for the whole time of the monitor", st), err)
	case err != nil:
		return unitError(err)
	case st.Phase().Up():
		takeOver(ctx, req, m, name)
		return nil
	}
	left, err := m.Processes(ctx, name)
	switch {
	case err != nil:
		return unitError(err)
	case left > 0: // down by name only: the cluster must stop it before it starts it elsewhere
		return ocf.Failed(fmt.Sprintf("%s, but %d of its processes run", st, left), nil)
	}
	why := st.String()
	if st.Phase() == unit.Failed {
		if cause := m.Why(ctx, name); cause != "" {
			why += ": " + cause
		}
	}
	return ocf.NotRunning(why)
}

// takeOver puts the cluster in charge of a unit that it found running, or whose
// drop-in somebody removed: else systemd would restart behind the cluster's back.
// A probe changes nothing.
func takeOver(ctx context.Context, req *ocf.Request, m *unit.Manager, name string) {
	if req.Probe() || m.Managed(name) {
		return
	}
	if err := m.Manage(ctx, name, name); err != nil {
		req.Log.Warn("systemd may restart the unit behind the cluster's back", "unit", name, "because", err)
	}
}

// unitError gives an error of the mechanism its exit code.
func unitError(err error) error {
	if errors.Is(err, unit.ErrNoSystemd) {
		return ocf.Installed(err.Error())
	}
	return err
}
