package lease

import (
	"flag"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	large = flag.Bool("large", false, "enumerate the model with larger bounds too, up to 20 million states each: many minutes, gigabytes")
	only  = flag.String("model", "", "the only enumeration to run, also one of the larger")
	calm  = flag.Bool("liveness", true, "see also that all is well after the last fault")
)

// explored is the outcome of an enumeration.
type explored struct {
	states, steps, depth int
	trace                []string // to the first world that is wrong; nil if none is
	complete             bool
}

// link says how a state was found.
type link struct {
	parent uint32 // number of the state before
	nth    uint16 // of its successors
}

// explore enumerates all worlds breadth first, until there are more than most.
// check is called once for each.
func explore(b *bounds, most int, check func(*world) error) (x explored) {
	type id struct{ a, b uint64 } // two of several million states alike by chance: once in 10^25
	seedA, seedB := maphash.MakeSeed(), maphash.MakeSeed()
	seen := map[id]struct{}{}
	t := b.timers()
	var links []link // by number of state
	var level, next [][]byte
	add := func(w *world, l link) (added bool) {
		c := w.encode(make([]byte, 0, 160))
		k := id{maphash.Bytes(seedA, c), maphash.Bytes(seedB, c)}
		if _, old := seen[k]; old {
			return false
		}
		seen[k] = struct{}{}
		next, links = append(next, c), append(links, l)
		return true
	}
	add(fresh(b), link{})
	for first := 0; len(next) > 0; x.depth++ {
		level, next = next, nil
		for n, c := range level {
			number := uint32(first + n)
			nth := uint16(0)
			for s := range decode(c, t).successors(b) {
				x.steps++
				if l := (link{number, nth}); add(s, l) {
					if err := check(s); err != nil {
						x.states, x.trace = len(links), append(retrace(b, links), err.Error())
						return x
					}
				}
				nth++
			}
			level[n] = nil
		}
		first += len(level)
		if x.states = len(links); x.states > most {
			return x
		}
	}
	x.complete = true
	return x
}

// retrace walks from the first state to the last one and tells what happens.
func retrace(b *bounds, links []link) (lines []string) {
	var way []uint16
	for n := len(links) - 1; n != 0; n = int(links[n].parent) {
		way = append(way, links[n].nth)
	}
	slices.Reverse(way)
	w := fresh(b)
	for _, nth := range way {
		n := uint16(0)
		for s, what := range decode(w.encode(nil), b.timers()).successors(b) {
			if n == nth {
				w = s
				lines = append(lines, fmt.Sprintf("%s; the address is on %v", what(), w.holders()))
				break
			}
			n++
		}
	}
	return lines
}

// oneHolder is the claim: never do two servers have the address.
func oneHolder(w *world) error {
	if h := w.holders(); len(h) > 1 {
		return fmt.Errorf("servers %v have the address at the same time", h)
	}
	return nil
}

func leads(term uint64) Status   { return Status{Leader: true, Term: term} }
func follows(term uint64) Status { return Status{Follow: true, Term: term} }

// spread are the claims of two rivals: the leader of an old term, who may say a
// second time that it is, or that it is not any more, and the one of a new term.
func spread(b bounds, first, second int8) *bounds {
	b.claims = [servers][]Status{{leads(1), follows(2)}, {leads(2)}, {}}
	b.times = [servers]int8{first, second, 0}
	b.net = 2
	return &b
}

// enumerations are the bounds of the normal test. One bound for everything would be
// too large, so each lets something else happen.
var enumerations = []struct {
	name string
	*bounds
}{
	{"messages and pauses", spread(bounds{}, 2, 1)},
	{"voter restarts", spread(bounds{crashes: [servers]int8{0, 0, 1}}, 1, 1)},
	{"old leader restarts", spread(bounds{crashes: [servers]int8{1, 0, 0}}, 1, 1)},
	{"new leader restarts", spread(bounds{crashes: [servers]int8{0, 1, 0}}, 1, 1)},
	{"clocks differ, kernel is late", spread(bounds{late: unit, every: 3, fast: [servers]bool{false, true, true}}, 1, 1)},
	{"maintenance, slow orders", spread(bounds{stops: 1, slow: true}, 1, 1)},
	{"a server is added and leads", rivals(bounds{before: 1, after: 0, net: 2}, 0, 2)},
	{"the first server is removed", rivals(bounds{before: 0, after: 2, net: 1}, 0, 1)},
}

// rivals is spread for other servers, each of which says once that it is leader.
func rivals(b bounds, old, next int) *bounds {
	b.claims[old], b.times[old] = []Status{leads(1)}, 1
	b.claims[next], b.times[next] = []Status{leads(2)}, 1
	b.net = max(1, b.net)
	return &b
}

// wavering is an oned that is leader, follower and leader of the same term.
func wavering() *bounds {
	b := spread(bounds{}, 3, 1)
	b.claims[0] = []Status{leads(1), follows(1)}
	return b
}

