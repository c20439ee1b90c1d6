package fakezone

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// The times are those of a real zone: the follower hook after 1 s, the port after
// 9.2 s, the first round of votes after 21 s, and after the leader's death one within
// an election timeout, 4.6 s when no two collided.
func TestRealTimes(t *testing.T) {
	t.Parallel()
	z, ctx := up(t, Options{Timers: Real(), Seed: 225, Leader: Hook{Command: "/bin/true"}, Follower: Hook{Command: "/bin/true"}})
	time.Sleep(9 * time.Second)
	if _, err := z.Status(ctx, 0); err == nil {
		t.Error("the port is open before 9 s")
	}
	waitState(ctx, t, z, 0, Follower)
	if _, err := z.Call(ctx, 0, "one.system.version"); refusalCode(err) != internal || !strings.Contains(err.Error(), "no leader found") {
		t.Errorf("before the first election: %v", err)
	}
	leader := must[int](t)(z.WaitLeader(ctx))
	for id := range z.Servers() {
		started := since(t, z, id, time.Time{}, "process")[0].Time
		between(t, "follower hook after start", since(t, z, id, started, "hook")[0].Time.Sub(started), 900*time.Millisecond, 1500*time.Millisecond)
		between(t, "port after start", since(t, z, id, started, "port")[0].Time.Sub(started), 9100*time.Millisecond, 9800*time.Millisecond)
		if got := words(since(t, z, id, started, "state")); !strings.HasPrefix(got, "follower") {
			t.Errorf("server %d begins as %s", id, got)
		}
		for _, e := range since(t, z, id, started, "round")[:min(1, len(since(t, z, id, started, "round")))] {
			between(t, "first round after start", e.Time.Sub(started), 20900*time.Millisecond, 21500*time.Millisecond)
		}
	}
	dies := time.Now()
	ok(t, z.Kill(leader))
	next := must[int](t)(z.WaitLeader(ctx, leader))
	rounds := since(t, z, next, dies, "round")
	if len(rounds) == 0 {
		rounds = since(t, z, 3-leader-next, dies, "round") // the other one began, and lost
	}
	between(t, "first round after the leader's death", rounds[0].Time.Sub(dies), 4400*time.Millisecond, 5300*time.Millisecond)
	between(t, "next leader after the leader's death", ledAfter(t, z, next, dies), 4400*time.Millisecond, 13*time.Second)
	if got := since(t, z, leader, dies, "hook"); len(got) != 0 {
		t.Errorf("the killed leader ran hooks: %v", got)
	}
}

