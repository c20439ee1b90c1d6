// Package guardproc runs `oneha raft guard` beside the servers of test/fakezone: one
// guard in the network namespace of each, with all its files in the server's
// directory.
package guardproc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/oneha/oneha/internal/raft/guard/control"
	"github.com/oneha/oneha/test/fakezone"
)

// Build builds oneha into dir, as make build does, and returns its file.
func Build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "oneha")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-tags", "urfave_cli_no_docs", "-o", program, "github.com/oneha/oneha/cmd/oneha")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build oneha: %w\n%s", err, out)
	}
	return program, nil
}

// Guard is the guard of a server. Its methods are for one goroutine at a time.
type Guard struct {
	zone    *fakezone.Zone
	id      int
	program string
	cmd     *exec.Cmd
	ended   chan struct{}
	mu      sync.Mutex
	log     strings.Builder
}

// New prepares the guard of a server: its description, with the floating address
// of the zone and more of these. It does not start it.
func New(z *fakezone.Zone, id int, program string, more ...string) (*Guard, error) {
	g := &Guard{zone: z, id: id, program: program}
	var b strings.Builder
	b.WriteString("version: 1\nmode: raft\nzone: 0\nnodes:\n")
	for i := range z.Servers() {
		host := strings.TrimSuffix(strings.TrimPrefix(z.Endpoint(i), "http://"), ":2633/RPC2")
		fmt.Fprintf(&b, "  s%d: %s\n", i+1, host)
	}
	fmt.Fprintf(&b, "vip: {address: %s, nic: %s}\n", z.VIP(), fakezone.NIC)
	for _, line := range more {
		b.WriteString(line + "\n")
	}
	if err := os.WriteFile(g.path("oneha.yaml"), []byte(b.String()), 0o644); err != nil {
		return nil, fmt.Errorf("prepare guard: %w", err)
	}
	return g, nil
}

func (g *Guard) path(name string) string { return g.zone.Path(g.id, name) }

// Socket is where hooks reach the guard.
func (g *Guard) Socket() string { return g.path("guard.sock") }

// Args are the arguments of oneha for that guard.
func (g *Guard) Args() []string {
	return []string{
		"raft", "guard", "--file", g.path("oneha.yaml"), "--oned-conf", g.path(fakezone.ConfFile),
		"--auth", g.path(fakezone.AuthFile), "--key", g.path(fakezone.KeyFile),
		"--state", g.path("guard.json"), "--socket", g.Socket(), "--no-services",
	}
}

// Start starts the guard and does not wait until it is ready.
func (g *Guard) Start() error {
	if g.Running() {
		return fmt.Errorf("start guard %d: it runs", g.id)
	}
	cmd := exec.Command(g.program, g.Args()...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Stderr = (*logger)(g)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := g.zone.In(g.id, cmd.Start); err != nil {
		return fmt.Errorf("start guard %d: %w", g.id, err)
	}
	ended := make(chan struct{})
	g.cmd, g.ended = cmd, ended
	go func() {
		_ = cmd.Wait() // how it ended is in ProcessState
		close(ended)
	}()
	return nil
}

// logger collects what the guard says.
type logger Guard

func (l *logger) Write(b []byte) (int, error) {
	g := (*Guard)(l)
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now().Format("15:04:05.000")
	for line := range strings.Lines(string(b)) {
		g.log.WriteString(now + " " + line)
	}
	return len(b), nil
}

// Log is what the guard has said, of all its starts, with times.
func (g *Guard) Log() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.log.String()
}

// Running reports whether the process is there.
func (g *Guard) Running() bool {
	if g.cmd == nil {
		return false
	}
	select {
	case <-g.ended:
		return false
	default:
		return true
	}
}

// PID is that of the process.
func (g *Guard) PID() int { return g.cmd.Process.Pid }

// Signal sends a signal to the process.
func (g *Guard) Signal(s syscall.Signal) error {
	if !g.Running() {
		return fmt.Errorf("signal guard %d: it does not run", g.id)
	}
	return g.cmd.Process.Signal(s)
}

// Kill ends the guard by SIGKILL.
func (g *Guard) Kill() error {
	if err := g.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-g.ended
	return nil
}

// Stop ends the guard as systemd does, and waits until it has ended.
func (g *Guard) Stop(ctx context.Context) error {
	if err := g.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-g.ended:
	case <-ctx.Done():
		return fmt.Errorf("stop guard %d: %w", g.id, ctx.Err())
	}
	if code := g.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("stop guard %d: exit code %d", g.id, code)
	}
	return nil
}

// Close kills the guard if it runs.
func (g *Guard) Close() error {
	if g.Running() {
		_ = g.Signal(syscall.SIGCONT)
		return g.Kill()
	}
	return nil
}

// Status asks the guard for its state. A Unix socket is no part of a network.
func (g *Guard) Status(ctx context.Context) (control.State, error) {
	return control.Status(ctx, g.Socket())
}

// Poke tells the guard what a hook would.
func (g *Guard) Poke(ctx context.Context, role string) (control.Reply, error) {
	return control.Poke(ctx, g.Socket(), role)
}

// Get asks for a path over HTTP, from the namespace of the server, as a load
// balancer does, with an HTTP client that is not the guard's.
func (g *Guard) Get(ctx context.Context, path string) (status int, body string, err error) {
	host := strings.TrimSuffix(strings.TrimPrefix(g.zone.Endpoint(g.id), "http://"), ":2633/RPC2")
	transport := &http.Transport{DialContext: g.zone.Dialer(g.id), DisableKeepAlives: true}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+":2645"+path, nil)
	if err != nil {
		return 0, "", err
	}
	r, err := transport.RoundTrip(request)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(r.Body)
	return r.StatusCode, string(text), errors.Join(err, r.Body.Close())
}
