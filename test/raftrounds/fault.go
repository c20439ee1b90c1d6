package raftrounds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/oneha/oneha/test/fakezone"
)

// fault is one way to do harm.
type fault struct {
	name string
	// do does it, to a server; mend undoes what heal does not.
	do func(ctx context.Context, b *bed, server int, random *rand.Rand) error
}

// role is whom a fault is done to, as it is known only when it is done.
type role int

const (
	theLeader role = iota
	aFollower      // the first behind the leader
	another        // the second
)

// harm is a fault as a round has it: drawn ahead, so that the control gets the same.
type harm struct {
	fault
	role  role
	after time.Duration // from the begin of the round
	seed  uint64        // of what the fault draws itself
}

// round is what is done, for how long, and then how long nothing.
type round struct {
	harms []harm
	lasts time.Duration
	rest  time.Duration
}

// String names what is done.
func (r round) String() string {
	var all []string
	for _, h := range r.harms {
		all = append(all, fmt.Sprintf("%s of %s", h.name, [...]string{"leader", "follower", "other follower"}[h.role]))
	}
	return strings.Join(all, " + ")
}

// draw is round number n of a seed: one fault, or, every third time, two that overlap.
// The first rounds go through all faults once, in an order of their own.
func draw(seed uint64, n int) round {
	random := rand.New(rand.NewPCG(seed, uint64(n)))
	order := rand.New(rand.NewPCG(seed, 1<<32)).Perm(len(faults))
	r := empty(random)
	count := 1
	if n%3 == 2 {
		count = 2
	}
	for i := range count {
		h := faults[order[(n+i*7)%len(order)]].harm(random)
		if i > 0 {
			h.after = time.Duration(random.Int64N(int64(r.lasts)))
		}
		r.harms = append(r.harms, h)
	}
	return r
}

// empty is a round without faults, of a length that is drawn.
func empty(random *rand.Rand) round {
	return round{
		lasts: 3*time.Second + time.Duration(random.Int64N(int64(12*time.Second))),
		rest:  time.Duration(random.Int64N(int64(2 * time.Second))),
	}
}

// harm draws whom the fault is done to, and how: more often than not to the leader.
func (f fault) harm(random *rand.Rand) harm {
	h := harm{fault: f, role: theLeader, seed: random.Uint64()}
	if random.IntN(5) < 2 {
		h.role = role(1 + random.IntN(2))
	}
	return h
}

// faults are all that there are. In the control, what is done to guards does nothing.
var faults = []fault{
	{"kill of oned", func(_ context.Context, b *bed, id int, _ *rand.Rand) error { return b.kill(id) }},
	{"end of oned", func(_ context.Context, b *bed, id int, _ *rand.Rand) error { return b.end(id) }},
	{"freeze of oned", func(_ context.Context, b *bed, id int, _ *rand.Rand) error { return b.freeze(id) }},
	{"kill of guard", func(_ context.Context, b *bed, id int, r *rand.Rand) error {
		return b.toGuard(func(g *guards) error { return g.Kill(id, r.IntN(2) == 0) })
	}},
	{"end of guard", func(_ context.Context, b *bed, id int, r *rand.Rand) error {
		return b.toGuard(func(g *guards) error { return g.End(id, r.IntN(2) == 0) })
	}},
	{"freeze of guard", func(_ context.Context, b *bed, id int, r *rand.Rand) error {
		return b.toGuard(func(g *guards) error { return g.Freeze(id) })
	}},
	{"freeze of guard until its watchdog bites", func(_ context.Context, b *bed, id int, r *rand.Rand) error {
		return b.toGuard(func(g *guards) error {
			g.Watch(id)
			return g.Freeze(id)
		})
	}},
	{"freeze of oned and guard", func(_ context.Context, b *bed, id int, _ *rand.Rand) error {
		if err := b.toGuard(func(g *guards) error { return g.Freeze(id) }); err != nil {
			return err
		}
		return b.freeze(id)
	}},
	{"kill of oned and guard", func(_ context.Context, b *bed, id int, r *rand.Rand) error {
		if err := b.toGuard(func(g *guards) error { return g.Kill(id, r.IntN(2) == 0) }); err != nil {
			return err
		}
		return b.kill(id)
	}},
	{"cutting off", func(_ context.Context, b *bed, id int, _ *rand.Rand) error {
		b.cutPaths(b.z.Isolate(id)...)
		return nil
	}},
	{"cutting all apart", func(_ context.Context, b *bed, _ int, _ *rand.Rand) error {
		for id := range servers {
			b.cutPaths(b.z.Isolate(id)...)
		}
		return nil
	}},
	{"cutting off from one other", func(_ context.Context, b *bed, id int, r *rand.Rand) error {
		b.cutPaths(fakezone.Between(id, (id+1+r.IntN(servers-1))%servers)...)
		return nil
	}},
	{"deafness", func(_ context.Context, b *bed, id int, _ *rand.Rand) error {
		b.cutPaths(b.z.Deaf(id)...)
		return nil
	}},
	{"muteness", func(_ context.Context, b *bed, id int, _ *rand.Rand) error {
		b.cutPaths(b.z.Mute(id)...)
		return nil
	}},
	{"loss of frames", func(_ context.Context, b *bed, id int, r *rand.Rand) error {
		b.impair(fakezone.Impairment{Loss: 0.1 + 0.4*r.Float64()}, b.z.Isolate(id)...)
		return nil
	}},
	{"late frames", func(_ context.Context, b *bed, id int, r *rand.Rand) error {
		b.impair(fakezone.Impairment{Delay: time.Duration(5+r.IntN(20)) * time.Millisecond, Jitter: 10 * time.Millisecond}, b.z.Isolate(id)...)
		return nil
	}},
	// Longer than a guard waits for an answer, and than oned does.
	{"very late frames", func(_ context.Context, b *bed, id int, r *rand.Rand) error {
		b.impair(fakezone.Impairment{Delay: time.Duration(100+r.IntN(900)) * time.Millisecond, Jitter: 300 * time.Millisecond}, b.z.Isolate(id)...)
		return nil
	}},
	{"late hooks and kill", func(_ context.Context, b *bed, id int, r *rand.Rand) error {
		for server := range servers {
			if err := b.delayHooks(server, fmt.Sprintf("%.2f", 3*r.Float64())); err != nil {
				return err
			}
		}
		return b.kill(id)
	}},
	{"step of oned's clock", func(ctx context.Context, b *bed, id int, r *rand.Rand) error {
		by := time.Duration(r.Int64N(int64(2*time.Hour))) - time.Hour
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		err := b.z.StepClock(ctx, id, by)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, context.DeadlineExceeded), !b.z.Running(id):
			return nil // the other fault of the round has ended it, or hangs it: it has no clock to step
		}
		return fmt.Errorf("step clock: %w", err)
	}},
}

