package fakezone

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, file string) string {
	t.Helper()
	return string(must[[]byte](t)(os.ReadFile(file)))
}

// restart ends a server in order and starts it with another SERVER_ID.
func restart(ctx context.Context, t *testing.T, z *Zone, id int, from, to string) {
	t.Helper()
	ok(t, z.Stop(id))
	must[int](t)(z.Ended(ctx, id))
	setID(t, z, id, from, to)
	ok(t, z.Start(id))
}

// The procedure of the documentation, from three machines to a zone and back.
func TestJoinAndLeave(t *testing.T) {
	t.Parallel()
	z, ctx := up(t, Options{Bare: true, Seed: 6})
	add := func(id int) {
		t.Helper()
		server := fmt.Sprintf("SERVER = [ NAME = \"s%d\", ENDPOINT = \"%s\" ]", id+1, z.Endpoint(id))
		if got := must[string](t)(z.Call(ctx, 0, "one.zone.addserver", 0, server)); got != "0" {
			t.Errorf("addserver answers %q, want the zone's ID", got)
		}
	}
	setID(t, z, 1, "-1", "1")
	ok(t, z.Start(1))
	if code := must[int](t)(z.Ended(ctx, 1)); code != 255 || !strings.Contains(read(t, z.Path(1, "var/stderr")), "bootstraped") {
		t.Errorf("a server of a zone without a database: exit %d, %s", code, read(t, z.Path(1, "var/stderr")))
	}

	ok(t, z.Start(0))
	waitState(ctx, t, z, 0, Solo)
	write(ctx, t, z, 0, "made", "alone")
	add(0)
	restart(ctx, t, z, 0, "-1", "0")
	waitState(ctx, t, z, 0, Leader)

	add(1) // from now on two are needed
	short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	if err := z.Write(short, 0, "made", "too early"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a write before the second server runs: %v", err)
	}
	ok(t, os.WriteFile(z.Path(1, DatabaseFile), []byte(read(t, z.Path(0, DatabaseFile))), 0o600))
	ok(t, z.Start(1))
	ok(t, z.Wait(ctx, "the write, late", func(ctx context.Context) bool {
		d, err := z.Database(ctx, 1)
		return err == nil && d.Table["made"] == "too early" && len(d.Members) == 2
	}))
	ok(t, z.Same(ctx, 0, 1))
	add(2)
	write(ctx, t, z, 1, "made", "by two of three")

	// It runs with a number that the zone does not know.
	setID(t, z, 2, "-1", "7")
	ok(t, os.WriteFile(z.Path(2, DatabaseFile), []byte(read(t, z.Path(0, DatabaseFile))), 0o600))
	ok(t, z.Start(2))
	waitState(ctx, t, z, 2, Follower)
	ok(t, z.Wait(ctx, "the follower of another number to follow", func(ctx context.Context) bool {
		s, err := z.Status(ctx, 2)
		return err == nil && s.ServerID == 7 && s.Commit >= 3
	}))
	if _, err := z.Call(ctx, 0, "one.zone.delserver", 0, 2); err != nil { // whose endpoint it has
		t.Fatal(err)
	}
	// Nobody sends it a heartbeat any more. It asks all servers but number 7 for their
	// votes, itself under its old number too, and may so become leader.
	ok(t, z.Wait(ctx, "an election by the server that was deleted", func(ctx context.Context) bool {
		s, err := z.Status(ctx, 2)
		return err == nil && s.State != Follower && s.Term > 1
	}))
	ok(t, z.Kill(2))
	must[int](t)(z.WaitLeader(ctx))
	if text := must[string](t)(z.Call(ctx, 1, "one.zone.info", 0)); strings.Count(text, "<SERVER>") != 2 {
		t.Errorf("zone after delserver: %s", text)
	}
}

// A follower that was away longer than the log is kept stays behind until it gets
// the leader's database and is reset.
func TestFollowerOutOfTheWindow(t *testing.T) {
	t.Parallel()
	timers := quick()
	timers.LogRetention, timers.LogPurge = 5, time.Second
	z, ctx := up(t, Options{Timers: timers, Seed: 7})
	leader := must[int](t)(z.WaitLeader(ctx))
	behind := (leader + 1) % 3
	write(ctx, t, z, leader, "n", "0")
	ok(t, z.Same(ctx, 0, 1, 2))

	ok(t, z.Kill(behind)) // and back within the window
	write(ctx, t, z, leader, "n", "1")
	ok(t, z.Start(behind))
	ok(t, z.Same(ctx, 0, 1, 2))

	ok(t, z.Kill(behind))
	for n := range 20 {
		write(ctx, t, z, leader, "n", fmt.Sprint(10+n))
	}
	ok(t, z.Wait(ctx, "a purge", func(ctx context.Context) bool {
		d, err := z.Database(ctx, leader)
		return err == nil && len(d.Log) == 5
	}))
	ok(t, z.Start(behind))
	ok(t, z.Wait(ctx, "the leader to give up", func(context.Context) bool { return len(since(t, z, leader, time.Time{}, "window")) > 0 }))
	waitState(ctx, t, z, behind, Follower)
	pause(ctx, 500*time.Millisecond) // ten heartbeats
	if s := must[Status](t)(z.Status(ctx, behind)); s.Index != 2 || s.State != Follower {
		t.Errorf("the follower that is behind: %+v", s)
	}

	ok(t, z.Kill(behind))
	ok(t, os.WriteFile(z.Path(behind, DatabaseFile), []byte(read(t, z.Path(leader, DatabaseFile))), 0o600))
	ok(t, z.Start(behind))
	waitState(ctx, t, z, behind, Follower)
	write(ctx, t, z, leader, "n", "99")
	if s := must[Status](t)(z.Status(ctx, behind)); s.Index != 22 {
		t.Errorf("the follower that was not reset: %+v", s)
	}
	must[string](t)(z.Call(ctx, leader, "one.zone.resetserver", 0, behind))
	write(ctx, t, z, leader, "n", "100")
	ok(t, z.Same(ctx, 0, 1, 2))
}

// A clock that jumps ahead by more than the timeout ends the patience of a follower.
func TestClockStepStartsAnElection(t *testing.T) {
	t.Parallel()
	z, ctx := up(t, Options{Seed: 8})
	leader := must[int](t)(z.WaitLeader(ctx))
	term := must[Status](t)(z.Status(ctx, leader)).Term
	ok(t, z.Wait(ctx, "a new term", func(ctx context.Context) bool {
		// Again and again: a heartbeat may come before the next look at the timers.
		if err := z.StepClock(ctx, (leader+1)%3, time.Hour); err != nil {
			t.Error(err)
		}
		s, err := z.Status(ctx, leader)
		return err == nil && s.Term > term
	}))
	must[int](t)(z.WaitLeader(ctx))
}
