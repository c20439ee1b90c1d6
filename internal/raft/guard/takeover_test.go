package guard

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/one"
)

// fakeLook is a look after a takeover.
type fakeLook struct {
	mu     sync.Mutex
	since  []time.Time
	hangs  bool
	failed error
}

func (f *fakeLook) look(ctx context.Context, since time.Time) ([]string, error) {
	f.mu.Lock()
	f.since = append(f.since, since)
	hangs, failed := f.hangs, f.failed
	f.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return []string{"host 3 was missed"}, failed
}

func (f *fakeLook) times() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.since)
}

// logged is a log that a test reads.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) count(line string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), line)
}

// runLooking runs three guards whose looks and logs the test sees.
func runLooking(t *testing.T) (all []*running, looks []*fakeLook, logs []*logged) {
	looks, logs = make([]*fakeLook, 3), make([]*logged, 3)
	all = runThree(t, func(id int, c *Config) {
		looks[id], logs[id] = &fakeLook{}, &logged{}
		c.Look, c.Log = looks[id].look, logs[id]
	})
	return all, looks, logs
}

// A new leader looks once, however often its lease is renewed, and nobody else does.
func TestLookOnceAfterTakeover(t *testing.T) {
	t.Parallel()
	all, looks, logs := runLooking(t)
	all[0].oned.become(one.Leader, 2)
	await(t, "the leader logs the look", func() bool { return logs[0].count("host 3 was missed") == 1 })
	all[0].oned.become(one.Follower, 3)
	all[1].oned.become(one.Leader, 3)
	await(t, "the heir logs the look", func() bool { return logs[1].count("host 3 was missed") == 1 })
	// It holds the lease for a while, with many orders.
	begin := time.Now()
	await(t, "time to pass", func() bool { return time.Since(begin) > time.Second })
	for id, want := range []int{1, 1, 0} {
		if n := looks[id].times(); n != want || logs[id].count("host 3 was missed") != want {
			t.Errorf("guard %d looked %d times, want %d", id, n, want)
		}
	}
	if since := looks[1].since[0]; since.Before(looks[0].since[0]) || since.After(time.Now()) {
		t.Errorf("it leads since %s", since)
	}
}

// A look that hangs keeps the guard from nothing: it gives the address up and takes it
// again meanwhile, and ends.
func TestLookHangs(t *testing.T) {
	t.Parallel()
	all, looks, _ := runLooking(t)
	looks[0].hangs = true
	all[0].oned.become(one.Leader, 2)
	await(t, "the look begins", func() bool { return looks[0].times() == 1 })
	all[0].oned.become(one.Follower, 3)
	await(t, "a follower gives the address up", func() bool { return !all[0].here.is() })
	all[0].oned.become(one.Leader, 4)
	await(t, "a leader takes it", all[0].here.is)
	if n := looks[0].times(); n != 1 {
		t.Errorf("%d looks at a time", n)
	}
	if err := all[0].stop(); err != nil {
		t.Error(err)
	}
}

// One that does not come to its end is made again, a few times, and then given up; a
// guard that is started anew in the same term does not begin again.
func TestLookFails(t *testing.T) {
	log := &logged{}
	look := &fakeLook{failed: errors.New("oned hangs")}
	c := config(t, 0)
	c.Look, c.Log = look.look, log
	g := newGuard(c)
	g.said.to = log
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	g.working = ctx
	g.reigns(7)
	since := g.memory.Reign.Since
	for try := 1; try <= takeoverTries; try++ {
		g.lookNext = time.Time{} // the pause is over
		g.lookAfterTakeover()
		g.lookAfterTakeover() // while it is under way
		(<-g.events)()
		g.lookAfterTakeover() // in the pause
		if n := look.times(); n != try {
			t.Fatalf("%d looks after %d", n, try)
		}
	}
	if !g.memory.Reign.Looked || log.count("oned hangs") != takeoverTries || log.count("host 3 was missed") != 1 {
		t.Errorf("%+v\n%s", g.memory.Reign, log.text.String())
	}

	m, err := recall(c.State)
	if err != nil {
		t.Fatal(err)
	}
	g.memory = m
	g.reigns(7)
	if r := g.memory.Reign; !r.Looked || !r.Since.Equal(since) {
		t.Errorf("after a restart: %+v, was since %s", r, since)
	}
	g.reigns(8)
	if r := g.memory.Reign; r.Looked || r.Since.Before(since) || g.lookTries != 0 {
		t.Errorf("in the next term: %+v", r)
	}
}
