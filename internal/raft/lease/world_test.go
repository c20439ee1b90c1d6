package lease

import (
	"fmt"
	"iter"
	"slices"
	"time"
)

// The world of the model: three servers, each with a guard, the kernel that has its
// address, and a clock. A unit of time is a second. What may happen is bounded
// only where bounds says so; everything else may happen at any time, in any order,
// or never:
//
//   - time passes. The clocks of fast servers run by a third faster. The kernel drops
//     an address at the end of its lifetime, and as late as allowed. Nobody has to act
//     before time passes on, so every guard may pause between any two steps;
//   - an oned says that it is leader of an old term, or of a new one, or follower: any
//     of its claims at any time, for safety must not depend on it;
//   - a message arrives, whenever it was sent, and overtakes others, or never;
//   - an order for the address is carried out; its end is told later, if bounds say so;
//   - a guard dies, between any two steps, and starts anew; it is told to stop;
//   - a guard hears that a server was added to the zone, or removed from it: each at
//     any time, or never.
const servers = 3

// lists are the lists of servers that a zone may have. The last one moves what is
// known of a server to another place in the tables.
var lists = [][]int{{0, 1, 2}, {0, 1}, {1, 2}}

// listName are their names in messages.
var listNames = []string{fmt.Sprint(lists[0]), fmt.Sprint(lists[1]), fmt.Sprint(lists[2])}

// listOf is the number of the list that a guard has.
func (m *Machine) listOf() int { return slices.Index(listNames, m.name) }

// unit of the model's clocks.
const unit = Time(time.Second)

// base is what canonical clocks show.
const base = 1000 * unit

// modelLease lets two rounds of questions count at the same time.
const modelLease = 2 * unit

// bounds bound the enumeration.
type bounds struct {
	late    Time          // how late the kernel is
	fast    [servers]bool // clocks that make one unit more every so many units:
	every   int8
	claims  [servers][]Status
	times   [servers]int8 // that each oned may say something
	net     int           // messages under way
	slow    bool          // the end of an order is told later
	crashes [servers]int8
	stops   int8
	io      inputOutput

	before, after int // list of servers, and what it is changed to
}

// listAtFirst is the list of a server when all begins: one that is added has the new one.
func (b *bounds) listAtFirst(server int) int {
	if slices.Contains(lists[b.before], server) {
		return b.before
	}
	return b.after
}

// hears reports whether a guard may still hear of the new list. A server that is
// removed may never notice.
func (w *world) hears(b *bounds, server int) bool {
	return w.guard[server].listOf() != b.after && slices.Contains(lists[b.after], server)
}

// timers are small enough to enumerate, and nothing in them is rounded.
func (b *bounds) timers() Timers {
	t := Timers{Lease: modelLease.duration(), Renew: time.Second, Timeout: time.Second, Late: b.late.duration()}
	if b.every > 0 {
		t.Drift = 1 / float64(b.every)
	}
	t.Quiet = b.quiet().duration()
	return t
}

// quiet is the longest promise, by the clocks of the model and not by the formula.
func (b *bounds) quiet() Time {
	p := modelLease + b.late
	if b.every > 0 {
		p += (p/unit + Time(b.every) - 1) / Time(b.every) * unit
	}
	return p
}

// inputOutput is how the program around the machine behaves; the zero value is as
// it is told to.
type inputOutput struct {
	noTimer    bool // a pause between computing the lifetime and setting it goes unnoticed
	earlyClaim bool // "dropped" is told before it is done
}

// errand is an order for the address under way.
type errand struct {
	order    AddressOrder
	until    Time
	seconds  Time // computed lifetime, of a Hold
	computed bool
	done     bool // not told yet
	ok       bool
}

// message is one of three kinds.
type message struct {
	to     int8
	kind   byte // 'q', 'a', 'r'
	ask    *Ask // none is changed once it is sent
	answer *Answer
	rel    *Release
}

