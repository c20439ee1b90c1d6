package lease

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var rounds = flag.Int("rounds", 3000, "rounds of faults in the random simulation of five servers")

// The simulation runs five servers with the default timers through random faults:
// what the model leaves out in size, it has in length. Its steps are of 10 ms; every
// clock is up to 1 % wrong, messages take up to 30 ms, sometimes a second, the
// kernel is late by up to what is allowed, and oned behaves as it was seen to: a
// leader without majority stays leader until it meets a later term.
type simulation struct {
	t      *testing.T
	rnd    *rand.Rand
	now    time.Duration // true time
	nodes  []*simNode
	events []simEvent
	term   uint64

	leaderSince time.Duration
	holds       int // that the address moved to
	trace       []string
}

type simNode struct {
	id      int
	rate    float64
	offset  time.Duration
	guard   *Machine // nil: dead
	life    int      // counts starts; what was meant for another life is not for this one
	paused  time.Duration
	end     time.Duration // of the address, true time
	oned    bool          // it runs
	leader  bool
	term    uint64
	heard   time.Duration // the leader, or it voted
	timeout time.Duration // until it is a candidate
	cut     int           // side of the partition; -1: connected with all
	running bool          // services
	inc     uint64
}

// simEvent happens on a node, unless its guard died since; it waits for a pause to end.
type simEvent struct {
	at   time.Duration
	node *simNode
	life int
	do   func()
}

const simStep = 10 * time.Millisecond

var simElection = Election{ElectionTimeout: 5 * time.Second, BroadcastTimeout: 500 * time.Millisecond}

func (n *simNode) clock(now time.Duration) Time {
	return Time(n.offset + time.Duration(float64(now)*n.rate))
}

func (s *simulation) after(n *simNode, d time.Duration, do func()) {
	s.events = append(s.events, simEvent{s.now + max(d, simStep), n, n.life, do})
}

func (s *simulation) random(most time.Duration) time.Duration {
	return time.Duration(s.rnd.Int64N(int64(most) + 1))
}

func (s *simulation) connected(a, b *simNode) bool { return a.cut == b.cut || a.cut < 0 || b.cut < 0 }

// travel is how long a message takes; false: it is lost.
func (s *simulation) travel(from, to *simNode) (time.Duration, bool) {
	if !s.connected(from, to) || s.rnd.IntN(100) == 0 {
		return 0, false
	}
	if s.rnd.IntN(100) == 0 {
		return s.random(time.Second), true
	}
	return s.random(30 * time.Millisecond), true
}

func (s *simulation) start(n *simNode) {
	n.inc++
	n.life++
	g, err := New(Config{Server: n.id, Servers: []int{0, 1, 2, 3, 4}, Incarnation: n.inc, Timers: Default()}, n.clock(s.now))
	if err != nil {
		s.t.Fatal(err)
	}
	n.guard = g
}

func (s *simulation) kill(n *simNode) {
	n.guard, n.paused = nil, 0
	n.life++
}

func (s *simulation) obey(n *simNode, o Orders) {
	s.address(n, o)
	for _, to := range s.nodes {
		if to == n {
			continue
		}
		if r := o.Release; r != nil {
			if d, ok := s.travel(n, to); ok {
				s.after(to, d, func() { s.obey(to, to.guard.Told(to.clock(s.now), *r)) })
			}
		}
		if q := o.Ask; q != nil {
			if d, ok := s.travel(n, to); ok {
				s.after(to, d, func() {
					a, orders := to.guard.Asked(to.clock(s.now), *q)
					s.obey(to, orders)
					if d, ok := s.travel(to, n); ok {
						s.after(n, d, func() { s.obey(n, n.guard.Answered(n.clock(s.now), a)) })
					}
				})
			}
		}
	}
	if o.Query {
		asked := n.clock(s.now)
		s.after(n, s.random(20*time.Millisecond), func() {
			st := Status{Asked: asked, Leader: n.oned && n.leader, Follow: n.oned && !n.leader, Term: n.term}
			s.after(n, s.random(10*time.Millisecond), func() { s.obey(n, n.guard.Oned(n.clock(s.now), st)) })
		})
	}
	switch o.Services {
	case Start:
		if n.end <= s.now && !n.guard.lost(n.clock(s.now)) {
			s.t.Errorf("%s: services of %d are started before the address", s.now, n.id)
		}
		n.running = true
	case Stop:
		n.running = false
	}
}

