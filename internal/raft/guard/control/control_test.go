package control

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// fake is a guard.
type fake struct {
	reply Reply
	state State
	block bool
}

func (f fake) Poke(ctx context.Context, role string) Reply {
	if f.block {
		<-ctx.Done()
	}
	r := f.reply
	r.Text += " " + role
	return r
}

func (f fake) Status(context.Context) (State, error) { return f.state, nil }

// serveFake runs a guard until the test ends.
func serveFake(t *testing.T, g Guard) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "sub", "guard.sock")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { Serve(ctx, l, g); close(done) }()
	t.Cleanup(func() {
		cancel()
		<-done
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is left: %v", err)
		}
	})
	return path
}

func TestPokeAndStatus(t *testing.T) {
	want := State{Version: Version, Server: 2, Servers: []int{0, 2}, Trouble: []string{"a\nb"}, VIPs: []VIP{}, Peers: []Peer{{Server: 0}}}
	path := serveFake(t, fake{reply: Reply{Reached: true, Text: "done for"}, state: want})
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket %v, %v: want mode 600", info.Mode(), err)
	}
	r, err := Poke(t.Context(), path, Leader)
	if err != nil || r != (Reply{Reached: true, Text: "done for leader"}) {
		t.Errorf("poke: %+v, %v", r, err)
	}
	s, err := Status(t.Context(), path)
	if err != nil || !reflect.DeepEqual(s, want) {
		t.Errorf("status: %+v, %v, want %+v", s, err, want)
	}
	if _, err := Poke(t.Context(), path, "king"); err == nil {
		t.Error("an unknown role: no error")
	}
	second, err := Listen(path)
	if err == nil || !strings.Contains(err.Error(), "another guard listens") {
		t.Errorf("a second guard: %v, %v", second, err)
	}
}

func TestPokeNotReached(t *testing.T) {
	path := serveFake(t, fake{reply: Reply{Text: "oned is follower, not"}})
	r, err := Poke(t.Context(), path, Leader)
	if err != nil || r.Reached || r.Text != "oned is follower, not leader" {
		t.Errorf("poke: %+v, %v", r, err)
	}
}

// A caller whose time is over does not wait for the guard.
func TestPokeEndsWithContext(t *testing.T) {
	path := serveFake(t, fake{block: true})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Poke(ctx, path, Follower); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline", err)
	}
}

func TestNoGuard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guard.sock")
	if _, err := Status(t.Context(), path); !errors.Is(err, ErrNoGuard) {
		t.Errorf("no socket: %v, want ErrNoGuard", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close() // as a killed guard leaves it
	if _, err := Status(t.Context(), path); !errors.Is(err, ErrNoGuard) {
		t.Errorf("a dead socket: %v, want ErrNoGuard", err)
	}
	again, err := Listen(path)
	if err != nil {
		t.Fatalf("a dead socket is in the way: %v", err)
	}
	_ = again.Close()
}

// What is not understood gets an answer, and nothing is taken of endless lines.
func TestHostileClients(t *testing.T) {
	path := serveFake(t, fake{reply: Reply{Reached: true}})
	for _, line := range []string{"", "poke", "poke king", "status now", "fly", strings.Repeat("x", 100)} {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, line+"\n")
		text, err := io.ReadAll(c)
		if err != nil || !strings.HasPrefix(string(text), "not understood") {
			t.Errorf("%q: %q, %v", line, text, err)
		}
		_ = c.Close()
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, strings.Repeat("x", 1000))
	if text, _ := io.ReadAll(c); len(text) > 0 {
		t.Errorf("an endless line is answered: %q", text)
	}
}
