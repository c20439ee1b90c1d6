package fencing

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
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

// TestILOSSHBesideStock runs both agents and holds what they did against the
// deliberate differences.
func TestILOSSHBesideStock(t *testing.T) {
	r := runInside(t, "TestInsideILOSSH", "-test.parallel", strconv.Itoa(workers))
	for _, wrong := range judge(r, iloDeliberates) {
		t.Error(wrong)
	}
	t.Logf("%d rows with both agents", len(r))
}

// TestInsideILOSSH is the part that runs in a disposable machine, whose file of
// root's known hosts it fills.
func TestInsideILOSSH(t *testing.T) {
	file := os.Getenv(resultsVariable)
	if file == "" {
		t.Skip("runs in a machine of the lab, which TestILOSSHBesideStock starts")
	}
	mine := parameters(t, ourILOSSH)
	for _, name := range parameters(t, stockILOSSH) {
		if !slices.Contains(mine, name) {
			t.Errorf("%s does not declare option %s", ourILOSSH, name)
		}
		if !iloTries(name) {
			t.Errorf("option %s of %s has no row", name, stockILOSSH)
		}
	}
	var mu sync.Mutex
	found, work := results{}, make(chan iloRow)
	t.Run("workers", func(t *testing.T) {
		keys := newILOKeys(t)
		for range workers {
			t.Run("worker", func(t *testing.T) {
				t.Parallel()
				for r := range work {
					p := pair{Stock: keys.try(t, stockILOSSH, r), Ours: keys.try(t, ourILOSSH, r)}
					mu.Lock()
					if _, twice := found[r.name]; twice {
						t.Errorf("two rows are called %q", r.name)
					}
					found[r.name] = p
					mu.Unlock()
				}
			})
		}
		go func() {
			defer close(work)
			for _, r := range iloRows() {
				work <- r
			}
		}()
	})
	text, err := json.Marshal(found)
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// iloKeys are files with the private half of a key, for logging in.
type iloKeys struct {
	dir    string
	public ssh.PublicKey
	fakes  atomic.Int32 // each has an address of its own
}

func newILOKeys(t *testing.T) *iloKeys {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	k := &iloKeys{dir: t.TempDir()}
	if k.public, err = ssh.NewPublicKey(public); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"id": 0o600, "open": 0o644} {
		if err := os.WriteFile(filepath.Join(k.dir, name), pem.EncodeToMemory(block), mode); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

// try runs one agent in the situation of a row, on a fake of its own, and returns
// what was seen.
func (k *iloKeys) try(t *testing.T, agent string, r iloRow) outcome {
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

	fill := strings.NewReplacer("ADDR", addr, "DIR", k.dir).Replace
	var args, env []string
	for _, a := range r.args {
		args = append(args, fill(a))
	}
	if r.fenced {
		env = []string{"PCMK_service=pacemaker-fenced"}
	}
	code, stdout, stderr, took := runILO(t, agent, args, fill(r.stdin), env)
	if r.prose && stdout != "" {
		stdout = "prose"
	}
	out := outcome{"exit": code, "stdout": strings.TrimSpace(stdout), "stderr": "silent", "power": switchedILO(s), "login": offered(s)}
	if strings.TrimSpace(pythonWarning.ReplaceAllString(stderr, "")) != "" {
		out["stderr"] = "speaks"
	}
	if r.atLeast > 0 {
		out["waits"] = strconv.FormatBool(took >= r.atLeast)
	}
	if n := s.Connections(); agent == ourILOSSH && n != 0 {
		t.Errorf("%s: %d connections are left open", r.name, n)
	}
	if strings.Contains(stdout+stderr, fakeilo.Password) && agent == ourILOSSH {
		t.Errorf("%s: the password is shown", r.name)
	}
	return out
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

// hang is how long an agent may take before it counts as one that hangs.
const hang = 20 * time.Second

// runILO runs an agent. An agent that hangs is killed with all that it started.
func runILO(t *testing.T, agent string, args []string, stdin string, env []string) (code, stdout, stderr string, took time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	defer cancel()
	cmd := exec.CommandContext(ctx, agent, args...)
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/root"}, env...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // ssh runs on a terminal of its own and ends with it
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	begin := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		code = "hangs"
	case err != nil && !errors.As(err, &exit):
		t.Fatalf("%s: %v", agent, err)
	default:
		code = strconv.Itoa(cmd.ProcessState.ExitCode())
	}
	return code, out.String(), errs.String(), time.Since(begin)
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