// One zone, as a real one was treated: killed, frozen, stopped, left without a
// majority.
func TestFaults(t *testing.T) {
	t.Parallel()
	z, ctx := up(t, Options{Seed: 2, Leader: Hook{Command: "/bin/sleep", Arguments: "0.1"}, Follower: Hook{Command: "/bin/true"}})
	leader := must[int](t)(z.WaitLeader(ctx))

	t.Run("writes pass through followers", func(t *testing.T) {
		for id := range z.Servers() {
			write(ctx, t, z, id, "by", string(rune('0'+id)))
		}
		ok(t, z.Same(ctx, 0, 1, 2))
		s := must[Status](t)(z.Status(ctx, (leader+1)%3))
		if s.Index != 3 || s.Commit != 3 || s.State != Follower {
			t.Errorf("follower after three writes: %+v", s)
		}
	})
	t.Run("killed leader", func(t *testing.T) {
		dies := time.Now()
		ok(t, z.Kill(leader))
		if _, err := os.Stat(z.Path(leader, LockFile)); err != nil {
			t.Errorf("the lock is gone: %v", err)
		}
		_, err := z.Call(ctx, (leader+1)%3, "one.system.version")
		if refusalCode(err) != internal || !strings.Contains(err.Error(), "Failed to connect to 10.99.0.") {
			t.Errorf("a follower in the gap: %v", err)
		}
		next := must[int](t)(z.WaitLeader(ctx, leader))
		between(t, "next leader", ledAfter(t, z, next, dies), election-100*time.Millisecond, 6*election)
		ok(t, z.Start(leader))
		back := time.Now()
		waitState(ctx, t, z, leader, Follower)
		ok(t, z.Wait(ctx, "the new term", func(ctx context.Context) bool {
			s, err := z.Status(ctx, leader)
			other, also := z.Status(ctx, next)
			return err == nil && also == nil && s.Term == other.Term
		}))
		if got := words(since(t, z, leader, back, "state")); strings.Contains(got, "candidate") {
			t.Errorf("the old leader comes back as %s", got)
		}
		if got := since(t, z, leader, back, "hook"); len(got) == 0 || !strings.HasPrefix(got[0].Text, "follower start") {
			t.Errorf("the start runs no follower hook: %v", got)
		}
		leader = next
	})
	t.Run("frozen leader", func(t *testing.T) {
		freezes := time.Now()
		ok(t, z.Freeze(leader))
		short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		if _, err := z.Call(short, (leader+1)%3, "one.system.version"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a follower that passes on to a frozen leader: %v", err)
		}
		if s, err := z.Status(ctx, (leader+1)%3); err != nil {
			t.Errorf("a follower's own answer: %+v, %v", s, err)
		}
		next := must[int](t)(z.WaitLeader(ctx, leader))
		between(t, "next leader", ledAfter(t, z, next, freezes), election-100*time.Millisecond, 6*election)
		thaws := time.Now()
		ok(t, z.Thaw(leader))
		waitState(ctx, t, z, leader, Follower)
		events := since(t, z, leader, thaws, "hook")
		ok(t, z.Wait(ctx, "the follower hook", func(context.Context) bool {
			events = since(t, z, leader, thaws, "hook")
			return len(events) > 1
		}))
		between(t, "follower hook after the thaw", events[0].Time.Sub(thaws), 0, 300*time.Millisecond)
		leader = next
	})
	t.Run("terminated leader", func(t *testing.T) {
		ends := time.Now()
		ok(t, z.Stop(leader))
		if code := must[int](t)(z.Ended(ctx, leader)); code != 0 {
			t.Errorf("exit code %d", code)
		}
		between(t, "end after SIGTERM", time.Since(ends), 200*time.Millisecond, 2*time.Second)
		if got := words(since(t, z, leader, ends, "state")); got != "follower" {
			t.Errorf("the leader becomes %q", got)
		}
		if got := since(t, z, leader, ends, "hook"); len(got) == 0 || !strings.HasPrefix(got[0].Text, "follower start") {
			t.Errorf("the stop runs no follower hook: %v", got)
		}
		if _, err := os.Stat(z.Path(leader, LockFile)); err == nil {
			t.Error("the lock stays after an orderly end")
		}
		must[int](t)(z.WaitLeader(ctx, leader))
		ok(t, z.Start(leader))
		waitState(ctx, t, z, leader, Follower)
		leader = must[int](t)(z.WaitLeader(ctx))
	})
	t.Run("leader without followers", func(t *testing.T) {
		for id := range z.Servers() {
			if id != leader {
				ok(t, z.Kill(id))
			}
		}
		lonely := time.Now()
		short, cancel := context.WithTimeout(ctx, 2*election)
		defer cancel()
		err := z.Write(short, leader, "late", "yes")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a write without a majority: %v", err)
		}
		if s := must[Status](t)(z.Status(ctx, leader)); s.State != Leader {
			t.Errorf("the leader is a %s after %v, two election timeouts", s.State, time.Since(lonely))
		}
		if v, err := z.Call(ctx, leader, "one.system.version"); err != nil || v != "6.10.5" {
			t.Errorf("version: %q, %v", v, err)
		}
		for id := range z.Servers() {
			if id != leader {
				ok(t, z.Start(id))
			}
		}
		ok(t, z.Wait(ctx, "the write that the client gave up", func(ctx context.Context) bool {
			d, err := z.Database(ctx, leader)
			return err == nil && d.Table["late"] == "yes"
		}))
		ok(t, z.Same(ctx, 0, 1, 2))
		leader = must[int](t)(z.WaitLeader(ctx))
	})
	t.Run("candidate without a majority", func(t *testing.T) {
		survivor := (leader + 1) % 3
		ok(t, z.Kill(leader))
		ok(t, z.Kill((leader+2)%3))
		waitState(ctx, t, z, survivor, Candidate)
		first := must[Status](t)(z.Status(ctx, survivor))
		ok(t, z.Wait(ctx, "terms to climb", func(ctx context.Context) bool {
			s, err := z.Status(ctx, survivor)
			return err == nil && s.Term > first.Term+2 && s.State == Candidate
		}))
		rounds := since(t, z, survivor, time.Time{}, "round")
		rounds = rounds[len(rounds)-3:]
		one, two := rounds[1].Time.Sub(rounds[0].Time), rounds[2].Time.Sub(rounds[1].Time)
		if max(one, two) > election+time.Second || one.Round(5*time.Millisecond) == two.Round(5*time.Millisecond) {
			t.Errorf("waits between rounds: %v and %v, want random ones of up to %v", one, two, election)
		}
		if _, err := z.Call(ctx, survivor, "one.system.version"); refusalCode(err) != internal || !strings.Contains(err.Error(), "election mode") {
			t.Errorf("version: %v", err)
		}
		if _, err := z.Call(ctx, survivor, "one.zone.info", 0); err != nil {
			t.Errorf("zone.info: %v", err)
		}
		ok(t, z.Stop(survivor))
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := z.Ended(short, survivor); err == nil {
			t.Error("it obeys SIGTERM")
		}
		if _, err := z.Status(ctx, survivor); err == nil {
			t.Error("its port is open after SIGTERM")
		}
		ok(t, z.Kill(survivor))
	})
}

