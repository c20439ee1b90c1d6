package hook

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakezone"
)

// A whole zone that starts with an election in which two candidates collide, and
// whose leader then ends in good order: the address is where the leader is, alone.
func TestHooksOfAZone(t *testing.T) {
	t.Parallel()
	needRoot(t)
	ctx := bounded(t)
	timers := fakezone.Fast()
	timers.Load, timers.Open, timers.WarmUp, timers.Stop = 20*time.Millisecond, 100*time.Millisecond, 200*time.Millisecond, 200*time.Millisecond
	timers.Election, timers.XMLRPC = time.Second, 200*time.Millisecond // 20 heartbeats: a busy machine stalls for long
	z, err := fakezone.Up(ctx, fakezone.Options{
		Collide: true, Timers: timers,
		Leader:   fakezone.Hook{Command: os.Args[0], Arguments: "leader eth0 10.99.0.100/24"},
		Follower: fakezone.Hook{Command: os.Args[0], Arguments: "follower eth0 10.99.0.100/24"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for id := range z.Servers() {
				events, _ := os.ReadFile(z.Path(id, fakezone.EventsFile))
				log, _ := os.ReadFile(z.Path(id, fakezone.LogFile))
				t.Logf("server %d:\n%s\n%s", id, events, log)
			}
		}
		if err := z.Close(); err != nil {
			t.Error(err)
		}
	})
	leader, err := z.WaitLeader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	alone := func(id int) func(context.Context) bool {
		return func(context.Context) bool {
			for other := range z.Servers() {
				if has(t, z, other, address) != (other == id) {
					return false
				}
			}
			return true
		}
	}
	// The leader may be outvoted a moment later, so it is asked for again.
	if err := z.Wait(ctx, "the address on the leader alone", func(ctx context.Context) bool {
		if now, err := z.WaitLeader(ctx); err == nil {
			leader = now
		}
		return alone(leader)(ctx)
	}); err != nil {
		t.Fatal(err)
	}
	if err := z.Stop(leader); err != nil {
		t.Fatal(err)
	}
	next, err := z.WaitLeader(ctx, leader)
	if err != nil {
		t.Fatal(err)
	}
	if err := z.Wait(ctx, "the address on the next leader alone", alone(next)); err != nil {
		t.Fatal(err)
	}
}
