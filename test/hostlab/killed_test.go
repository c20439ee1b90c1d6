package hostlab

import (
	"context"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab/labtest"
)

var killSeed = flag.Uint64("kill-seed", 0, "the seed of the kills; 0 is another each time")

const (
	// atOnce is how many hooks a round starts at the most; each is killed, and all run again.
	atOnce = 10
	// rounds bounds a test in which hooks end before they are killed.
	rounds = 30
	// spoken is how many lines a hook says at least of the machines of one host here, before
	// it comes to its end.
	spoken = 26
)

// killed: hooks die by SIGKILL at random moments, and are run again. Each machine is
// handled exactly once, and in every run the BMC says that the power is off before the
// first call that changes something.
func (s *site) killed(ctx context.Context, t *testing.T, rows []row) {
	seed, wanted := *killSeed, 20
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	if labtest.All("ONEHA_HOSTLAB") {
		wanted = 100
	}
	t.Logf("to replay: -kill-seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	kills := 0
	for round := 0; kills < wanted; round++ {
		if round == rounds {
			t.Fatalf("only %d hooks were killed before their end", kills)
		}
		kills += s.killedOnce(ctx, t, random, rows, min(atOnce, wanted-kills))
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d hooks were killed", kills)
}

// someMoment is among what a hook does at once or, now and then in its first half, while
// it waits for a BMC or for oned.
func someMoment(random *rand.Rand) *moment {
	m := &moment{line: 1 + random.IntN(spoken), delay: time.Duration(random.IntN(20_000)) * time.Microsecond}
	if m.line <= spoken/2 && random.IntN(2) == 0 {
		m.delay *= 50
	}
	return m
}

// killedOnce is a round of n hooks. It returns how many were killed before their end.
func (s *site) killedOnce(ctx context.Context, t *testing.T, random *rand.Rand, rows []row, n int) (kills int) {
	t.Helper()
	dead, hosts, moments := map[int][]row{}, []int{}, map[int]*moment{}
	for h := 1; h <= n; h++ {
		hosts = append(hosts, h)
		dead[h] = some(rows, h%4, 4)
		moments[h] = someMoment(random)
	}
	s.begin(ctx, t, dead)
	start := time.Now()
	var runs [2][hypervisors]run
	_ = each(hosts, func(h int) error { runs[0][h] = s.hook(ctx, h, 2, moments[h]); return nil })
	s.settled(ctx, t)
	_ = each(hosts, func(h int) error { runs[1][h] = s.hook(ctx, h, 2, nil); return nil })
	now, err := s.now(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts {
		if runs[0][h].code == -1 {
			kills++
		}
		off := s.cut(ctx, t, h, start)
		calls := s.changes(ctx, t, h)
		for i, r := range []run{runs[0][h], runs[1][h]} {
			if r.err != nil || i == 1 && r.code != 0 {
				t.Errorf("host %d, killed at %+v, run %d: exit code %d, %v\n%s", h, *moments[h], i+1, r.code, r.err, r.said)
			}
			change, is := first(calls, r.began)
			if !is || i == 0 && !change.Before(runs[1][h].began) {
				continue // this run changed nothing
			}
			seen := false
			for _, at := range s.chassis[h].seenOff() {
				seen = seen || at.After(r.began) && at.Before(change)
			}
			if !seen || !off.Before(change) {
				t.Errorf("host %d, killed at %+v, run %d: the first change at %s, the power was cut at %s and seen off at %v", h, *moments[h], i+1, change, off, s.chassis[h].seenOff())
			}
		}
		if err := became(t, now, calls, h, dead[h]); err != nil {
			t.Errorf("host %d, killed at %+v:\n%v\nfirst run:\n%s\nsecond run:\n%s", h, *moments[h], err, runs[0][h].said, runs[1][h].said)
		}
	}
	s.unharmed(ctx, t, now)
	return kills
}