// larger are the bounds of -large.
var larger = []struct {
	name string
	*bounds
}{
	{"large: oned wavers", wavering()},
	{"large: messages and pauses", spread(bounds{}, 3, 2)},
	{"large: anybody restarts", spread(bounds{crashes: [servers]int8{1, 1, 1}}, 1, 1)},
	{"large: clocks differ, kernel is late", spread(bounds{late: unit, every: 3, fast: [servers]bool{false, true, true}, crashes: [servers]int8{0, 0, 1}}, 2, 1)},
	{"large: a server is added", spread(bounds{before: 1, after: 0}, 2, 1)},
	{"large: the first server is removed", rivals(bounds{before: 0, after: 2, net: 2}, 0, 1)},
	{"large: the leader is removed", rivals(bounds{before: 0, after: 1, net: 2}, 2, 0)},
	{"large: the first server is removed, the others lead", rivals(bounds{before: 0, after: 2, net: 2}, 1, 2)},
	{"large: maintenance, slow orders", spread(bounds{stops: 1, slow: true}, 2, 1)},
}

// often is every how many worlds the liveness is tried.
const often = 32

func TestModel(t *testing.T) {
	list, most := enumerations, 2_000_000
	if *large || *only != "" {
		list, most = slices.Concat(list, larger), 20_000_000 // some 3 GB
	}
	states, steps, tried := 0, 0, 0
	for _, e := range list {
		if *only != "" && *only != e.name {
			continue
		}
		begin := time.Now()
		n := 0
		x := explore(e.bounds, most, func(w *world) error {
			if err := oneHolder(w); err != nil {
				return err
			}
			if n++; n%often != 0 || !*calm {
				return nil
			}
			tried++
			return w.settles(e.bounds, n/often%servers)
		})
		t.Logf("%-36s %8d states, %8d steps, depth %d, %s", e.name, x.states, x.steps, x.depth, time.Since(begin).Round(10*time.Millisecond))
		if x.trace != nil {
			t.Fatalf("%s:\n%s", e.name, strings.Join(x.trace, "\n"))
		}
		if !x.complete {
			t.Errorf("%s: not complete", e.name)
		}
		states, steps = states+x.states, steps+x.steps
	}
	if states == 0 {
		t.Fatalf("no enumeration is named %q", *only)
	}
	t.Logf("%d states, %d steps, liveness from %d states", states, steps, tried)
}

// settles lets all faults end, with one leader, and says what is wrong if it does
// not have the address after a promise and two rounds, or does not keep it.
func (w *world) settles(b *bounds, leader int) error {
	if w.guard[leader].stopping {
		return nil
	}
	quiet := *b
	quiet.net = 1000
	c := w.clone()
	if !slices.Contains(lists[b.after], leader) {
		return nil
	}
	for i := range servers {
		if c.hears(b, i) {
			c.rezone(i, &quiet)
		}
	}
	limit := int(b.quiet()/unit) + 2
	for n := range limit + 3 {
		for i := range servers {
			s := follows(9)
			if i == leader {
				s = leads(9)
			}
			s.Asked = c.now[i]
			c.obey(i, c.guard[i].Oned(c.now[i], s), quiet.net)
		}
		for busy, round := true, 0; busy; round++ {
			if round == 100 {
				return fmt.Errorf("leader %d: no end of orders and messages", leader)
			}
			busy = len(c.net) > 0
			for len(c.net) > 0 {
				c.deliver(0, quiet.net)
			}
			for i := range servers {
				if c.errand[i].order != Leave {
					c.work(i, &quiet)
					busy = true
				}
				if c.guard[i].Next() <= c.now[i] {
					c.obey(i, c.guard[i].Tick(c.now[i]), quiet.net)
					busy = true
				}
			}
			if err := oneHolder(c); err != nil {
				return err
			}
		}
		if h := c.holders(); n >= limit && (len(h) != 1 || h[0] != leader || c.guard[leader].address != present) {
			return fmt.Errorf("leader %d: %d seconds after the last fault the address is on %v", leader, n, h)
		}
		c.pass(&quiet)
	}
	return nil
}

// A program that does not keep to the contract breaks the claim: the model sees it.
func TestModelSeesBadInputOutput(t *testing.T) {
	for _, test := range []struct {
		name string
		io   inputOutput
	}{
		{"no timer around the system call", inputOutput{noTimer: true}},
		{"dropped is told before it is so", inputOutput{earlyClaim: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := explore(spread(bounds{io: test.io}, 2, 1), 1_000_000, oneHolder)
			if x.trace == nil {
				t.Fatalf("not seen in %d states", x.states)
			}
			t.Logf("seen after %d states, %d steps:\n%s", x.states, len(x.trace)-1, strings.Join(x.trace, "\n"))
		})
	}
}