// address carries out an order for the address, as the package comment says.
func (s *simulation) address(n *simNode, o Orders) {
	switch o.Address {
	case Hold:
		set := SettingFor(o.Until, n.clock(s.now))
		s.after(n, s.random(20*time.Millisecond), func() {
			if set.Seconds > 0 && n.clock(s.now) >= set.By { // the timer went off in the pause
				s.kill(n)
				s.start(n)
				return
			}
			if set.Seconds > 0 {
				if n.end <= s.now {
					s.holds++
				}
				life := time.Duration(set.Seconds)*time.Second + s.random(Default().Late)
				n.end = s.now + time.Duration(float64(life)/n.rate)
			}
			s.after(n, s.random(10*time.Millisecond), func() { s.obey(n, n.guard.Held(n.clock(s.now), set.Seconds > 0)) })
		})
	case Drop:
		s.after(n, s.random(20*time.Millisecond), func() {
			ok := s.rnd.IntN(20) > 0
			if ok {
				n.end = s.now
			}
			s.after(n, s.random(10*time.Millisecond), func() { s.obey(n, n.guard.Dropped(n.clock(s.now), ok)) })
		})
	}
}

// raft elects: whoever hears no leader for its timeout asks all, and becomes leader
// if a majority of oneds is reached. A leader steps down only for a later term.
func (s *simulation) raft() {
	for _, l := range s.nodes {
		if !l.oned || !l.leader {
			continue
		}
		for _, n := range s.nodes {
			if n == l || !n.oned || !s.connected(l, n) {
				continue
			}
			if n.term > l.term {
				l.leader, l.term, l.heard = false, n.term, s.now
				break
			}
			n.term, n.leader, n.heard = l.term, n.leader && n.term == l.term, s.now-s.random(simElection.BroadcastTimeout)
		}
	}
	for _, n := range s.nodes {
		if !n.oned || n.leader || s.now-n.heard < n.timeout {
			continue
		}
		n.heard, n.timeout = s.now, simElection.ElectionTimeout+s.random(simElection.ElectionTimeout)
		votes := 0
		for _, v := range s.nodes {
			if v.oned && s.connected(n, v) {
				votes++
			}
		}
		s.term++
		n.term = s.term // of a candidate, too
		if votes > len(s.nodes)/2 {
			n.leader, s.leaderSince = true, s.now
		}
	}
}

// step lets 10 ms pass.
func (s *simulation) step() {
	s.now += simStep
	s.raft()
	due := s.events
	s.events = nil
	for _, e := range due {
		switch {
		case e.life != e.node.life || e.node.guard == nil:
		case e.at > s.now || e.node.paused > s.now:
			s.events = append(s.events, e)
		default:
			e.do()
		}
	}
	holders := 0
	for _, n := range s.nodes {
		if n.guard != nil && n.paused <= s.now && n.guard.Next() <= n.clock(s.now) {
			s.obey(n, n.guard.Tick(n.clock(s.now)))
		}
		if n.end > s.now {
			holders++
		}
	}
	if holders > 1 {
		s.t.Fatalf("%s: %d servers have the address; faults: %v", s.now, holders, s.trace)
	}
}

// fault does something to some node.
func (s *simulation) fault() {
	n := s.nodes[s.rnd.IntN(len(s.nodes))]
	if s.rnd.IntN(2) == 0 { // more often to a leader
		if i := slices.IndexFunc(s.nodes, func(n *simNode) bool { return n.leader }); i >= 0 {
			n = s.nodes[i]
		}
	}
	kind := s.rnd.IntN(7)
	s.trace = append(s.trace, time.Duration(s.now).String()+" "+[]string{"guard killed", "guard paused", "machine dead", "oned dead", "partition", "isolated", "oned hands over"}[kind])
	switch kind {
	case 0:
		s.kill(n)
		if s.rnd.IntN(2) == 0 {
			s.start(n)
		}
	case 1:
		n.paused = s.now + s.random(8*time.Second)
	case 2:
		s.kill(n)
		n.oned, n.leader, n.end = false, false, 0
	case 3:
		n.oned, n.leader = false, false
	case 4:
		for _, n := range s.nodes {
			n.cut = s.rnd.IntN(3) - 1 // -1 reaches both sides
		}
	case 5:
		for _, o := range s.nodes {
			o.cut = 0
		}
		n.cut = 1
	case 6:
		n.leader, n.heard = false, s.now
	}
}