func (b *bed) toGuard(do func(*guards) error) error {
	if b.guards == nil {
		return nil
	}
	return do(b.guards)
}

// kill kills an oned, which another harm may have ended.
func (b *bed) kill(id int) error {
	if !b.z.Running(id) {
		return nil
	}
	return b.z.Kill(id)
}

// end tells an oned to end.
func (b *bed) end(id int) error {
	if !b.z.Running(id) {
		return nil
	}
	b.ending[id] = true
	return b.z.Stop(id)
}

func (b *bed) freeze(id int) error {
	if !b.z.Running(id) {
		return nil
	}
	b.mu.Lock()
	b.frozen[id] = true
	b.mu.Unlock()
	return b.z.Freeze(id)
}

func (b *bed) cutPaths(paths ...fakezone.Path) {
	b.unreached(paths)
	b.z.Cut(paths...)
}

// harmless is a delay with which guards still answer each other in time: four ways
// for a connection, a question and its answer, of 300 ms at most.
const harmless = 50 * time.Millisecond

func (b *bed) impair(i fakezone.Impairment, paths ...fakezone.Path) {
	if i.Loss > 0 || i.Delay+i.Jitter > harmless {
		b.unreached(paths)
	}
	b.z.Impair(i, paths...)
}

func (b *bed) unreached(paths []fakezone.Path) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range paths {
		b.cut[p] = true
	}
}

func (b *bed) delayHooks(id int, seconds string) error {
	return os.WriteFile(b.z.Path(id, delayFile), []byte(seconds), 0o644)
}

// victim is the server of a role now. Without a leader it is the first.
func (b *bed) victim(ctx context.Context, r role) int {
	leader, term := -1, -1
	for id, s := range b.statuses(ctx) {
		if s.State == fakezone.Leader && s.Term > term {
			leader, term = id, s.Term
		}
	}
	return (max(leader, 0) + int(r)) % servers
}

// heal mends everything.
func (b *bed) heal(ctx context.Context) error {
	b.z.Heal()
	b.mu.Lock()
	clear(b.cut)
	frozen := b.frozen
	b.mu.Unlock()
	for id := range servers {
		if err := b.delayHooks(id, ""); err != nil {
			return err
		}
		if err := b.toGuard(func(g *guards) error { return g.Raise(id) }); err != nil {
			return err
		}
		if frozen[id] && b.z.Running(id) {
			if err := b.z.Thaw(id); err != nil {
				return err
			}
		}
		if err := b.revive(ctx, id); err != nil {
			return err
		}
	}
	b.mu.Lock()
	b.frozen = [servers]bool{}
	b.mu.Unlock()
	return nil
}

// stopTime is how long an oned may take to end: a candidate never does.
const stopTime = 3 * time.Second

// revive starts an oned that has ended, or is about to.
func (b *bed) revive(ctx context.Context, id int) error {
	if b.ending[id] && b.z.Running(id) {
		ending, cancel := context.WithTimeout(ctx, stopTime)
		_, err := b.z.Ended(ending, id)
		cancel()
		if err != nil {
			if err := b.kill(id); err != nil {
				return err
			}
		}
	}
	b.ending[id] = false
	if b.z.Running(id) {
		return nil
	}
	return b.z.Start(id)
}
