// Package fakeredfish is a stand-in for a BMC that speaks Redfish over TLS: the
// service root, systems with a power state that can be switched, sessions and
// basic authentication (DMTF DSP0266 and DSP0268). It is a fake: it has no machine
// behind it, follows the standard where a fence agent looks, and can be told to
// misbehave as BMCs do. It records every request and every power command.
//
// What it says is held against a client that is not ours in the package
// peers.
package fakeredfish

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// The credentials of an administrator, and of a user who may only look.
const (
	Username = "admin"
	Password = "S3cret!pw"

	ViewerName     = "viewer"
	ViewerPassword = "view!0nly"
)

// Options say how the BMC differs from one with a single system, number 1, that is
// on and answers at once.
type Options struct {
	Address    string        // to listen on; default "127.0.0.1:0"
	Systems    []System      // default one with Id 1
	Off        bool          // the machines start powered off
	Supply     Supply        // of a machine that is really switched; nil for pretended ones
	Late       time.Duration // until a change of power shows
	Between    bool          // PowerState says PoweringOn or PoweringOff until Late is over
	Ignore     bool          // power commands are taken and nothing happens
	IgnoreOn   bool          // those for on are
	Refuse     bool          // power commands fail
	RefuseOn   bool          // those for on do
	Bounce     time.Duration // a machine that goes off comes on again after that; 0 is never
	PowerState string        // reported in place of the true one
	Away       time.Duration // after each power command the BMC answers HTTP 503 for so long
	AwayOnce   bool          // after the first one only
	Strict     bool          // a machine that is on (off) cannot be switched on (off)

	ResetTypes []string // that it takes; default DefaultResetTypes
	ActionInfo bool     // they are listed in an ActionInfo, not in the action
	Unlisted   bool     // they are listed nowhere
	PageSize   int      // members in one page of Systems; 0 is all
	Extra      string   // JSON properties of every system, such as `,"Oem":{}`

	NoBasic      bool // basic authentication is switched off
	NoSessions   bool // there is no SessionService
	NoLocation   bool // a new session's path is in the body only
	FullLocation bool // a new session's Location is a whole URL, as on iLO
	SessionLimit int  // default 8

	CertNames []string  // of the certificate; default the address. "" is none
	NotAfter  time.Time // of the certificate; default in a day
	PlainHTTP bool      // no TLS
	OldTLS    bool      // nothing newer than TLS 1.1
	Deaf      bool      // connections are accepted and never read

	Idle time.Duration // after which an unused connection is closed; 0 is never

	Rules []Rule
}

// Supply is the power of a machine behind the stand-in, such as a node of the lab.
// The options about power that pretend something do not apply to it.
type Supply interface {
	Powered() bool
	SetPower(on bool) error
}

// System is a member of Systems.
type System struct {
	ID   string
	Name string // default "Computer System", as on iLO
}

// Request is a request that the BMC got.
type Request struct {
	At     time.Time
	Method string
	Path   string
	Auth   string // "none", "basic", "session" or "refused"
	Host   string // header
}

// Command is a power command that the BMC got from somebody who may give one.
type Command struct {
	System    string // Id
	ResetType string
	Taken     bool
}

// BMC is a running stand-in.
type BMC struct {
	Host string
	Port int

	CA          []byte // PEM, of the authority that signed the certificate
	Certificate []byte // PEM

	options Options
	server  *http.Server
	done    chan struct{}

	mu          sync.Mutex
	machines    []*machine
	sessions    map[string]session // by Id
	opened      int                // sessions so far
	rules       []Rule
	back        time.Time // until when the BMC is away
	refused     int
	requests    []Request
	commands    []Command
	connections int
}

// Start runs a BMC until Close.
func Start(o Options) (*BMC, error) {
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if o.Systems == nil {
		o.Systems = []System{{ID: "1"}}
	}
	if o.ResetTypes == nil {
		o.ResetTypes = DefaultResetTypes
	}
	if o.SessionLimit == 0 {
		o.SessionLimit = 8
	}
	socket, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("start fake Redfish BMC: %w", err)
	}
	at := socket.Addr().(*net.TCPAddr)
	b := &BMC{Host: at.IP.String(), Port: at.Port, options: o, rules: o.Rules, sessions: map[string]session{}, done: make(chan struct{})}
	for _, s := range o.Systems {
		b.machines = append(b.machines, newMachine(s, o))
	}
	if o.CertNames == nil {
		o.CertNames = []string{b.Host, "localhost"}
	}
	if o.NotAfter.IsZero() {
		o.NotAfter = time.Now().Add(24 * time.Hour)
	}
	var cert tls.Certificate
	if cert, b.CA, b.Certificate, err = newCertificate(o.CertNames, o.NotAfter); err != nil {
		_ = socket.Close()
		return nil, fmt.Errorf("start fake Redfish BMC: %w", err)
	}
	b.server = &http.Server{
		Handler:   b.disturbed(b.handler()),
		ErrorLog:  log.New(io.Discard, "", 0), // clients that break off are what tests do
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}},
		ConnState: b.connState, IdleTimeout: o.Idle,
	}
	if o.OldTLS {
		b.server.TLSConfig.MinVersion, b.server.TLSConfig.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	}
	if o.Deaf {
		socket = deaf{socket}
	}
	if !o.PlainHTTP {
		socket = tls.NewListener(socket, b.server.TLSConfig)
	}
	go func() {
		defer close(b.done)
		_ = b.server.Serve(socket) // ends because it is closed
	}()
	return b, nil
}

// Close ends the BMC and every connection.
func (b *BMC) Close() error {
	err := b.server.Close()
	<-b.done
	return err
}

// SetRules changes how the BMC misbehaves from now on.
func (b *BMC) SetRules(rules ...Rule) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules = rules
}

// On reports whether a system is powered now.
func (b *BMC) On(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.machine(id)
	return m != nil && m.powered()
}

// WasOff reports whether a system was ever off, from the beginning.
func (b *BMC) WasOff(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.machine(id)
	if m == nil {
		return false
	}
	m.powered() // lets time pass
	return m.wasOff
}

// Commands returns the power commands so far.
func (b *BMC) Commands() []Command {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.commands)
}

// Requests returns the requests so far, without those that a fault kept from the
// BMC.
func (b *BMC) Requests() []Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests)
}

// Refused returns how often credentials were refused: of a request, or of a
// session that was asked for.
func (b *BMC) Refused() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refused
}

// Sessions returns how many sessions are open, and how many there were.
func (b *BMC) Sessions() (open, ever int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.sessions), b.opened
}

// Connections returns how many TCP connections there were.
func (b *BMC) Connections() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.connections
}

func (b *BMC) connState(_ net.Conn, s http.ConnState) {
	if s == http.StateNew {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.connections++
	}
}

// deaf accepts connections and never gives one to the server.
type deaf struct{ net.Listener }

func (d deaf) Accept() (net.Conn, error) {
	var held []net.Conn
	defer func() {
		for _, c := range held {
			_ = c.Close()
		}
	}()
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		held = append(held, c)
	}
}

// wait returns false when the context ended first.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
