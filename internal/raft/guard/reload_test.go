package guard

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/lease"
)

// loaded is a guard of server 1 with the configuration of files.
func loaded(t *testing.T) (g *still, p Paths, write func(file, text string)) {
	p, write = files(t)
	g = newStill(t, 1)
	p.State, p.Socket = g.c.State, g.c.Socket
	c, err := Load(p)
	if err != nil {
		t.Fatal(err)
	}
	c.Log = &g.log
	g.c = c
	g.rezone(zone(0, 1, 2))
	g.at += 20 * second
	g.says(one.Follower, 1)
	g.carryOut(true)
	return g, p, write
}

// A changed file ends the guard, on the holder of the lease when it holds it no more.
// Until then that is said, and said once.
func TestReload(t *testing.T) {
	g, p, write := loaded(t)
	others := []*still{member(t, 0, 0, 1, 2), member(t, 2, 0, 1, 2)}
	for _, o := range others {
		o.c.Peers = g.c.Peers
	}
	look := g.c.watch()
	if r := look.look(); r != nil {
		t.Errorf("nothing was changed: %+v", r)
	}
	g.says(one.Leader, 2)
	g.exchangeWith(others...)
	if got := g.carryOut(true); got != lease.Hold {
		t.Fatalf("order %d, want hold", got)
	}
	write(p.Description, strings.Replace(description, "192.168.150.10", "192.168.150.100", 1))
	for range 3 {
		g.heardFiles(look.look())
	}
	if said := strings.Count(g.log.String(), "takes effect"); g.ended != nil || said != 1 || len(g.state().Trouble) != 1 {
		t.Errorf("while it holds: ended %v, said %d times, trouble %q", g.ended, said, g.state().Trouble)
	}
	write(p.Description, "version: 1\n")
	g.heardFiles(look.look())
	if g.ended != nil || !strings.Contains(g.log.String(), "going on with what was read before") {
		t.Errorf("a file that cannot be used: ended %v\n%s", g.ended, g.log.String())
	}
	write(p.Description, description)
	g.heardFiles(look.look())
	if g.ended != nil || len(g.state().Trouble) > 0 {
		t.Errorf("as it was: ended %v, trouble %q", g.ended, g.state().Trouble)
	}
	write(p.Description, strings.Replace(description, "192.168.150.10", "192.168.150.100", 1))
	g.heardFiles(look.look())
	g.says(one.Follower, 3)
	g.carryOut(true)
	g.heardFiles(look.look())
	if !errors.Is(g.ended, ErrChanged) {
		t.Errorf("when it holds nothing: ended %v", g.ended)
	}
}

// A server that got another ID begins anew at once.
func TestReloadOtherServer(t *testing.T) {
	g, p, write := loaded(t)
	look := g.c.watch()
	write(p.OnedConf, "PORT = 2633\nFEDERATION = [ SERVER_ID = 2 ]\n")
	g.heardFiles(look.look())
	if !errors.Is(g.ended, ErrChanged) {
		t.Errorf("ended %v", g.ended)
	}
	if err := os.Remove(p.OnedConf); err != nil {
		t.Fatal(err)
	}
	if r := look.look(); r == nil || r.err == nil {
		t.Errorf("a file that is gone: %+v", r)
	}
}

// slowServices take long to stop.
type slowServices struct {
	mu      sync.Mutex
	release chan struct{}
	turns   []bool
}

func (s *slowServices) Reconcile(_ context.Context, leader bool) (string, error) {
	s.mu.Lock()
	s.turns = append(s.turns, leader)
	s.mu.Unlock()
	if !leader {
		<-s.release
	}
	return "", nil
}

func (s *slowServices) stops() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.turns, false)
}

// A guard that begins anew feeds the watchdog while services take long to stop:
// systemd does not know that it ends. What it has to remember is written before.
func TestFedWhileItEnds(t *testing.T) {
	t.Parallel() // it waits for seconds
	services := &slowServices{release: make(chan struct{})}
	systemd, fed := listenAsSystemd(t)
	c := config(t, 1)
	c.Listen, c.Services, c.Notify, c.Watchdog = "127.0.0.1:0", services, systemd, 100*time.Millisecond
	g := newGuard(c)
	g.ending = time.Hour
	oned := &fakeOned{status: one.RaftStatus{ServerID: 1, State: one.Follower, Term: 1}, zone: one.Zone{Servers: []one.ZoneServer{{ID: 0}, {ID: 1}, {ID: 2}}}}
	g.ask = oned
	g.open = func() (addresses, error) { return &fakeAddresses{}, nil }
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- g.run(ctx, l) }()
	await(t, "services are being stopped", services.stops)
	g.event(ctx, func() { g.rezone(zone(0, 2)) }) // it is not in the zone any more
	await(t, "it ends", func() bool { return g.said.is("part", "takes no part: server 1 is not in the zone: it has [0 2]") })
	before := fed()
	await(t, "the watchdog is fed", func() bool { return fed() > before+1 }) // one may have been under way
	close(services.release)
	select {
	case err := <-ended:
		if !errors.Is(err, ErrChanged) {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	if m, err := recall(c.State); err != nil || m.Servers != nil || m.Incarnation == 0 {
		t.Errorf("remembered %+v, %v", m, err)
	}
}

// listenAsSystemd is a socket for notifications; fed is how often the watchdog was.
func listenAsSystemd(t *testing.T) (name string, fed func() int64) {
	t.Helper()
	s, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: t.TempDir() + "/notify", Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	var count atomic.Int64
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for buffer := make([]byte, 1000); ; {
			n, err := s.Read(buffer)
			if err != nil {
				return
			}
			if string(buffer[:n]) == "WATCHDOG=1" {
				count.Add(1)
			}
		}
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-heard
	})
	return s.LocalAddr().String(), count.Load
}