func (m *message) String() string {
	switch m.kind {
	case 'q':
		return fmt.Sprintf("question %v of %d, %s old, arrives at %d", m.ask.Mark, m.ask.From, (base - m.ask.Sent).duration(), m.to)
	case 'a':
		return fmt.Sprintf("answer (granted %t) of %d to question %v, arrives at %d", m.answer.Granted, m.answer.From, m.answer.Mark, m.to)
	}
	return fmt.Sprintf("release of %d arrives at %d", m.rel.From, m.to)
}

type world struct {
	guard   [servers]Machine
	errand  [servers]errand
	end     [servers]Time // of the address in the kernel, the latest
	now     [servers]Time
	phase   int8 // of the fast clocks
	net     []message
	claims  [servers]int8
	crashes [servers]int8
	stops   int8
}

func modelZone(t Timers, server, list int, inc uint64) *zone {
	z := &zone{Timers: t, ids: lists[list], quorum: majority(len(lists[list])), inc: inc, name: listNames[list]}
	z.self, _ = z.index(server)
	return z
}

func newModelGuard(t Timers, server, list int, inc uint64, now Time) Machine {
	m := start(modelZone(t, server, list, inc), now)
	m.query = 1 << 61 // the model does not wait for it
	return *m
}

// fresh is a world whose guards started long ago and hold nothing.
func fresh(b *bounds) *world {
	w := &world{}
	t := b.timers()
	for i := range servers {
		w.now[i] = base
		w.guard[i] = newModelGuard(t, i, b.listAtFirst(i), 1, base-100*unit)
		w.guard[i].address, w.guard[i].lease = absent, never
		w.end[i] = base
	}
	return w
}

func (w *world) clone() *world {
	c := *w
	c.net = slices.Clone(w.net)
	return &c
}

// holders are the servers that have the address.
func (w *world) holders() (list []int) {
	for i := range servers {
		if w.end[i] > w.now[i] {
			list = append(list, i)
		}
	}
	return list
}

func (w *world) send(m message, limit int) {
	if len(w.net) < limit {
		w.net = append(w.net, m)
	}
}

// obey takes the orders of guard i.
func (w *world) obey(i int, o Orders, limit int) {
	if o.Address != Leave {
		w.errand[i] = errand{order: o.Address, until: o.Until}
	}
	for _, id := range w.guard[i].ids {
		j := int8(id)
		if id == i {
			continue
		}
		if o.Release != nil {
			w.send(message{to: j, kind: 'r', rel: o.Release}, limit)
		}
		if o.Ask != nil {
			w.send(message{to: j, kind: 'q', ask: o.Ask}, limit)
		}
	}
}

// deliver takes message k from the network to its guard.
func (w *world) deliver(k, limit int) {
	m := w.net[k]
	w.net = slices.Delete(w.net, k, k+1)
	g, now := &w.guard[m.to], w.now[m.to]
	switch m.kind {
	case 'q':
		a, o := g.Asked(now, *m.ask)
		a.Wait = 0 // here everybody asks often enough
		w.obey(int(m.to), o, limit)
		w.send(message{to: int8(m.ask.From), kind: 'a', answer: &a}, limit)
	case 'a':
		w.obey(int(m.to), g.Answered(now, *m.answer), limit)
	case 'r':
		w.obey(int(m.to), g.Told(now, *m.rel), limit)
	}
}

// work does the next step of the errand of server i.
func (w *world) work(i int, b *bounds) {
	e, now := &w.errand[i], w.now[i]
	switch {
	case e.done:
		w.tell(i, b)
		return
	case e.order == Drop && b.io.earlyClaim:
		e.done, e.ok = true, true // and nothing is done
	case e.order == Drop:
		w.end[i], e.done, e.ok = now, true, true
	case b.io.noTimer && !e.computed:
		e.seconds, e.computed = max(0, e.until-now), true
	default:
		seconds := e.until - now
		if b.io.noTimer {
			seconds = e.seconds
		}
		if seconds > 0 {
			w.end[i], e.ok = now+seconds+b.late, true
		}
		e.done = true
	}
	if e.done && !b.slow {
		w.tell(i, b)
	}
}

