package unit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

const noSuchUnit = "org.freedesktop.systemd1.NoSuchUnit"

// Manager is a connection to systemd, made at the first call. It is not for
// concurrent use.
type Manager struct {
	root string
	conn *connection
}

// New returns a Manager for the system below root, "" for this one. Only the
// places of sockets and files depend on root.
func New(root string) *Manager { return &Manager{root: root + "/"} }

// Close ends the connection.
func (m *Manager) Close() {
	if m.conn != nil {
		m.conn.Close()
	}
	m.conn = nil
}

// State asks for the unit's state. systemd loads the unit if it can: a unit
// that does not exist is no error but a State. It costs one round trip.
func (m *Manager) State(ctx context.Context, unit string) (State, error) {
	var units []systemd.UnitStatus
	err := m.do(ctx, func(ctx context.Context, c *connection) error {
		return c.manager(ctx, "ListUnitsByNames", []string{unit}).Store(&units)
	})
	if err != nil {
		return State{}, fmt.Errorf("ask state of %s: %w", unit, err)
	}
	if len(units) != 1 {
		return State{}, fmt.Errorf("ask state of %s: systemd described %d units", unit, len(units))
	}
	u := units[0]
	return State{Unit: unit, Load: u.LoadState, Active: u.ActiveState, Sub: u.SubState, Job: u.JobId, Verb: u.JobType}, nil
}

// Settled waits until the unit is neither activating nor deactivating. When the
// context ends or systemd fails first, it returns the error and the last state
// that it saw.
func (m *Manager) Settled(ctx context.Context, unit string) (State, error) {
	var st State
	pause := 20 * time.Millisecond
	for {
		now, err := m.State(ctx, unit)
		if err != nil {
			return st, err
		}
		if st = now; !st.Phase().Pending() {
			return st, nil
		}
		select {
		case <-ctx.Done():
			return st, ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, 500*time.Millisecond)
	}
}

// PIDs returns the processes in the unit's control group. A unit that is down
// may have some: left over by KillMode=process or none, or not to be killed
// because they hang in the kernel. A unit that is unknown has none.
func (m *Manager) PIDs(ctx context.Context, unit string) ([]int, error) {
	var rows []struct {
		Group   string
		PID     uint32
		Command string
	}
	err := m.do(ctx, func(ctx context.Context, c *connection) error { // a call that go-systemd does not have
		return c.manager(ctx, "GetUnitProcesses", unit).Store(&rows)
	})
	if isDBus(err, noSuchUnit) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list processes of %s: %w", unit, err)
	}
	pids := make([]int, len(rows))
	for i, r := range rows {
		pids[i] = int(r.PID)
	}
	slices.Sort(pids)
	return pids, nil
}

// ActiveSince returns when the unit last became active, the zero time when it
// was not since systemd knows it. Where the wall clock was put back since, it is when that
// was by the clock of now: nothing that has happened later has an earlier time.
func (m *Manager) ActiveSince(ctx context.Context, unit string) (time.Time, error) {
	var µs uint64
	if err := m.property(ctx, unit, "Unit", "ActiveEnterTimestamp", &µs); err != nil || µs == 0 {
		return time.Time{}, err
	}
	age, err := m.ActiveFor(ctx, unit)
	if err != nil {
		return time.Time{}, err
	}
	return began(time.UnixMicro(int64(µs)), age, time.Now()), nil
}

// began is when it began by a clock that may have been stepped since: noted is what the clock
// said then.
func began(noted time.Time, age time.Duration, now time.Time) time.Time {
	if by := now.Add(-age); by.Before(noted) {
		return by
	}
	return noted
}

// ActiveFor returns how long ago the unit last became active, whatever steps the wall clock has
// made since; 0 when it was not since systemd knows it.
func (m *Manager) ActiveFor(ctx context.Context, unit string) (time.Duration, error) {
	var µs uint64
	if err := m.property(ctx, unit, "Unit", "ActiveEnterTimestampMonotonic", &µs); err != nil || µs == 0 {
		return 0, err
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return 0, fmt.Errorf("read clock: %w", err)
	}
	return time.Duration(now.Nano()) - time.Duration(µs)*time.Microsecond, nil
}

// Companions returns the units whose names begin with prefix and that Wants=
// starts together with the unit. systemd does not stop them with it.
func (m *Manager) Companions(ctx context.Context, unit, prefix string) ([]string, error) {
	var wants []string
	if err := m.property(ctx, unit, "Unit", "Wants", &wants); err != nil {
		return nil, err
	}
	wants = slices.DeleteFunc(wants, func(name string) bool { return !strings.HasPrefix(name, prefix) })
	slices.Sort(wants)
	return wants, nil
}

// Triggered returns the units that the unit starts when its time has come: a
// timer's service. systemd does not stop them with it.
func (m *Manager) Triggered(ctx context.Context, unit string) ([]string, error) {
	var triggers []string
	err := m.property(ctx, unit, "Unit", "Triggers", &triggers)
	slices.Sort(triggers)
	return triggers, err
}

// Kill sends SIGKILL to every process of the unit; having none is success, as a
// timer always has.
func (m *Manager) Kill(ctx context.Context, unit string) error {
	err := m.doJobs(ctx, func(ctx context.Context, c *systemd.Conn) error {
		return c.KillUnitWithTarget(ctx, unit, systemd.All, int32(syscall.SIGKILL))
	})
	if isDBus(err, noSuchUnit, "org.freedesktop.systemd1.NoSuchProcess", "org.freedesktop.DBus.Error.UnixProcessIdUnknown", "org.freedesktop.DBus.Error.NotSupported") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("kill %s: %w", unit, err)
	}
	return nil
}

// ResetFailed makes systemd forget that the unit failed and how often it was
// started lately, so that a start limit does not refuse the next start.
func (m *Manager) ResetFailed(ctx context.Context, unit string) error {
	err := m.doJobs(ctx, func(ctx context.Context, c *systemd.Conn) error { return c.ResetFailedUnitContext(ctx, unit) })
	if isDBus(err, noSuchUnit) { // not loaded, so nothing to forget
		return nil
	}
	if err != nil {
		return fmt.Errorf("reset %s: %w", unit, err)
	}
	return nil
}

// reload makes systemd read all unit files again.
func (m *Manager) reload(ctx context.Context) error {
	err := m.doJobs(ctx, func(ctx context.Context, c *systemd.Conn) error { return c.ReloadContext(ctx) })
	if err != nil {
		return fmt.Errorf("reload systemd: %w", err)
	}
	return nil
}

// property reads a property of the unit into value; kind is Unit or the unit's
// type, such as Service. systemd loads the unit if it can.
func (m *Manager) property(ctx context.Context, unit, kind, name string, value any) error {
	path := dbus.ObjectPath(managerPath + "/unit/" + systemd.PathBusEscape(unit))
	err := m.do(ctx, func(ctx context.Context, c *connection) error {
		var v dbus.Variant
		err := c.Object(busName, path).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, busName+"."+kind, name).Store(&v)
		if err != nil {
			return err
		}
		return v.Store(value)
	})
	if err != nil {
		return fmt.Errorf("read %s of %s: %w", name, unit, err)
	}
	return nil
}
