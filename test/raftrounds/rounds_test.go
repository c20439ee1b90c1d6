package raftrounds

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// roundTime is more than a round takes, its end included.
const roundTime = 3 * time.Minute

// strictRounds is from how many rounds on a run is a measurement, on a machine that
// does little else: then Bound is what decides. Fewer are a test beside others, and a
// guard that gets no processor keeps no time: then leniency is added.
const (
	strictRounds = 50
	leniency     = 20 * time.Second
)

func variable(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		t.Fatalf("%s is %q, want a number above 0", name, text)
	}
	return n
}

// needRoot skips a test where there are no namespaces to be had.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() == 0 {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("fault rounds need root, for network namespaces")
	}
	t.Skip("fault rounds need root, for network namespaces")
}

// lane is a zone that goes through a part of the rounds: number first, first + step ...
type lane struct {
	kind
	first, step int
}

// TestRounds is the campaign: every round is done to a zone with guards and, as the
// control, to one with a hook like vip.sh.
func TestRounds(t *testing.T) {
	t.Parallel() // all of it waits
	needRoot(t)
	rounds := variable(t, "ONEHA_ROUNDS", 10)
	seed := uint64(variable(t, "ONEHA_SEED", 7)) // the same harm each time
	t.Logf("%d rounds of seed %d (ONEHA_ROUNDS, ONEHA_SEED)", rounds, seed)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rounds+1)*roundTime)
	defer cancel()
	p, err := build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	zones := 2 // of each sort; zones mostly wait
	if rounds >= strictRounds {
		zones = 4
	}
	var lanes []lane
	for i := range zones {
		lanes = append(lanes, lane{[]kind{modern, classic}[i%2], i, zones}, lane{control, i, zones})
	}
	all := map[string][]result{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, l := range lanes {
		wg.Go(func() {
			results := l.run(ctx, t, p, seed, rounds)
			mu.Lock()
			defer mu.Unlock()
			all[l.name] = append(all[l.name], results...)
		})
	}
	wg.Wait()
	t.Logf("\n%s", table(all))
	if sum(all[control.name]).two == 0 {
		t.Error("the control never had two holders: either its hook got better or the sampler sees nothing")
	}
}

// run does the lane's rounds to a zone of its own, and judges them unless it is the
// control.
func (l lane) run(ctx context.Context, t *testing.T, p programs, seed uint64, rounds int) (all []result) {
	b, err := l.up(ctx, p, seed)
	if err != nil {
		t.Errorf("%s: %v", l.name, err)
		return nil
	}
	ran := true
	defer func() {
		if !ran {
			t.Logf("%s:\n%s", l.name, b.logs())
		}
		if err := b.Close(); err != nil {
			t.Errorf("%s: %v", l.name, err)
		}
	}()
	for n := l.first; n < rounds; n += l.step {
		r := draw(seed, n)
		result, err := b.do(ctx, n, r)
		if err != nil {
			t.Errorf("%s: round %d: %v", l.name, n, err)
			ran = false
			return all
		}
		t.Logf("%s: round %d, %s for %v: %s", l.name, n, r, r.lasts.Round(100*time.Millisecond), result)
		all = append(all, result)
		if !l.control {
			ran = l.judge(t, result, rounds) && ran
		}
	}
	if two := b.record.between(time.Time{}, time.Now()).two; !l.control && two > sum(all).two {
		t.Errorf("%s: outside of the rounds, when the zone started or a round was over, two servers had the address, for %v", l.name, two-sum(all).two)
		ran = false
	}
	if l.control && l.first == 0 && sum(all).two == 0 {
		all = append(all, l.prove(ctx, t, b))
	}
	return all
}

// prove lets the control show what the sampler is to see, should no round have done
// so: a leader is cut off for so long that the others surely elect one.
func (l lane) prove(ctx context.Context, t *testing.T, b *bed) result {
	isolation := fault{"cutting off", func(_ context.Context, b *bed, id int, _ *rand.Rand) error {
		b.cutPaths(b.z.Isolate(id)...)
		return nil
	}}
	r, err := b.do(ctx, -1, round{harms: []harm{{fault: isolation}}, lasts: 40 * time.Second})
	if err != nil {
		t.Errorf("%s: %v", l.name, err)
	}
	return r
}

// judge fails the test for what must never be.
func (l lane) judge(t *testing.T, r result, rounds int) bool {
	limit := Bound(l.lease())
	if rounds < strictRounds {
		limit += leniency
	}
	good := true
	if r.two > 0 {
		t.Errorf("%s: round %d, %s: two servers had the address, for %v in all", l.name, r.number, r.round, r.two)
		good = false
	}
	for _, away := range r.away {
		if away > limit {
			t.Errorf("%s: round %d, %s: a leader by right was without the address for %v, more than %v", l.name, r.number, r.round, away, limit)
			good = false
		}
	}
	return good
}

// String is the figures of a round for people.
func (r result) String() string {
	return fmt.Sprintf("two holders %v, nobody %v, %d reigns, longest wait %v", r.two.Round(time.Millisecond), r.none.Round(10*time.Millisecond), r.reigns, quantile(r.away, 1))
}
