package unit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
)

const (
	// reconnectFor is how long a lost connection is tried again at most: a
	// daemon-reexec takes well under a second, a restart of the bus a few, a
	// systemd with thousands of clients more. Monitors end sooner, by their context.
	reconnectFor = 30 * time.Second
	reconnectGap = 50 * time.Millisecond
	greetWithin  = 3 * time.Second
	nudgeAfter   = 10 * time.Millisecond
)

// connection is a connection to systemd: one socket, for calls and for the
// signals that jobs end with. Most calls are made on it directly, since what
// go-systemd sets up for jobs costs a monitor that needs none.
type connection struct {
	*dbus.Conn
	jobs *systemd.Conn // go-systemd over the same socket; nil until asked for
}

// systemd returns go-systemd's view of the connection. The library asks for two
// sockets, one of them for signals; it works as well with the same twice, as long
// as signals are not answered with calls.
func (c *connection) systemd() (*systemd.Conn, error) {
	if c.jobs == nil {
		jobs, err := systemd.NewConnection(func() (*dbus.Conn, error) { return c.Conn, nil })
		if err != nil {
			return nil, err
		}
		c.jobs = jobs
	}
	return c.jobs, nil
}

// manager calls a method of systemd's Manager (org.freedesktop.systemd1(5)).
func (c *connection) manager(ctx context.Context, method string, args ...any) *dbus.Call {
	return c.Object(busName, managerPath).CallWithContext(ctx, busName+".Manager."+method, 0, args...)
}

const (
	busName     = "org.freedesktop.systemd1"
	managerPath = "/org/freedesktop/systemd1"
)

// do makes a call and, when the connection was lost on the way, makes it again
// on a new one. Every call of this package may be repeated.
func (m *Manager) do(ctx context.Context, call func(context.Context, *connection) error) error {
	started := time.Now()
	for attempt := 0; ; attempt++ {
		err := m.connect(ctx, attempt)
		if err == nil {
			err = m.conn.once(ctx, call)
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

// doJobs is do for calls that go-systemd makes.
func (m *Manager) doJobs(ctx context.Context, call func(context.Context, *systemd.Conn) error) error {
	return m.do(ctx, func(ctx context.Context, c *connection) error {
		jobs, err := c.systemd()
		if err != nil {
			return err
		}
		return call(ctx, jobs)
	})
}

// once makes a call. It ends when the connection does, too: godbus may forget a
// call that is sent while its connection closes.
func (c *connection) once(ctx context.Context, call func(context.Context, *connection) error) error {
	alive, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.Context(), cancel)()
	go nudge(alive, c.Conn)
	err := call(alive, c)
	if err != nil && ctx.Err() == nil && c.Context().Err() != nil {
		return dbus.ErrClosed
	}
	return err
}

// nudge sends pings until ctx ends. When sd-bus (seen with systemd 252) reads the
// end of the authentication and the first call at once, which is a matter of
// microseconds, it leaves the call in its buffer until more comes: without a
// nudge the call would hang. Most calls are answered before the first.
func nudge(ctx context.Context, socket *dbus.Conn) {
	for patience := nudgeAfter; ; patience = min(2*patience, time.Second) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(patience):
			socket.Object(busName, managerPath).Go("org.freedesktop.DBus.Peer.Ping", dbus.FlagNoReplyExpected, nil)
		}
	}
}

// connect dials systemd unless a connection stands. Attempts that follow each
// other take the ways to systemd in turn.
func (m *Manager) connect(ctx context.Context, attempt int) error {
	if m.conn != nil && m.conn.Connected() {
		return nil
	}
	if !booted(m.root) {
		return ErrNoSystemd
	}
	m.Close()
	ways := m.ways()
	socket := ways[attempt%len(ways)]
	s, err := dbus.Dial("unix:path=" + m.root + socket) // not with ctx: the connection outlives the call
	if err != nil {
		return fmt.Errorf("connect to systemd: %w", err)
	}
	// The library greets without a deadline: when it has passed, the socket is
	// closed under it.
	greeting, cancel := context.WithTimeout(ctx, greetWithin)
	defer cancel()
	stop := context.AfterFunc(greeting, func() { _ = s.Close() })
	err = greet(greeting, s, socket == busSocket)
	if inTime := stop(); err != nil || !inTime {
		_ = s.Close()
		return fmt.Errorf("connect to systemd: %w", cmp.Or(ctx.Err(), err, dbus.ErrClosed))
	}
	m.conn = &connection{Conn: s}
	return nil
}

const (
	privateSocket = "run/systemd/private"
	busSocket     = "run/dbus/system_bus_socket"
)

// ways returns the sockets over which systemd is reached, the best first. Root
// has systemd's private socket, which works without a bus; the bus is for the
// others, and for the time that the private socket takes no more connections.
func (m *Manager) ways() []string {
	if os.Geteuid() != 0 {
		return []string{busSocket}
	}
	if _, err := os.Lstat(m.root + privateSocket); errors.Is(err, os.ErrNotExist) {
		return []string{busSocket}
	}
	return []string{privateSocket, busSocket}
}

// greet authenticates, and says hello to a bus.
func greet(ctx context.Context, s *dbus.Conn, bus bool) error {
	if err := s.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Geteuid()))}); err != nil {
		return err
	}
	go nudge(ctx, s)
	if bus {
		return s.Hello()
	}
	return nil
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
	return errors.As(err, &de) && slices.Contains(names, de.Name)
}
