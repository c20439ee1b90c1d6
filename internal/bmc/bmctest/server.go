// Package bmctest is a BMC for tests: go-ipmi's own server on a loopback socket,
// with a chassis that a test can look at and disturb. It is not independent of
// the client that it tests; ipmi_sim, which is, speaks cipher suite 3 only.
package bmctest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	gobmc "github.com/bougou/go-ipmi/pkg/bmc"
	"github.com/bougou/go-ipmi/pkg/hal/mock"
	"github.com/bougou/go-ipmi/pkg/server"
	"github.com/bougou/go-ipmi/pkg/transport/udp"
	"github.com/bougou/go-ipmi/pkg/types"
)

// The credentials of the administrator, and of a user who may only look.
const (
	Username = "admin"
	Password = "S3cret!pw"

	ViewerName     = "viewer"
	ViewerPassword = "view!0nly"
)

// Options say how the BMC differs from one that is on and answers at once.
type Options struct {
	Address string                // default 127.0.0.1
	Port    int                   // default one that is free
	Suites  []types.CipherSuiteID // default all that the server has

	// Power
	Off       bool          // the machine starts powered off
	Late      time.Duration // until a change of power shows
	Refuse    bool          // power commands fail
	RefuseOn  bool          // those for on do
	Ignore    bool          // power commands are taken and nothing happens
	IgnoreOn  bool          // those for on are
	Bounce    time.Duration // a machine that goes off comes on again after that; 0 is never
	ReadError error         // of reading the power state; a types.CompletionCode is answered as it is
	Diag      bool          // it has a diagnostic interrupt

	// Network
	Drop        func(packet []byte) bool // packets that get lost on the way to the BMC
	DropAnswer  func(packet []byte) bool // those that do on the way back
	DropSeen    bool                     // the BMC does not take a sequence number of a session twice
	Slow        time.Duration            // before each answer
	Garbage     bool                     // in place of each answer
	LoseAtRead  int                      // so often, reading the power state ends all sessions, and its answer gets lost
	LoseAtPower int                      // so often, a power command that was carried out does
	Away        time.Duration            // after each power command the BMC says nothing for so long
	AwayOnce    bool                     // after the first one only
}

// BMC is a running server.
type BMC struct {
	Host string
	Port int

	state   *gobmc.BMC
	server  *server.Server
	chassis *power
	conn    *conn
	cancel  context.CancelFunc
	done    chan struct{}
}

// Start runs a BMC until the test ends.
func Start(t testing.TB, o Options) *BMC {
	t.Helper()
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// New runs a BMC until Close.
func New(o Options) (*BMC, error) {
	if o.Address == "" {
		o.Address = "127.0.0.1"
	}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(o.Address), Port: o.Port})
	if err != nil {
		return nil, fmt.Errorf("start a BMC: %w", err)
	}
	b := &BMC{
		Host: o.Address,
		Port: socket.LocalAddr().(*net.UDPAddr).Port,
		conn: &conn{Conn: udp.Wrap(socket), options: o, sessions: map[uint32]bool{}, seen: map[uint64]bool{}},
		done: make(chan struct{}),
	}
	b.chassis = &power{Chassis: &mock.Chassis{}, conn: b.conn, on: !o.Off, wasOff: o.Off, options: o}
	b.state = gobmc.New(gobmc.DeviceInfo{IPMIVersion: 0x20}, [16]byte{1}, machine{mock.New(), b.chassis})
	if o.Suites != nil {
		b.state.SetCipherSuites(o.Suites)
	}
	err = errors.Join(
		addUser(b.state, 2, Username, Password, gobmc.PrivilegeLevelAdministrator),
		addUser(b.state, 3, ViewerName, ViewerPassword, gobmc.PrivilegeLevelUser),
	)
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	b.conn.end = func(session uint32) { // an ID belongs to one of the two
		_ = b.state.Sessions.Close(session)
		_ = b.state.V15Sessions.Close(session)
	}
	b.server = server.NewServer(b.state, b.conn, server.WithHandlerRegistry(b.chassis.registry()))
	var ctx context.Context
	ctx, b.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(b.done)
		_ = b.server.Serve(ctx) // ends with an error because it is closed
	}()
	return b, nil
}

// Close ends the BMC.
func (b *BMC) Close() {
	b.cancel()
	_ = b.server.Close() // nothing is left to save
	<-b.done
}

func addUser(b *gobmc.BMC, id uint8, name, password string, level gobmc.PrivilegeLevel) error {
	u, err := b.Users.Add(id, name)
	if err != nil {
		return fmt.Errorf("add user %s: %w", name, err)
	}
	u.SetPassword([]byte(password))
	u.Enabled = true
	u.ChannelAccess[1] = gobmc.UserChannelAccess{MaxPrivilege: level, Enabled: true}
	return nil
}

// On reports whether the machine is powered on now.
func (b *BMC) On() bool {
	b.chassis.mu.Lock()
	defer b.chassis.mu.Unlock()
	return b.chassis.onNow()
}

// WasOff reports whether the machine was ever off, from the beginning.
func (b *BMC) WasOff() bool {
	b.On() // lets time pass
	b.chassis.mu.Lock()
	defer b.chassis.mu.Unlock()
	return b.chassis.wasOff
}

// Commands returns the power commands so far, "on", "off" and "diag".
func (b *BMC) Commands() []string {
	b.chassis.mu.Lock()
	defer b.chassis.mu.Unlock()
	return append([]string(nil), b.chassis.commands...)
}

// Sessions returns how many sessions are open.
func (b *BMC) Sessions() int { return b.state.Sessions.Count() }

// Logins returns how often a user name was offered (RAKP message 1).
func (b *BMC) Logins() int {
	b.conn.mu.Lock()
	defer b.conn.mu.Unlock()
	return b.conn.logins
}

// Activations returns how often a login by IPMI 1.5 came to its last message.
func (b *BMC) Activations() int {
	b.conn.mu.Lock()
	defer b.conn.mu.Unlock()
	return b.conn.activations
}