func (s *simulation) heal() {
	for _, n := range s.nodes {
		n.cut = 0
		if !n.oned {
			n.oned, n.heard = true, s.now
		}
		if n.guard == nil {
			s.start(n)
		}
		n.paused = min(n.paused, s.now)
	}
	s.trace = nil
}

// served reports whether the one leader of the latest term has the address and the services.
func (s *simulation) served() bool {
	var leaders []*simNode
	for _, n := range s.nodes {
		if n.leader {
			leaders = append(leaders, n)
		}
	}
	return len(leaders) == 1 && leaders[0].end > s.now && leaders[0].running
}

func TestRandomFaults(t *testing.T) {
	const seed = 7
	s := &simulation{t: t, rnd: rand.New(rand.NewPCG(seed, 1))}
	for i := range 5 {
		n := &simNode{id: i, rate: 0.99 + 0.02*s.rnd.Float64(), offset: s.random(1000 * time.Hour), oned: true, timeout: simElection.ElectionTimeout + s.random(simElection.ElectionTimeout)}
		s.nodes = append(s.nodes, n)
		s.start(n)
	}
	var slowest time.Duration
	for range *rounds {
		for range 1 + s.rnd.IntN(4) {
			s.fault()
			for end := s.now + s.random(6*time.Second); s.now < end; {
				s.step()
			}
		}
		s.heal()
		healed, election := s.now, 2*simElection.ElectionTimeout+simElection.BroadcastTimeout
		// A guard that starts now is quiet, and some majority may need it.
		bound := max(Default().Quiet, Default().Promise(), election) + election + tolerable
		for !s.served() {
			if s.step(); s.now-healed > bound {
				t.Fatalf("%s after the last fault the leader does not have the address", s.now-healed)
			}
		}
		since := max(healed, s.leaderSince)
		slowest = max(slowest, s.now-since)
		for end := s.now + 5*time.Second; s.now < end; {
			if s.step(); !s.served() && s.now-s.leaderSince > 3*time.Second && s.now-healed > bound {
				t.Fatalf("%s: the leader lost the address without a fault", s.now)
			}
		}
	}
	t.Logf("%d rounds, %s of time, the address came up %d times; after the last fault, or the election after it, the address was up within %s", *rounds, s.now.Round(time.Second), s.holds, slowest.Round(simStep))
}

// With everybody there, a leader that follows another has the address within 1.5 s.
func TestRandomHandovers(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(s *simulation, old *simNode)
	}{
		{"oned steps down", func(_ *simulation, old *simNode) { old.leader = false }},
		{"machine dies", func(s *simulation, old *simNode) {
			s.kill(old)
			old.oned, old.leader, old.end = false, false, 0
		}},
		{"guard hangs and oned dies", func(s *simulation, old *simNode) { old.paused, old.oned, old.leader = s.now+time.Hour, false, false }},
		{"isolated", func(s *simulation, old *simNode) { old.cut = 1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			var worst time.Duration
			for seed := range uint64(20) {
				s := &simulation{t: t, rnd: rand.New(rand.NewPCG(seed, 2))}
				for i := range 5 {
					n := &simNode{id: i, rate: 0.99 + 0.02*s.rnd.Float64(), oned: true, timeout: simElection.ElectionTimeout + s.random(simElection.ElectionTimeout)}
					s.nodes = append(s.nodes, n)
					s.start(n)
				}
				for s.now < 20*time.Second || !s.served() {
					s.step()
				}
				old := s.nodes[slices.IndexFunc(s.nodes, func(n *simNode) bool { return n.leader })]
				test.do(s, old)
				old.timeout = time.Hour // another one is to lead
				for old.heard = s.now; s.now < 2*time.Minute; {
					s.step()
					i := slices.IndexFunc(s.nodes, func(n *simNode) bool { return n != old && n.leader })
					if i >= 0 && s.nodes[i].end > s.now {
						break
					}
				}
				worst = max(worst, s.now-s.leaderSince)
			}
			t.Logf("from the election to the address: at most %s", worst)
			if worst > tolerable {
				t.Errorf("the new leader waited %s for the address, want at most %s", worst, tolerable)
			}
		})
	}
}
