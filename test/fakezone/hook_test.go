package fakezone

import (
	"context"
	"strings"
	"testing"
	"time"
)

// What was seen in two of four elections: a server wins, is outvoted some 15 ms later,
// and its follower hook begins and ends while its leader hook still runs.
func TestHooksOverlap(t *testing.T) {
	t.Parallel()
	for range 5 { // on a busy machine it may not come in time
		z, ctx := up(t, Options{Collide: true, Leader: Hook{Command: "/bin/sleep", Arguments: "0.5"}, Follower: Hook{Command: "/bin/true"}})
		must[int](t)(z.WaitLeader(ctx))
		pause(ctx, time.Second) // twice the leader hook
		for _, id := range []int{0, 2} {
			if words(since(t, z, id, time.Time{}, "state")) == "follower candidate leader follower" {
				checkOverlap(t, z, id, 2-id)
				return
			}
		}
		ok(t, z.Close())
	}
	t.Error("no leader was outvoted in five elections that collided")
}

func checkOverlap(t *testing.T, z *Zone, loser, winner int) {
	t.Helper()
	states := since(t, z, loser, time.Time{}, "state")
	between(t, "time as leader", states[3].Time.Sub(states[2].Time), 5*time.Millisecond, 200*time.Millisecond)
	var kinds []string
	for _, e := range since(t, z, loser, states[2].Time.Add(-20*time.Millisecond), "hook") {
		kinds = append(kinds, strings.Join(strings.Fields(e.Text)[:2], " "))
	}
	if got, want := strings.Join(kinds, ", "), "leader start, follower start, follower end, leader end"; got != want {
		t.Errorf("hooks of the one that was outvoted: %s, want %s", got, want)
	}
	if got := words(since(t, z, winner, time.Time{}, "state")); got != "follower candidate leader" {
		t.Errorf("states of the one that won: %s", got)
	}
}

func TestHooksGetWhatOnedGives(t *testing.T) {
	t.Parallel()
	const script = "#!/bin/sh\necho \"$(pwd -P)|$ONE_LOCATION|$#|$1|$3|$(cat | wc -c)\" >\"$ONE_LOCATION/var/seen\"\nexit 3\n"
	z, ctx := up(t, Options{Servers: 1, HookFiles: map[string]string{"own.sh": script}, Follower: Hook{"own.sh", "follower  lo 127.0.0.100/32"}})
	ok(t, z.Wait(ctx, "the hook", func(context.Context) bool { return len(since(t, z, 0, time.Time{}, "hook")) == 2 }))
	if got := since(t, z, 0, time.Time{}, "hook")[1].Text; !strings.HasSuffix(got, " 3") {
		t.Errorf("hook: %s, want exit code 3", got)
	}
	location := z.Path(0, "")
	if got, want := read(t, z.Path(0, "var/seen")), location+"/var|"+location+"|3|follower|127.0.0.100/32|0\n"; got != want {
		t.Errorf("the hook saw %q, want %q", got, want)
	}
	must[int](t)(z.WaitLeader(ctx)) // a hook that fails changes nothing
}

// The control of all that is to do better: a leader that is cut off keeps the
// address while the next one has it, and a killed one for ever.
func TestVIPLikeHookHasTwoHolders(t *testing.T) {
	t.Parallel()
	o := Options{Seed: 4}
	o.VIPLike(20 * time.Millisecond)
	z, ctx := up(t, o)
	s := must[*Sampler](t)(z.SampleVIP(20 * time.Millisecond))
	holders := func(want int) func(context.Context) bool {
		return func(context.Context) bool {
			seen, err := s.Seen()
			return err == nil && len(seen.Holders()) == want
		}
	}
	leader := must[int](t)(z.WaitLeader(ctx))
	ok(t, z.Wait(ctx, "one holder", holders(1)))
	z.Cut(z.Isolate(leader)...)
	ok(t, z.Wait(ctx, "two holders", holders(2)))
	two := time.Now()
	if !pause(ctx, time.Second) {
		t.Fatal(ctx.Err())
	}
	z.Heal()
	ok(t, z.Wait(ctx, "one holder again", holders(1)))
	if seen := must[Sightings](t)(s.Seen()); seen.Longest < time.Second {
		t.Errorf("two holders for %v, want as long as the partition: %s", seen.Longest, seen)
	}
	t.Logf("two holders for %v", time.Since(two))
	leader = must[int](t)(z.WaitLeader(ctx))
	ok(t, z.Kill(leader))
	must[int](t)(z.WaitLeader(ctx, leader))
	ok(t, z.Wait(ctx, "two holders after a kill", holders(2)))
	seen := must[Sightings](t)(s.Stop())
	t.Log(seen)
}

// Without what OpenNebula does wrong, the same faults have other ends.
func TestWithoutDeviations(t *testing.T) {
	t.Parallel()
	z, ctx := up(t, Options{Without: Deviations, Seed: 5, Leader: Hook{Command: "/bin/sleep", Arguments: "0.2"}, Follower: Hook{Command: "/bin/true"}})
	leader := must[int](t)(z.WaitLeader(ctx))
	z.Cut(z.Isolate(leader)...)
	ok(t, z.Wait(ctx, "the old leader to step down", func(ctx context.Context) bool {
		s, err := z.Status(ctx, leader)
		return err == nil && s.State != Leader
	}))
	waitState(ctx, t, z, leader, Candidate)
	ok(t, z.Stop(leader))
	must[int](t)(z.Ended(ctx, leader)) // although a candidate
	running := 0
	for _, e := range since(t, z, leader, time.Time{}, "hook") {
		if running++; strings.Contains(e.Text, " end ") {
			running -= 2
		}
		if running > 1 {
			t.Errorf("hooks overlap: %v", e)
		}
	}
	z.Heal()
	next := must[int](t)(z.WaitLeader(ctx, leader))
	ok(t, z.Freeze(next))
	if _, err := z.Call(ctx, 3-leader-next, "one.system.version"); refusalCode(err) != internal {
		t.Errorf("a follower of a frozen leader: %v, want a refusal", err)
	}
}
