package soak

import (
	"math/rand/v2"
	"testing"
	"time"
)

const half = 30 * time.Minute

// made is a series of a look every five seconds.
func made(measure string, value func(minutes float64) float64) Series {
	s := Series{Key: Key{"somewhere", "something", measure}, Lives: 1}
	for at := time.Duration(0); at < half; at += 5 * time.Second {
		s.Points = append(s.Points, Point{at, value(at.Minutes())})
	}
	return s
}

// teeth is a heap under Go's collector: it climbs and falls by 2 MiB, here every 70
// seconds, with noise.
func teeth(random *rand.Rand) func(float64) float64 {
	return func(m float64) float64 {
		return 9000 + 2048*(m*60/70-float64(int(m*60/70))) + 300*random.NormFloat64()
	}
}

func TestFlatIsFlat(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		heap := teeth(random)
		for _, s := range []Series{
			made(anonymous, heap),
			made(anonymous, func(m float64) float64 { // begins small, then stays
				if m < 5 {
					return heap(m) - 4000 + 800*m
				}
				return heap(m)
			}),
			made(anonymous, func(m float64) float64 { // falls
				return heap(m) - 100*m
			}),
			made(anonymous, func(m float64) float64 { // a fault every fifth look costs much for a moment
				if random.IntN(5) == 0 {
					return heap(m) + 20000
				}
				return heap(m)
			}),
			made(descriptors, func(float64) float64 { return 9 + float64(random.IntN(4)) }),
			made(processes, func(float64) float64 { // sometimes one too many, sometimes being restarted
				return 1 + float64(random.IntN(10)/9) - float64(random.IntN(10)/9)
			}),
			made(threads, func(m float64) float64 { return 8 + float64(int(m/20)) }),
			made(zombies, func(float64) float64 { return float64(random.IntN(5) / 4) }),
		} {
			if f := judge(s, bounds[s.Measure], half); !f.Flat {
				t.Errorf("seed %d: %s is said to grow: %s", seed, s.Measure, f.Why)
			}
		}
	}
}

func TestGrowthIsFound(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 2))
		heap := teeth(random)
		for name, s := range map[string]Series{
			"4 KiB for each look":             made(anonymous, func(m float64) float64 { return heap(m) + 4*30*m }),
			"2 KiB for each look":             made(anonymous, func(m float64) float64 { return heap(m) + 2*30*m }),
			"1 MiB for each fault":            made(anonymous, func(m float64) float64 { return heap(m) + 1024*float64(int(m*60/75)) }),
			"a descriptor for each fault":     made(descriptors, func(m float64) float64 { return 9 + float64(random.IntN(4)) + float64(int(m*60/75)) }),
			"a descriptor for each fencing":   made(descriptors, func(m float64) float64 { return 9 + float64(int((m+5)/10)) }),
			"a thread for each fault":         made(threads, func(m float64) float64 { return 9 + float64(int(m*60/75)) }),
			"a process for each fencing":      made(processes, func(m float64) float64 { return float64(int((m + 5) / 10)) }),
			"a zombie that was there always":  made(zombies, func(float64) float64 { return 1 }),
			"a file for each fault":           made(files, func(m float64) float64 { return 40 + float64(int(m*60/75)) }),
			"a log without rotation":          made(size, func(m float64) float64 { return 60 * m }),
			"memory only in the last quarter": made(anonymous, func(m float64) float64 { return heap(m) + max(0, m-20)*200 }),
			"twice the bound":                 made(anonymous, func(m float64) float64 { return heap(m) + 68*m }),
		} {
			if f := judge(s, bounds[s.Measure], half); f.Flat {
				t.Errorf("seed %d: %s was not found: rise %.1f", seed, name, f.Rise)
			}
		}
	}
}

func TestAPartThatEndedIsNotFlat(t *testing.T) {
	s := made(anonymous, func(float64) float64 { return 9000 })
	s.Points = s.Points[len(s.Points)*2/3:] // began anew, ten minutes before the end
	if f := judge(s, bounds[anonymous], half); f.Flat {
		t.Error("a process that was not there for half of the time was taken for one that was watched")
	}
}

func TestMostIsHeld(t *testing.T) {
	s := made(size, func(m float64) float64 { return 9000 + 2*m })
	if f := judge(s, bound{most: 10 << 10}, half); !f.Flat {
		t.Errorf("it stays below: %s", f.Why)
	}
	s.Points[100].Value = 10<<10 + 1
	if f := judge(s, bound{most: 10 << 10}, half); f.Flat {
		t.Error("a value above the limit was not found")
	}
}

func TestSlope(t *testing.T) {
	var points []Point
	for i := range 2000 { // more than are compared pair by pair
		v := 3 + 0.25*float64(i)
		if i%4 == 0 {
			v = -1e6
		}
		points = append(points, Point{time.Duration(i) * time.Second, v})
	}
	if got := slope(points); got < 0.2 || got > 0.3 {
		t.Errorf("slope %g, want 0.25 in spite of a fourth that is wild", got)
	}
	for _, few := range [][]Point{nil, points[:1], {{time.Second, 1}, {time.Second, 2}}} {
		if got := slope(few); got != 0 {
			t.Errorf("slope of %d points at one time: %g, want 0", len(few), got)
		}
	}
}
