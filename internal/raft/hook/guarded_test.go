package hook

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/guard/control"
	"github.com/oneha/oneha/internal/unit"
)

// fakeGuard answers at the socket of a server. An answer of "" is none: it hangs.
func fakeGuard(t *testing.T, socket, answer string) (asked chan string) {
	t.Helper()
	_ = os.Remove(socket) // of the guard before
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	asked = make(chan string, 100)
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); close(done) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			go func() {
				defer c.Close()
				line, _ := bufio.NewReader(c).ReadString('\n')
				asked <- strings.TrimSpace(line)
				if answer == "" {
					<-done
				}
				_, _ = io.WriteString(c, answer+"\n")
			}()
		}
	}()
	return asked
}

func TestGuardDoesIt(t *testing.T) {
	t.Parallel()
	z := bareZone(t, 1)
	o := newOned(t, z, 0)
	for n, c := range []struct {
		role, answer string
		state        one.RaftState
		code         int
		said         string
	}{
		{Leader, "ok holding until later", one.Leader, 0, "guard: holding until later"},
		{Leader, "not server 2 has the promises", one.Leader, 1, "error: guard: server 2 has the promises"},
		{Leader, "not leader any more", one.Follower, 0, "follower of term 3; guard: leader any more"},
		{Follower, "ok gone", one.Follower, 0, "guard: gone"},
		{Follower, "not leader again", one.Leader, 0, "leader of term 5; guard: leader again"},
		{Follower, "not to be had", one.Follower, 1, "error: guard: to be had"},
	} {
		o.is(c.state, n+1)
		asked := fakeGuard(t, z.Path(0, "guard.sock"), c.answer)
		said, code := hookOn(t, z, 0, words(c.role)...)
		if code != c.code || !strings.Contains(said, c.said) || has(t, z, 0, address) {
			t.Errorf("%s, %q: exit code %d:\n%s", c.role, c.answer, code, said)
		}
		if got := receive(t, asked, "the guard to be asked"); got != "poke "+c.role {
			t.Errorf("the guard was asked %q", got)
		}
	}
}

// Nobody but the guard adds the addresses; letting go harms nobody.
func TestGuardHangs(t *testing.T) {
	t.Parallel()
	z := bareZone(t, 1)
	o := newOned(t, z, 0)
	o.is(one.Leader, 2)
	hookOn(t, z, 0, words(Leader)...)
	fakeGuard(t, z.Path(0, "guard.sock"), "")
	shortLimits(t, z, 0)
	o.is(one.Follower, 3)
	said, code := hookOn(t, z, 0, words(Follower)...)
	if code != 0 || has(t, z, 0, address) || !strings.Contains(said, "warning: the guard of this server did not answer within 1s") {
		t.Errorf("follower: exit code %d:\n%s", code, said)
	}
	o.is(one.Leader, 4)
	said, code = hookOn(t, z, 0, words(Leader)...)
	if code != 1 || has(t, z, 0, address) || !strings.Contains(said, "without it the address is not to be taken") {
		t.Errorf("leader: exit code %d:\n%s", code, said)
	}
}

// states is a systemd that says one thing of every unit.
type states struct {
	Units
	state unit.State
	err   error
}

func (s states) States(context.Context, ...string) ([]unit.State, error) {
	return []unit.State{s.state}, s.err
}

func TestGuardExpected(t *testing.T) {
	for name, c := range map[string]struct {
		units Units
		want  bool
	}{
		"no services":      {nil, false},
		"no systemd":       {states{err: unit.ErrNoSystemd}, false},
		"not installed":    {states{state: unit.State{Load: "not-found", Active: "inactive"}}, false},
		"stopped":          {states{state: unit.State{Load: "loaded", Active: "inactive"}}, false},
		"failed":           {states{state: unit.State{Load: "loaded", Active: "failed"}}, false},
		"starting":         {states{state: unit.State{Load: "loaded", Active: "activating", Sub: "start"}}, true},
		"to be restarted":  {states{state: unit.State{Load: "loaded", Active: "activating", Sub: "auto-restart"}}, true},
		"to be started":    {states{state: unit.State{Load: "loaded", Active: "inactive", Job: 3, Verb: "start"}}, true},
		"runs":             {states{state: unit.State{Load: "loaded", Active: "active"}}, true},
		"being ended":      {states{state: unit.State{Load: "loaded", Active: "deactivating", Job: 3, Verb: "stop"}}, true}, // then it is asked again
		"ended by a fault": {states{state: unit.State{Load: "loaded", Active: "deactivating"}}, true},
	} {
		h := &hook{conf: Config{Units: c.units}}
		if got := h.guardExpected(t.Context()); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A guard that was killed is away until systemd starts it again.
func TestGuardComesBack(t *testing.T) {
	dir, err := os.MkdirTemp("", "hook") // t.TempDir's names are too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	h := &hook{
		conf: Config{Socket: filepath.Join(dir, "s"), Units: states{state: unit.State{Load: "loaded", Active: "activating", Sub: "auto-restart"}}, times: &times{guard: 30 * time.Second}},
		call: Call{Role: control.Leader},
	}
	type result struct {
		done bool
		err  error
	}
	ended := make(chan result, 1)
	go func() {
		done, err := h.leaveToGuard(t.Context())
		ended <- result{done, err}
	}()
	time.Sleep(100 * time.Millisecond) // it is tried, and is not there
	fakeGuard(t, h.conf.Socket, "ok here")
	if r := receive(t, ended, "the hook to end"); !r.done || r.err != nil || h.outcome.Text != "guard: here" {
		t.Errorf("%+v, %q", r, h.outcome.Text)
	}
}
