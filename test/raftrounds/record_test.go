package raftrounds

import (
	"slices"
	"testing"
	"time"
)

func TestBoundIsArithmetic(t *testing.T) {
	for _, k := range []kind{modern, classic} {
		l := k.lease()
		if err := l.Check(); err != nil {
			t.Error(err)
		}
		// A promise and two rounds, in milliseconds: 4335 + 2 * (800 + 300), 3315 + 2 * (500 + 200).
		want := map[string]time.Duration{modern.name: 6535 * time.Millisecond, classic.name: 4715 * time.Millisecond}[k.name]
		if got := Bound(l); got != want+sampleEvery {
			t.Errorf("%s: bound %v, want %v", k.name, got, want+sampleEvery)
		}
	}
}

func TestRecord(t *testing.T) {
	zero := time.Unix(1000, 0)
	at := func(ms int) time.Time { return zero.Add(time.Duration(ms) * time.Millisecond) }
	r := newRecord(zero)
	holders := func(ms int) []int {
		switch {
		case ms < 1000:
			return []int{0}
		case ms < 1500:
			return nil
		case ms < 2000:
			return []int{1}
		case ms < 2100:
			return []int{1, 2}
		case ms < 3000:
			return nil
		default:
			return []int{2}
		}
	}
	for ms := 20; ms <= 4000; ms += 20 {
		if ms <= 2500 || ms >= 2800 { // the sampler was kept from looking
			r.look(at(ms), holders(ms))
		}
	}
	for ms := 0; ms < 4000; ms += 100 {
		leader := -1
		switch {
		case ms < 900:
			leader = 0
		case ms >= 1200 && ms < 1900:
			leader = 1
		case ms >= 2200 && ms != 3500:
			leader = 2
		}
		r.rightful(at(ms), leader, 1)
	}
	f := r.between(zero, at(4000))
	want := figures{two: 100 * time.Millisecond, none: 1420 * time.Millisecond, excluded: 1, gap: 300 * time.Millisecond, reigns: 4,
		away: []time.Duration{20 * time.Millisecond, 300 * time.Millisecond, 0}} // the first look came after 20 ms
	if f.two != want.two || f.none != want.none || f.excluded != want.excluded || f.gap != want.gap || f.reigns != want.reigns || !slices.Equal(f.away, want.away) {
		t.Errorf("got %+v, want %+v", f, want)
	}
	if f := r.between(at(2500), at(4000)); f.two != 0 || f.none != 500*time.Millisecond {
		t.Errorf("of the end: %+v", f)
	}
}

func TestRounds100GoThroughAllFaults(t *testing.T) {
	for seed := range uint64(5) {
		seen, pairs := map[string]bool{}, 0
		for n := range 100 {
			r := draw(seed, n)
			for _, h := range r.harms {
				seen[h.name] = true
			}
			if len(r.harms) == 2 {
				pairs++
			}
			if again := draw(seed, n); again.String() != r.String() || again.lasts != r.lasts {
				t.Errorf("seed %d: round %d is another one when drawn again", seed, n)
			}
		}
		if len(seen) != len(faults) || pairs != 33 {
			t.Errorf("seed %d: %d of %d faults in 100 rounds, %d pairs", seed, len(seen), len(faults), pairs)
		}
	}
}
