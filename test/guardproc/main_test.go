package guardproc

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/raft/guard/control"
	"github.com/oneha/oneha/test/fakezone"
)

// The built programs.
var program, fakeProgram string

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "4") // zones mostly wait
	os.Exit(func() int {
		if os.Getuid() != 0 {
			return m.Run()
		}
		dir, err := os.MkdirTemp("", "guardproc-test-")
		if err == nil {
			defer os.RemoveAll(dir)
			program, err = Build(context.Background(), dir)
		}
		if err == nil {
			fakeProgram, err = fakezone.Build(context.Background(), dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// patience is for everything that must happen: much longer than it may take, since
// how long things take is looked at elsewhere.
const patience = 60 * time.Second

// lab is a zone with a guard for each server.
type lab struct {
	*testing.T
	ctx    context.Context
	zone   *fakezone.Zone
	guards []*Guard
	shut   func() // ends all of it
}

// up makes a zone with guards beside other tests, and waits until the leader has the
// address.
func up(t *testing.T, servers int) *lab {
	t.Helper()
	t.Parallel()
	return upNow(t, servers)
}

func upNow(t *testing.T, servers int) *lab {
	t.Helper()
	if os.Getuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("a fake zone needs root, for network namespaces")
		}
		t.Skip("a fake zone needs root, for network namespaces")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	z, err := fakezone.Up(ctx, fakezone.Options{Servers: servers, Program: fakeProgram, Timers: timers()})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	l := &lab{T: t, ctx: ctx, zone: z}
	var once sync.Once
	l.shut = func() { once.Do(func() { l.close(cancel) }) }
	t.Cleanup(l.shut)
	for id := range z.Servers() {
		g, err := New(z, id, program)
		if err == nil {
			err = g.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		l.guards = append(l.guards, g)
	}
	l.await("a leader with the address", func() bool { return l.holder() >= 0 && l.holder() == l.leader() })
	return l
}

// timers are those that oned ships, except for what passes before the first election.
func timers() fakezone.Timers {
	t := fakezone.Real()
	t.Load, t.Open, t.WarmUp, t.Stop = 20*time.Millisecond, 100*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond
	return t
}

func (l *lab) close(cancel func()) {
	for _, g := range l.guards {
		if err := g.Close(); err != nil {
			l.Error(err)
		}
		if l.Failed() {
			l.Logf("guard of server %d:\n%s", g.id, g.Log())
		}
	}
	if l.Failed() {
		for id := range l.zone.Servers() {
			text, _ := os.ReadFile(l.zone.Path(id, fakezone.EventsFile))
			l.Logf("events of server %d:\n%s", id, text)
		}
	}
	cancel()
	if err := l.zone.Close(); err != nil {
		l.Error(err)
	}
}

// await waits until something is so.
func (l *lab) await(what string, so func() bool) time.Duration {
	l.Helper()
	begin := time.Now()
	for !so() {
		if time.Since(begin) > patience {
			l.Fatalf("not within %s: %s", patience, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(begin)
}

func (l *lab) ok(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// leader is the leader of the latest term, -1 without one.
func (l *lab) leader() int {
	leader, term := -1, -1
	for id := range l.zone.Servers() {
		ctx, cancel := context.WithTimeout(l.ctx, 2*time.Second)
		s, err := l.zone.Status(ctx, id)
		cancel()
		if err == nil && s.State == fakezone.Leader && s.Term > term {
			leader, term = id, s.Term
		}
	}
	return leader
}

// holder is the server with the floating address in its kernel, -1 for none.
func (l *lab) holder() int {
	for id := range l.zone.Servers() {
		if l.has(id) {
			return id
		}
	}
	return -1
}

func (l *lab) status(id int) control.State {
	ctx, cancel := context.WithTimeout(l.ctx, 5*time.Second)
	defer cancel()
	s, err := l.guards[id].Status(ctx)
	if err != nil {
		return control.State{Server: -1}
	}
	return s
}

// sample watches who has the address.
func (l *lab) sample() *fakezone.Sampler {
	l.Helper()
	s, err := l.zone.SampleVIP(10 * time.Millisecond)
	l.ok(err)
	return s
}

// once stops a sampler and fails when two servers had the address. A sampler that was
// interrupted between two servers sees one that moved meanwhile on both, once.
func (l *lab) once(s *fakezone.Sampler) fakezone.Sightings {
	l.Helper()
	seen, err := s.Stop()
	l.ok(err)
	if seen.Longest > 2*seen.Gap {
		l.Errorf("two servers had the address for %s, looked at least every %s: %+v", seen.Longest, seen.Gap, seen.Spans)
	}
	return seen
}

// tries bounds withoutGap: on a machine so busy that questions go unanswered for three
// seconds, the address goes as it should.
const tries = 3

// standstill is for how long a machine that says anything about gaps may stop for.
const standstill = 250 * time.Millisecond

// withoutGap fails when a scenario, which returns who is to have the address all the
// time and what was seen, shows a gap in each of several tries.
func withoutGap(t *testing.T, scenario func(l *lab) (int, fakezone.Sightings)) {
	t.Helper()
	t.Parallel()
	for try := 1; ; try++ {
		l := upNow(t, 3)
		server, seen := scenario(l)
		if len(seen.Spans) == 1 && seen.Spans[0].Server == server {
			return
		}
		text := fmt.Sprintf("try %d: the address was not on server %d all the time (looked at least every %s): %+v\n%s",
			try, server, seen.Gap, seen.Spans, l.guards[server].Log())
		if try == tries && seen.Gap > standstill {
			t.Skip("this machine stands still for too long: " + text)
		}
		if try == tries {
			t.Fatal(text)
		}
		t.Log(text)
		l.shut()
	}
}
