// Package bmctest is a BMC for tests: go-ipmi's own server on a loopback socket,
// with a chassis that a test can look at and disturb. It is not independent of
// the client that it tests; ipmi_sim, which is, speaks cipher suite 3 only.
package bmctest

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	gobmc "github.com/bougou/go-ipmi/pkg/bmc"
	"github.com/bougou/go-ipmi/pkg/hal"
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
	Suites  []types.CipherSuiteID // default all that the server has
	Off     bool                  // the machine starts powered off
	Late    time.Duration         // until a change of power shows
	Refuse  bool                  // power commands fail
	Drop    func(packet []byte) bool
}

// BMC is a running server.
type BMC struct {
	Host string
	Port int

	state   *gobmc.BMC
	chassis *chassis
	conn    *conn
}

// Start runs a BMC until the test ends.
func Start(t testing.TB, o Options) *BMC {
	t.Helper()
	if o.Address == "" {
		o.Address = "127.0.0.1"
	}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(o.Address)})
	if err != nil {
		t.Fatalf("listen on %s: %v", o.Address, err)
	}
	c := &chassis{Chassis: &mock.Chassis{}, on: !o.Off, options: o}
	state := gobmc.New(gobmc.DeviceInfo{IPMIVersion: 0x20}, [16]byte{1}, machine{mock.New(), c})
	if o.Suites != nil {
		state.SetCipherSuites(o.Suites)
	}
	addUser(t, state, 2, Username, Password, gobmc.PrivilegeLevelAdministrator)
	addUser(t, state, 3, ViewerName, ViewerPassword, gobmc.PrivilegeLevelUser)

	b := &BMC{
		Host:    o.Address,
		Port:    socket.LocalAddr().(*net.UDPAddr).Port,
		state:   state,
		chassis: c,
		conn:    &conn{Conn: udp.Wrap(socket), drop: o.Drop},
	}
	srv := server.NewServer(state, b.conn)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(ctx) // ends with an error because it is closed
	}()
	t.Cleanup(func() {
		cancel()
		_ = srv.Close()
		<-done
	})
	return b
}

func addUser(t testing.TB, b *gobmc.BMC, id uint8, name, password string, level gobmc.PrivilegeLevel) {
	t.Helper()
	u, err := b.Users.Add(id, name)
	if err != nil {
		t.Fatalf("add user %s: %v", name, err)
	}
	u.SetPassword([]byte(password))
	u.Enabled = true
	u.ChannelAccess[1] = gobmc.UserChannelAccess{MaxPrivilege: level, Enabled: true}
}

// On reports whether the machine is powered on now.
func (b *BMC) On() bool {
	on, _ := b.chassis.PowerState(context.Background())
	return on
}

// Commands returns the power commands so far, "on" and "off".
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

// machine is a mock with a chassis of ours.
type machine struct {
	*mock.HAL
	chassis *chassis
}

func (m machine) Chassis() hal.ChassisHAL { return m.chassis }

type chassis struct {
	*mock.Chassis
	options Options

	mu       sync.Mutex
	on, next bool
	changeAt time.Time // zero when no change is under way
	commands []string
}

func (c *chassis) PowerState(context.Context) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.changeAt.IsZero() && !time.Now().Before(c.changeAt) {
		c.on, c.changeAt = c.next, time.Time{}
	}
	return c.on, nil
}

func (c *chassis) SetPower(_ context.Context, on bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commands = append(c.commands, map[bool]string{true: "on", false: "off"}[on])
	if c.options.Refuse {
		return errors.New("refused")
	}
	c.next, c.changeAt = on, time.Now().Add(c.options.Late)
	return nil
}

// conn counts logins and loses packets.
type conn struct {
	*udp.Conn
	drop func([]byte) bool

	mu     sync.Mutex
	logins int
}

func (c *conn) ReadFrom(buf []byte) (int, net.Addr, error) {
	for {
		n, addr, err := c.Conn.ReadFrom(buf)
		if err == nil && c.drop != nil && c.drop(buf[:n]) {
			continue
		}
		// RMCP header (4), authentication type RMCP+ (6), payload type RAKP message 1.
		if err == nil && n > 5 && buf[4] == 0x06 && buf[5] == byte(types.PayloadTypeRAKPMessage1) {
			c.mu.Lock()
			c.logins++
			c.mu.Unlock()
		}
		return n, addr, err
	}
}
