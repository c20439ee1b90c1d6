package raftrounds

import (
	"context"
	"slices"
	"testing"
	"time"
)

// hangs is how often the test lets a leader hang.
const hangs = 3

// TestKernelTakesAddressFromHungLeader stops all that could take the address from a
// server: its oned and its guard. The kernel does it.
func TestKernelTakesAddressFromHungLeader(t *testing.T) {
	t.Parallel() // all of it waits
	needRoot(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	p, err := build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := modern.up(ctx, p, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if t.Failed() {
			t.Log(b.logs())
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}()
	begin := time.Now()
	var took, heirs []time.Duration
	for range hangs {
		gone, heir := b.hang(ctx, t)
		took, heirs = append(took, gone), append(heirs, heir)
	}
	f := b.record.between(begin, time.Now())
	t.Logf("the kernel removed the address %v after both stood still, the heir had it after %v; two holders for %v", took, heirs, f.two)
	if f.two > 0 {
		t.Error("two servers had the address")
	}
	// The lease counts from a question that was before the harm. The rest is for a
	// machine that is busy: the kernel's own timer does not come late by seconds.
	limit := b.lease().Lease + b.lease().Late + 5*time.Second
	if slowest := slices.Max(took); slowest > limit {
		t.Errorf("the address stayed for %v, more than %v", slowest, limit)
	}
}

// hang freezes the leader with its guard, waits until another has the address, and
// mends it. It returns how long the address was still there, and how long until the
// heir had it.
func (b *bed) hang(ctx context.Context, t *testing.T) (gone, heir time.Duration) {
	t.Helper()
	if err := b.settle(ctx); err != nil {
		t.Fatal(err)
	}
	leader := b.victim(ctx, theLeader)
	if err := b.guards.Freeze(leader); err != nil {
		t.Fatal(err)
	}
	if err := b.freeze(leader); err != nil {
		t.Fatal(err)
	}
	frozen := time.Now()
	holds := func(want func([]int) bool) func(context.Context) bool {
		return func(context.Context) bool {
			seen, err := b.sample.Seen()
			return err == nil && want(seen.Holders())
		}
	}
	// The looks between tell the time; this only waits for the last.
	if err := b.z.Wait(ctx, "an heir", holds(func(ids []int) bool { return len(ids) > 0 && !slices.Contains(ids, leader) })); err != nil {
		t.Fatal(err)
	}
	seen, err := b.sample.Seen()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range seen.Spans {
		switch {
		case s.Server == leader && s.Last.After(frozen):
			gone = s.Last.Sub(frozen)
		case s.Server != leader && s.First.After(frozen):
			heir = s.First.Sub(frozen)
		}
	}
	if !b.stands(leader) {
		t.Error("the server that was frozen does not stand still any more: its own guard may have removed the address")
	}
	if err := b.heal(ctx); err != nil {
		t.Fatal(err)
	}
	return gone, heir
}

// stands reports whether both processes of a server still stand still.
func (b *bed) stands(id int) bool {
	b.guards.mu.Lock()
	defer b.guards.mu.Unlock()
	return b.guards.each[id].Running() && still(b.guards.each[id].PID()) && b.z.Running(id)
}
