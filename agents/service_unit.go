package agents

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/oneha/oneha/internal/unit"
	"github.com/oneha/oneha/ocf"
)

// unitOf returns the unit that the request is for.
func unitOf(req *ocf.Request) (string, error) {
	name, err := unit.Name(req.String("unit"))
	if err != nil {
		return "", ocf.Configured("unit", err.Error())
	}
	return name, nil
}

// validate checks the parameters, and that this node can run the service.
func (s service) validate(ctx context.Context, req *ocf.Request) error {
	name, err := unitOf(req)
	if err != nil {
		return err
	}
	a, err := s.askerFrom(req)
	if err != nil {
		return err
	}
	if a.noSettings != nil {
		req.Log.Warn("cannot read all of the configuration file, defaults are assumed", "because", a.noSettings)
	}
	if a.noCredentials != nil {
		req.Log.Warn("the service is asked without credentials", "because", a.noCredentials)
	}
	if s.isOned() {
		if err := refuseRaft(req); err != nil {
			return err
		}
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
	case p == unit.Broken:
		return ocf.Installed(fmt.Sprintf("%s: see systemctl status %s", st, st.Unit))
	default:
		return ocf.Installed(fmt.Sprintf("%s: install the package that brings it, or correct parameter unit", st))
	}
}

// start puts the cluster in charge of the unit, starts it and waits until the
// service answers: what starts after it needs that, and so does the first deep
// monitor, which Pacemaker runs at once. A unit that is active already stays as
// it is, but for the drop-in.
func (s service) start(ctx context.Context, req *ocf.Request) error {
	name, err := unitOf(req)
	if err != nil {
		return err
	}
	m := unit.New("")
	defer m.Close()
	st, err := m.State(ctx, name)
	if err == nil && st.Phase() == unit.Deactivating { // what it leaves shows only when it is down
		st, err = m.Settled(ctx, name)
	}
	if err != nil {
		return unitError(err)
	}
	if err := startable(st); err != nil {
		return err
	}
	if !st.Phase().Up() {
		if err := s.clear(ctx, req, m, st); err != nil {
			return err
		}
	}
	if st.Phase().Up() && st.Masked() {
		// systemd takes neither a drop-in nor a start job for it, nor will it restart it.
		req.Log.Warn("the unit runs, but was masked: it cannot be started again here", "unit", name)
	} else if err := run(ctx, m, name); err != nil {
		return err
	}
	if !s.Asked() {
		return nil
	}
	return s.awaitAnswer(ctx, req, m, name)
}

// run starts the unit in the cluster's charge.
func run(ctx context.Context, m *unit.Manager, name string) error {
	if err := m.Manage(ctx, name, name); err != nil {
		return unitError(err)
	}
	return m.Start(ctx, name)
}

// clear removes what an earlier run of a unit that is not up would put in the way
// of a start. Processes it leaves to stop, which the cluster runs after a failed
// start: a start that kills might hit what somebody else starts just now.
func (s service) clear(ctx context.Context, req *ocf.Request, m *unit.Manager, st unit.State) error {
	if !st.Phase().Pending() {
		if err := nothingLeft(ctx, m, st); err != nil && !errors.Is(err, errStarted) {
			return err
		}
	}
	if s.isOned() {
		if err := clearOned(ctx, req, m, st.Unit); err != nil {
			return err
		}
	}
	// The cluster counts failures itself; systemd's start limit would add a second
	// count, and refuse the start that the cluster has decided on.
	return unitError(m.ResetFailed(ctx, st.Unit))
}

// monitor reports what the unit does.
func (s service) monitor(ctx context.Context, req *ocf.Request) error {
	name, err := unitOf(req)
	if err != nil {
		return err
	}
	m := unit.New("")
	defer m.Close()
	return s.look(ctx, req, m, name)
}

// look is the monitor of the unit; nil means that it is up. While it is on its way
// up or down the answer is open, and is waited for.
func (s service) look(ctx context.Context, req *ocf.Request, m *unit.Manager, name string) error {
	st, err := m.Settled(ctx, name)
	switch {
	case errors.Is(err, unit.ErrNoSystemd):
		st = unit.State{Unit: name} // inactive, as all units
	case err != nil && st.Phase().Pending():
		return ocf.Failed(fmt.Sprintf("%s for the whole time of the monitor", st), err)
	case err != nil:
		return unitError(err)
	case st.Phase().Up():
		takeOver(ctx, req, m, name)
		return nil
	}
	// Down by name only is not stopped: the cluster must stop it here before it
	// starts it elsewhere.
	if s.isOned() {
		if err := onedOutside(ctx, m, name); err != nil {
			return err
		}
	}
	if err != nil { // no systemd
		return ocf.NotRunning(err.Error())
	}
	if err := nothingLeft(ctx, m, st); errors.Is(err, errStarted) {
		return s.look(ctx, req, m, name)
	} else if err != nil {
		return err
	}
	why := st.String()
	if st.Phase() == unit.Failed {
		if cause := m.Why(ctx, name); cause != "" {
			why += ": " + cause
		}
	}
	return ocf.NotRunning(why)
}

// nothingLeft fails when processes of a unit that is down run: of its own, or of
// the service that a timer has started. When they run because the unit came up
// meanwhile, it is errStarted.
func nothingLeft(ctx context.Context, m *unit.Manager, st unit.State) error {
	names, err := withTriggered(ctx, m, st.Unit)
	if err != nil {
		return unitError(err)
	}
	for _, name := range names {
		left, err := m.PIDs(ctx, name)
		if err != nil {
			return unitError(err)
		}
		if len(left) == 0 {
			continue
		}
		now, err := m.State(ctx, st.Unit)
		switch {
		case err != nil:
			return unitError(err)
		case now.Phase().Up() || now.Phase().Pending():
			return errStarted
		}
		return ocf.Failed(fmt.Sprintf("%s, but processes of %s run: %d", st, name, len(left)), nil)
	}
	return nil
}

// withTriggered returns the unit and, of a timer, what it starts when its time
// has come.
func withTriggered(ctx context.Context, m *unit.Manager, name string) ([]string, error) {
	if !strings.HasSuffix(name, ".timer") {
		return []string{name}, nil
	}
	triggered, err := m.Triggered(ctx, name)
	return append([]string{name}, triggered...), err
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
