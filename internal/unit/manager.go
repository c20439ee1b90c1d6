package unit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	manager    = "org.freedesktop.systemd1.Manager"
	unitIface  = "org.freedesktop.systemd1.Unit"
	properties = "org.freedesktop.DBus.Properties"

	// reconnectFor is how long a lost connection is tried again: a
	// daemon-reexec takes well under a second, a restart of the bus a few.
	reconnectFor = 10 * time.Second
	reconnectGap = 50 * time.Millisecond
	greetWithin  = 3 * time.Second
	nudgeAfter   = 10 * time.Millisecond
)

// Manager is a connection to systemd, made at the first call. It is not for
// concurrent use.
type Manager struct {
	root    string
	conn    *dbus.Conn
	signals chan *dbus.Signal
}

// New returns a Manager for the system below root, "" for this one. Only the
// places of sockets and files depend on root.
func New(root string) *Manager { return &Manager{root: root + "/"} }

// Close ends the connection.
func (m *Manager) Close() {
	if m.conn != nil {
		_ = m.conn.Close() // fails only when it was closed before
	}
	m.conn, m.signals = nil, nil
}

// State asks for the unit's state. systemd loads the unit if it can: a unit
// that does not exist is no error but a State.
func (m *Manager) State(ctx context.Context, unit string) (State, error) {
	var rows []struct {
		Name, Description, Load, Active, Sub, Followed string
		Path                                           dbus.ObjectPath
		Job                                            uint32
		JobType                                        string
		JobPath                                        dbus.ObjectPath
	}
	if err := m.call(ctx, manager, "ListUnitsByNames", []any{[]string{unit}}, &rows); err != nil {
		return State{}, fmt.Errorf("ask state of %s: %w", unit, err)
	}
	if len(rows) != 1 {
		return State{}, fmt.Errorf("ask state of %s: systemd described %d units", unit, len(rows))
	}
	r := rows[0]
	return State{Unit: unit, Load: r.Load, Active: r.Active, Sub: r.Sub, Job: r.Job}, nil
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

// Processes returns the number of processes in the unit's control group. A unit
// that is down may have some: left over by KillMode=process or none, or not to
// be killed because they hang in the kernel.
func (m *Manager) Processes(ctx context.Context, unit string) (int, error) {
	var rows []struct {
		Group   string
		PID     uint32
		Command string
	}
	err := m.call(ctx, manager, "GetUnitProcesses", []any{unit}, &rows)
	if isDBus(err, "org.freedesktop.systemd1.NoSuchUnit") {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("list processes of %s: %w", unit, err)
	}
	return len(rows), nil
}

// Kill sends SIGKILL to every process of the unit; having none is success.
func (m *Manager) Kill(ctx context.Context, unit string) error {
	err := m.call(ctx, manager, "KillUnit", []any{unit, "all", int32(syscall.SIGKILL)})
	if isDBus(err, "org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.systemd1.NoSuchProcess", "org.freedesktop.DBus.Error.UnixProcessIdUnknown") {
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
	err := m.call(ctx, manager, "ResetFailedUnit", []any{unit})
	if isDBus(err, "org.freedesktop.systemd1.NoSuchUnit") { // not loaded, so nothing to forget
		return nil
	}
	if err != nil {
		return fmt.Errorf("reset %s: %w", unit, err)
	}
	return nil
}

// reload makes systemd read all unit files again.
func (m *Manager) reload(ctx context.Context) error {
	if err := m.call(ctx, manager, "Reload", nil); err != nil {
		return fmt.Errorf("reload systemd: %w", err)
	}
	return nil
}

// property reads one property of the unit into value.
func (m *Manager) property(ctx context.Context, unit, iface, name string, value any) error {
	var v dbus.Variant
	if err := m.callAt(ctx, objectPath(unit), properties, "Get", []any{iface, name}, &v); err != nil {
		return fmt.Errorf("read %s of %s: %w", name, unit, err)
	}
	if err := v.Store(value); err != nil {
		return fmt.Errorf("read %s of %s: %w", name, unit, err)
	}
	return nil
}

func (m *Manager) call(ctx context.Context, iface, method string, args []any, out ...any) error {
	return m.callAt(ctx, "/org/freedesktop/systemd1", iface, method, args, out...)
}

// callAt makes a call and, when the connection was lost on the way, makes it
// again on a new one. Every call of this package may be repeated.
func (m *Manager) callAt(ctx context.Context, object dbus.ObjectPath, iface, method string, args []any, out ...any) error {
	started := time.Now()
	for {
		err := m.connect(ctx)
		if err == nil {
			err = m.once(ctx, object, iface+"."+method, args, out)
		}
		if err == nil || ctx.Err() != nil || !cutOff(err) || time.Since(started) > reconnectFor {
			return err
		}
		m.Close()
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (before that: %w)", ctx.Err(), err)
		case <-time.After(reconnectGap):
		}
	}
}

// once makes a call. It ends when the connection does, too: godbus may forget a
// call that is sent while its connection closes.
//
// While the answer is not there it nudges systemd with pings. When sd-bus (seen
// with systemd 252) reads the end of the authentication and the first call at
// once, which is a matter of microseconds, it leaves the call in its buffer
// until more comes: without a nudge the call would hang.
func (m *Manager) once(ctx context.Context, object dbus.ObjectPath, method string, args, out []any) error {
	remote := m.conn.Object("org.freedesktop.systemd1", object)
	call := remote.GoWithContext(ctx, method, 0, make(chan *dbus.Call, 1), args...)
	for patience := nudgeAfter; ; patience = min(2*patience, time.Second) {
		select {
		case <-call.Done:
			return call.Store(out...)
		case <-m.conn.Context().Done():
			return dbus.ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(patience):
			remote.Go("org.freedesktop.DBus.Peer.Ping", dbus.FlagNoReplyExpected, nil)
		}
	}
}

// connect dials systemd unless a connection stands.
func (m *Manager) connect(ctx context.Context) error {
	if m.conn != nil && m.conn.Connected() {
		return nil
	}
	if !booted(m.root) {
		return ErrNoSystemd
	}
	m.Close()
	private := m.root + "run/systemd/private"
	bus := os.Geteuid() != 0
	if !bus {
		_, err := os.Lstat(private)
		bus = errors.Is(err, os.ErrNotExist)
	}
	path := private
	if bus {
		path = m.root + "run/dbus/system_bus_socket"
	}
	conn, err := dbus.Dial("unix:path=" + path) // not with ctx: the connection outlives the call
	if err != nil {
		return fmt.Errorf("connect to systemd: %w", err)
	}
	// godbus greets without a deadline of its own.
	greeting, cancel := context.WithTimeout(ctx, greetWithin)
	defer cancel()
	stop := context.AfterFunc(greeting, func() { _ = conn.Close() })
	err = m.greet(greeting, conn, bus)
	if !stop() || err != nil {
		_ = conn.Close()
		return fmt.Errorf("connect to systemd: %w", cmp.Or(ctx.Err(), err, dbus.ErrClosed))
	}
	m.conn, m.signals = conn, make(chan *dbus.Signal, 64)
	conn.Signal(m.signals)
	return nil
}

// greet authenticates. On the bus it also says hello and asks for the signals
// of ended jobs, which the private socket delivers unasked.
func (m *Manager) greet(ctx context.Context, conn *dbus.Conn, bus bool) error {
	if err := conn.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Geteuid()))}); err != nil || !bus {
		return err
	}
	if err := conn.Hello(); err != nil {
		return err
	}
	return conn.AddMatchSignalContext(ctx, dbus.WithMatchInterface(manager), dbus.WithMatchMember("JobRemoved"))
}

// cutOff reports whether an error means that the connection was lost or systemd
// away for a moment, rather than that the call was refused.
func cutOff(err error) bool {
	for _, target := range []error{
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, dbus.ErrClosed,
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EAGAIN, syscall.EPIPE, syscall.ENOENT,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return isDBus(err,
		"org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.Disconnected", "org.freedesktop.DBus.Error.ServiceUnknown",
		"org.freedesktop.DBus.Error.NameHasNoOwner", "org.freedesktop.DBus.Error.Timeout")
}

// isDBus reports whether err is a D-Bus error of one of the given names.
func isDBus(err error, names ...string) bool {
	var de dbus.Error
	if !errors.As(err, &de) {
		return false
	}
	for _, name := range names {
		if de.Name == name {
			return true
		}
	}
	return false
}

// objectPath returns the D-Bus object of a unit: every byte but letters and
// digits, and a leading digit, is escaped as _xx (systemd: src/basic/bus-label.c).
func objectPath(unit string) dbus.ObjectPath {
	var b strings.Builder
	b.WriteString("/org/freedesktop/systemd1/unit/")
	for i, c := range []byte(unit) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' && i > 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "_%02x", c)
		}
	}
	return dbus.ObjectPath(b.String())
}