// Partitions of each shape: who leads meanwhile, and whether one leads afterwards.
func TestPartitions(t *testing.T) {
	t.Parallel()
	z, ctx := up(t, Options{Seed: 3})
	for _, tt := range []struct {
		name  string
		cut   func(leader int) []Path
		stays bool // the old leader, as leader of its term
		moves bool // leadership, to another
	}{
		{"the leader alone", func(l int) []Path { return z.Isolate(l) }, true, true},
		{"a follower alone", func(l int) []Path { return z.Isolate((l + 1) % 3) }, true, false},
		{"the leader mute", func(l int) []Path { return z.Mute(l) }, true, true},
		{"the leader deaf", func(l int) []Path { return z.Deaf(l) }, true, true},
		{"the leader and one follower", func(l int) []Path { return Between(l, (l+1)%3) }, false, true},
		{"everybody", func(int) []Path { return append(z.Isolate(0), z.Isolate(1)...) }, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			leader := must[int](t)(z.WaitLeader(ctx))
			before := must[Status](t)(z.Status(ctx, leader))
			z.Cut(tt.cut(leader)...)
			cut := time.Now()
			if tt.moves {
				ok(t, z.Wait(ctx, "another leader", func(ctx context.Context) bool {
					for id, s := range z.Statuses(ctx) {
						if id != leader && s.State == Leader && s.Term > before.Term {
							return true
						}
					}
					return false
				}))
				t.Logf("another leader after %v", time.Since(cut))
			} else if !pause(ctx, 2*election) {
				t.Fatal(ctx.Err())
			}
			if tt.stays {
				if s := must[Status](t)(z.Status(ctx, leader)); s.State != Leader || s.Term != before.Term {
					t.Errorf("the old leader is a %s of term %d, was leader of %d", s.State, s.Term, before.Term)
				}
				if _, err := z.Call(ctx, leader, "one.system.version"); err != nil {
					t.Errorf("the old leader answers %v", err)
				}
			}
			z.Heal()
			healed := time.Now()
			must[int](t)(z.WaitLeader(ctx))
			ok(t, z.Wait(ctx, "one leader", func(ctx context.Context) bool {
				leaders := 0
				for _, s := range z.Statuses(ctx) {
					if s.State == Leader {
						leaders++
					}
				}
				return leaders == 1
			}))
			t.Logf("one leader again after %v", time.Since(healed))
		})
	}
}

// A path that is late still carries, one that loses all does not, and Heal mends both.
func TestImpairedPaths(t *testing.T) {
	t.Parallel()
	z, ctx := up(t, Options{Servers: 2, Bare: true, Seed: 10})
	for id := range z.Servers() {
		ok(t, z.Start(id))
		waitState(ctx, t, z, id, Solo)
	}
	call := func() (time.Duration, error) {
		begin := time.Now()
		_, err := z.CallFrom(ctx, 0, 1, "one.zone.raftstatus")
		return time.Since(begin), err
	}
	const late = 100 * time.Millisecond
	z.Impair(Impairment{Delay: late, Jitter: late / 10}, Between(0, 1)...)
	took, err := call()
	ok(t, err)
	if took < 4*late { // a connection, then a question and its answer
		t.Errorf("a call over paths that are %v late took %v", late, took)
	}
	z.Heal()
	z.Impair(Impairment{Loss: 1}, Path{1, 0})
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	if _, err := z.CallFrom(short, 0, 1, "one.zone.raftstatus"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call whose answers are all lost: %v", err)
	}
	z.Heal()
	_, err = call()
	ok(t, err)
}

func TestFateOfFrames(t *testing.T) {
	w := newWires(1)
	bad, cut, good := Path{0, 1}, Path{1, 0}, Path{0, 2}
	w.bad[bad] = Impairment{Loss: 0.25, Delay: time.Second, Jitter: time.Second}
	w.bad[cut], w.cut[cut] = Impairment{}, true
	lost := 0
	for range 10000 {
		gone, delay := w.fate(bad)
		if gone {
			lost++
		} else if delay < time.Second || delay >= 2*time.Second {
			t.Fatalf("a frame is %v late, want 1 s to 2 s", delay)
		}
		if gone, _ := w.fate(cut); !gone {
			t.Fatal("a frame got through what is cut")
		}
		if gone, delay := w.fate(good); gone || delay != 0 {
			t.Fatal("a path that is good is not")
		}
	}
	if lost < 2300 || lost > 2700 {
		t.Errorf("%d of 10000 frames were lost, want a quarter", lost)
	}
}
