package fencing

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/oneha/oneha/test/fakeilo"
)

// The two agents for iLO over SSH.
const (
	stockILOSSH = "fence_ilo_ssh"
	ourILOSSH   = "fence_bmc_ilo_ssh"
)

// TestInsideILOSSH is the part that runs in a disposable machine, whose file of
// root's known hosts it fills.
func TestInsideILOSSH(t *testing.T) {
	file := resultsFile(t)
	rows := iloSSHRows()
	everyForm(t, stockILOSSH, rows)
	keys := newILOSSHKeys(t)
	tryAll(t, file, stockILOSSH, ourILOSSH, rows, func(*testing.T, int) func(*testing.T, string, iloSSHRow) outcome { return keys.try })
}

// iloSSHKeys are files with the private half of a key, for logging in.
type iloSSHKeys struct {
	dir    string
	public ssh.PublicKey
	fakes  atomic.Int32 // each has an address of its own
}

func newILOSSHKeys(t *testing.T) *iloSSHKeys {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	k := &iloSSHKeys{dir: t.TempDir()}
	if k.public, err = ssh.NewPublicKey(public); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"id": 0o600, "open": 0o644} {
		if err := os.WriteFile(filepath.Join(k.dir, name), pem.EncodeToMemory(block), mode); err != nil {
			t.Fatal(err)
		}
	}
	writeAsk(t, k.dir, fakeilo.Password)
	return k
}

// try runs one agent in the situation of a row, on a fake of its own, and returns
// what was seen.
func (k *iloSSHKeys) try(t *testing.T, agent string, r iloSSHRow) outcome {
	t.Helper()
	n := k.fakes.Add(1)
	addr := fmt.Sprintf("127.1.%d.%d", n/200, 1+n%200)
	o := r.ilo
	o.Listen = net.JoinHostPort(addr, cmp.Or(r.port, "22"))
	o.LinePause = 10 * time.Millisecond // see the test of fakeilo with the stock agent
	if r.withKey {
		o.AuthorizedKey = k.public
	}
	var s *fakeilo.Server
	s, err := fakeilo.New(o, func(command string) {
		if r.stuckOn && strings.HasSuffix(command, "start /system1") {
			s.Change(func(o *fakeilo.Options) { o.Late = time.Hour })
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	keys := s.HostKeys()
	if r.changedKey {
		if err := s.NewHostKeys(); err != nil {
			t.Fatal(err)
		}
	}
	if r.unknownKey {
		keys = nil
	}
	if err := known.set(knownhosts.Normalize(o.Listen), keys); err != nil {
		t.Fatal(err)
	}

	seen := see(t, agent, r.call(), strings.NewReplacer("ADDR", addr, "DIR", k.dir), fakeilo.Password)
	seen["power"], seen["login"] = switchedILO(s), offered(s)
	if n := s.Connections(); agent == ourILOSSH && n != 0 {
		t.Errorf("%s: %d connections are left open", r.name, n)
	}
	return seen
}

// switchedILO is what was asked of the machine.
func switchedILO(s *fakeilo.Server) string {
	var asked []string
	for _, c := range s.Commands() {
		_, command, _ := strings.Cut(c, ": ")
		if !slices.Contains([]string{"show /system1", "SMCLP", "exit"}, command) {
			asked = append(asked, command)
		}
	}
	return strings.Join(asked, ", ")
}

// offered is what the BMC saw of the logins.
func offered(s *fakeilo.Server) string {
	switch {
	case s.Offers() == 0:
		return "none"
	case s.Logins() == 0:
		return "refused"
	}
	return "accepted"
}

// known is root's file of known hosts, which both agents read.
var known = &knownFile{name: "/root/.ssh/known_hosts", lines: map[string]string{}}

type knownFile struct {
	name  string
	mu    sync.Mutex
	lines map[string]string // by address
}

// set makes the file say these keys for an address; nobody sees half a file.
func (f *knownFile) set(address string, keys []ssh.PublicKey) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines[address] = ""
	for _, k := range keys {
		f.lines[address] += knownhosts.Line([]string{address}, k) + "\n"
	}
	var text strings.Builder
	for _, l := range f.lines {
		text.WriteString(l)
	}
	return errors.Join(
		os.MkdirAll(filepath.Dir(f.name), 0o700),
		os.WriteFile(f.name+".new", []byte(text.String()), 0o600),
		os.Rename(f.name+".new", f.name),
	)
}
