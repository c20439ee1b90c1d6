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
	// reconnectFor is how long a lost connection is tried again: a
	// daemon-reexec takes well under a second, a restart of the bus a few.
	reconnectFor = 10 * time.Second
	reconnectGap = 50 * time.Millisecond
	greetWithin  = 3 * time.Second
	nudgeAfter   = 10 * time.Millisecond
)

// connection is a connection to systemd. go-systemd makes it of two sockets, one
// for calls and one for signals; they are kept here too, because only they tell
// that they were lost.
type connection struct {
	*systemd.Conn
	sockets []*dbus.Conn
}

// do makes a call and, when the connection was lost on the way, makes it again
// on a new one. Every call of this package may be repeated.
func (m *Manager) do(ctx context.Context, call func(context.Context, *connection) error) error {
	started := time.Now()
	for {
		err := m.connect(ctx)
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

// once makes a call. It ends when the connection does, too: godbus may forget a
// call that is sent while its connection closes.
func (c *connection) once(ctx context.Context, call func(context.Context, *connection) error) error {
	alive, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, s := range c.sockets {
		defer context.AfterFunc(s.Context(), cancel)()
		go nudge(alive, s)
	}
	err := call(alive, c)
	if err != nil && ctx.Err() == nil && c.lost() {
		return dbus.ErrClosed
	}
	return err
}

func (c *connection) lost() bool {
	return slices.ContainsFunc(c.sockets, func(s *dbus.Conn) bool { return s.Context().Err() != nil })
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
			socket.Object("org.freedesktop.systemd1", "/org/freedesktop/systemd1").Go("org.freedesktop.DBus.Peer.Ping", dbus.FlagNoReplyExpected, nil)
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
	// Neither library greets with a deadline of its own: when it has passed, the
	// sockets are closed under them.
	greeting, cancel := context.WithTimeout(ctx, greetWithin)
	defer cancel()
	c := &connection{}
	var stops []func() bool
	var err error
	c.Conn, err = systemd.NewConnection(func() (*dbus.Conn, error) {
		s, err := dbus.Dial("unix:path=" + m.socket()) // not with ctx: the connection outlives the call
		if err != nil {
			return nil, err
		}
		c.sockets = append(c.sockets, s)
		stops = append(stops, context.AfterFunc(greeting, func() { _ = s.Close() }))
		return s, greet(greeting, s, m.onBus())
	})
	inTime := true
	for _, stop := range stops {
		inTime = stop() && inTime
	}
	if err != nil || !inTime {
		for _, s := range c.sockets {
			_ = s.Close()
		}
		return fmt.Errorf("connect to systemd: %w", cmp.Or(ctx.Err(), err, dbus.ErrClosed))
	}
	m.conn = c
	return nil
}

// onBus reports whether systemd is reached over the system bus: root has
// systemd's private socket, which works without a bus.
func (m *Manager) onBus() bool {
	if os.Geteuid() != 0 {
		return true
	}
	_, err := os.Lstat(m.root + privateSocket)
	return errors.Is(err, os.ErrNotExist)
}

const (
	privateSocket = "run/systemd/private"
	busSocket     = "run/dbus/system_bus_socket"
)

func (m *Manager) socket() string {
	if m.onBus() {
		return m.root + busSocket
	}
	return m.root + privateSocket
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