// tell tells guard i how its errand ended.
func (w *world) tell(i int, b *bounds) {
	e := w.errand[i]
	w.errand[i] = errand{}
	if e.order == Hold {
		w.obey(i, w.guard[i].Held(w.now[i], e.ok), b.net)
	} else {
		w.obey(i, w.guard[i].Dropped(w.now[i], e.ok), b.net)
	}
}

// pass lets a unit of time pass.
func (w *world) pass(b *bounds) {
	for i := range servers {
		w.now[i] += unit
		if b.fast[i] && w.phase == 0 {
			w.now[i] += unit
		}
	}
	if b.every > 0 {
		w.phase = (w.phase + 1) % b.every
	}
}

func (w *world) crash(i int) {
	w.guard[i] = newModelGuard(w.guard[i].Timers, i, w.guard[i].listOf(), w.guard[i].inc+1, w.now[i])
	w.errand[i] = errand{}
}

// rezone gives guard i the new list. That a change comes soon after another is not
// looked at here: there is one.
func (w *world) rezone(i int, b *bounds) {
	g := &w.guard[i]
	w.obey(i, g.rezone(w.now[i], modelZone(g.Timers, i, b.after, g.inc)), b.net)
}

// successors are all worlds that may follow, each with what happened.
func (w *world) successors(b *bounds) iter.Seq2[*world, func() string] {
	return func(yield func(*world, func() string) bool) {
		on := true
		w.each(b, func(what func() string, do func(*world)) {
			if on {
				c := w.clone()
				do(c)
				on = yield(c, what)
			}
		})
	}
}

// each calls step for everything that may happen.
func (w *world) each(b *bounds, step func(what func() string, do func(*world))) {
	step(func() string { return "a second passes" }, func(c *world) { c.pass(b) })
	for i := range servers {
		if w.guard[i].Next() <= w.now[i] {
			step(func() string { return fmt.Sprintf("guard %d: tick", i) }, func(c *world) { c.obey(i, c.guard[i].Tick(c.now[i]), b.net) })
		}
		for _, s := range b.claims[i] {
			if w.claims[i] == b.times[i] {
				break
			}
			step(func() string { return fmt.Sprintf("oned %d says leader=%t term=%d", i, s.Leader, s.Term) }, func(c *world) {
				s.Asked = c.now[i]
				c.claims[i]++
				c.obey(i, c.guard[i].Oned(c.now[i], s), b.net)
			})
		}
		if w.errand[i].order != Leave {
			step(func() string { return fmt.Sprintf("server %d works on order %d", i, w.errand[i].order) }, func(c *world) { c.work(i, b) })
		}
		if w.crashes[i] < b.crashes[i] {
			step(func() string { return fmt.Sprintf("guard %d dies and starts", i) }, func(c *world) { c.crash(i); c.crashes[i]++ })
		}
		if w.hears(b, i) {
			step(func() string { return fmt.Sprintf("guard %d hears that the servers are %v", i, lists[b.after]) }, func(c *world) { c.rezone(i, b) })
		}
		if w.stops < b.stops && !w.guard[i].stopping {
			step(func() string { return fmt.Sprintf("guard %d is told to stop", i) }, func(c *world) { c.stops++; c.obey(i, c.guard[i].Stop(c.now[i]), b.net) })
		}
	}
	for k := range w.net {
		m := &w.net[k]
		step(func() string { return m.String() }, func(c *world) { c.deliver(k, b.net) })
		if len(w.net) == b.net { // otherwise losing it is the same as never delivering it
			step(func() string { return m.String() + ", no: it is lost" }, func(c *world) { c.net = slices.Delete(c.net, k, k+1) })
		}
	}
}
