// Package fakeilo is a fake of an HPE iLO's SSH command line, for tests of fence
// agents: one machine whose power can be read and switched, and faults on
// request. It is no iLO: what it says is what the stock agent and public
// transcripts of iLO 2 to 5 show, and the stock fence_ilo_ssh accepts it (a test
// holds it to that).
package fakeilo

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// Credentials of the one user.
const (
	Username = "admin"
	Password = "S3cret!pw"
)

// Exec says what becomes of an exec request.
type Exec string

const (
	ExecAnswers Exec = ""        // it is carried out and answered
	ExecRefused Exec = "refused" // it is refused
	ExecSilent  Exec = "silent"  // it gets no reply at all
	ExecEmpty   Exec = "empty"   // it is carried out without a word
	ExecHangsUp Exec = "hangsup" // it is answered, and the connection ends
	ExecOpen    Exec = "open"    // it is answered, and the channel stays open
)

// Options say how the iLO differs from one that is on and answers at once.
type Options struct {
	Listen string // default 127.0.0.1:0

	// Login
	KeyboardInteractive bool          // in place of the password method
	AuthorizedKey       ssh.PublicKey // may log in as Username, too
	HostKeys            []string      // of ed25519, ecdsa, rsa, dsa; default ecdsa
	Old                 bool          // only algorithms of old firmware; HostKeys must be rsa or dsa
	MaxSessions         int           // 0 is no limit

	// Command line
	Exec                Exec
	Prompt              string // default "</>hpiLO-> "
	ManagementProcessor bool   // Integrity's "MP>" comes before, and SMCLP leaves it
	NoEcho              bool
	LinePause           time.Duration // after each line of an answer in the shell
	EnabledState        string        // reported in place of enabled or disabled

	// Power
	Supply    Supply        // of a machine that is really switched; nil for one that is only pretended
	Off       bool          // the machine starts powered off
	Late      time.Duration // until a change of power shows
	RefuseOff bool          // "power off hard" fails
	RefuseOn  bool          // power on fails
	Ignore    bool          // power commands are taken and nothing happens
	IgnoreOn  bool          // those for on are
	OnlyStop  bool          // "power ..." is unknown, "stop -force" is not
	Bounce    time.Duration // a machine that goes off comes on again after that; 0 is never

	// Faults
	Silent          bool          // nothing is said after the connection is taken
	Mute            bool          // nothing is said after the login
	Slow            time.Duration // before each answer
	SlowLogin       time.Duration // before the credentials are looked at
	DropBeforeLogin int           // so many connections end before the login
	DropAtLogin     int           // so many connections end when the credentials come
	DropAtCommand   int           // so many connections end when a command comes
	DropAtPower     int           // so many connections end when a power command was carried out
	Away            time.Duration // after each power command all connections end, new ones too, for so long
	AwayOnce        bool          // after the first one only
	Garbage         []byte        // what is written in place of every answer
}

// Supply is the power of a machine behind the fake, such as a node of the lab. The
// options about power that pretend something do not apply to it.
type Supply interface {
	Powered() bool
	SetPower(on bool) error
}

// Server is a running fake.
type Server struct {
	listener net.Listener
	running  sync.WaitGroup

	mu       sync.Mutex
	options  Options
	keys     []ssh.Signer
	conns    map[net.Conn]bool
	sessions int
	offers   int
	logins   int
	commands []string
	on, next bool
	changeAt time.Time // zero when no change is under way
	wasOff   bool
	back     time.Time // until when the iLO is away; zero when it never was
	log      func(string)
}

// New starts a fake. Each command is passed to log, which may be nil.
func New(o Options, log func(command string)) (*Server, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Prompt == "" {
		o.Prompt = "</>hpiLO-> "
	}
	if log == nil {
		log = func(string) {}
	}
	s := &Server{options: o, on: !o.Off, wasOff: o.Off, conns: map[net.Conn]bool{}, log: log}
	if err := s.NewHostKeys(); err != nil {
		return nil, err
	}
	var err error
	if s.listener, err = net.Listen("tcp", o.Listen); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s.running.Go(s.accept)
	return s, nil
}

// Start runs a fake until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := New(o, nil)
	if err != nil {
		t.Fatalf("start the fake iLO: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// Close ends every connection and waits for their ends.
func (s *Server) Close() {
	_ = s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	s.running.Wait()
}

// Change changes the options of what happens from now on.
func (s *Server) Change(change func(*Options)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.options)
}

// NewHostKeys replaces the host keys, as a reset to factory defaults does.
func (s *Server) NewHostKeys() error {
	kinds := s.get().HostKeys
	if len(kinds) == 0 {
		kinds = []string{"ecdsa"}
	}
	var keys []ssh.Signer
	for _, kind := range kinds {
		key, err := newHostKey(kind, s.get().Old)
		if err != nil {
			return fmt.Errorf("make a host key: %w", err)
		}
		keys = append(keys, key)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = keys
	return nil
}

// HostKeys returns the public host keys.
func (s *Server) HostKeys() []ssh.PublicKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []ssh.PublicKey
	for _, k := range s.keys {
		keys = append(keys, k.PublicKey())
	}
	return keys
}

// Host is the address that the fake listens on.
func (s *Server) Host() string { return s.listener.Addr().(*net.TCPAddr).IP.String() }

// Port is its TCP port.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Commands returns every command so far with the way it came: "exec: show
// /system1", "shell: exit".
func (s *Server) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.commands...)
}

// Offers returns how often credentials were offered.
func (s *Server) Offers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offers
}

// Logins returns how often they were right.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Connections returns how many connections are open; when the client has just
// closed one, it waits for that to be noticed, a second at most.
func (s *Server) Connections() int {
	for end := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		n := len(s.conns)
		s.mu.Unlock()
		if n == 0 || time.Now().After(end) {
			return n
		}
	}
}

// On reports whether the machine is powered on now.
func (s *Server) On() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.onNow()
}

// WasOff reports whether the machine was ever off, from the beginning.
func (s *Server) WasOff() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onNow() // lets time pass
	return s.wasOff
}

// away reports whether the iLO is away, as after a restart.
func (s *Server) away() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.back)
}

func (s *Server) onNow() bool {
	if s.options.Supply != nil {
		return s.options.Supply.Powered()
	}
	for !s.changeAt.IsZero() && !time.Now().Before(s.changeAt) {
		s.on = s.next
		if s.wasOff = s.wasOff || !s.on; !s.on && s.options.Bounce > 0 {
			s.next, s.changeAt = true, s.changeAt.Add(s.options.Bounce)
			continue
		}
		s.changeAt = time.Time{}
	}
	return s.on
}

func (s *Server) get() Options {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.options
}

// drop reports whether one more connection is to be dropped, and counts it.
func (s *Server) drop(count func(*Options) *int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := count(&s.options)
	if *n == 0 {
		return false
	}
	*n--
	return true
}

var errDropped = errors.New("dropped")
