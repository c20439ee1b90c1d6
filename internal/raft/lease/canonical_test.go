package lease

import (
	"bytes"
	"slices"
	"testing"
)

// The canonical form of a world: bytes without what makes no difference. Times are
// counted from now and cut off where they have no effect any more; marks are replaced
// by their ranks, for only their order matters; messages are sorted.

// ranks gives the marks of one server their ranks.
type ranks struct {
	marks [32]Mark // sorted
	n     int
}

func (r *ranks) note(m Mark) {
	i := r.n
	for i > 0 && m.before(r.marks[i-1]) {
		i--
	}
	if m == (Mark{}) || i > 0 && r.marks[i-1] == m {
		return
	}
	copy(r.marks[i+1:], r.marks[i:r.n])
	r.marks[i] = m
	r.n++
}

// of returns incarnation and number, both as ranks, in a byte. The number 0 is 0.
func (r *ranks) of(m Mark) byte {
	inc, num := byte(0), byte(0)
	for i, o := range r.marks[:r.n] {
		if i == 0 || o.Incarnation != r.marks[i-1].Incarnation {
			inc, num = inc+1, 0
		}
		if o.Number > 0 {
			num++
		}
		if o == m {
			return inc<<5 | num
		}
	}
	return 0
}

func unrank(b byte) Mark { return Mark{uint64(b >> 5), uint64(b & 31)} }

// ahead encodes a time of which only what is left matters.
func ahead(t, now Time) byte {
	if t <= now {
		return 0
	}
	return byte((t - now + unit - 1) / unit)
}

// ago encodes a time that matters until it is a lease old.
func ago(t, now Time) byte {
	if t <= now-modelLease {
		return 255
	}
	return byte((now - t) / unit)
}

func unago(b byte) Time {
	if b == 255 {
		return never
	}
	return base - Time(b)*unit
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// prune loses the messages that cannot do anything any more: answers to questions
// older than a lease, refusals of earlier questions, and releases without news.
func (w *world) prune() {
	w.net = slices.DeleteFunc(w.net, func(m message) bool {
		g, now := &w.guard[m.to], w.now[m.to]
		if m.zone() != g.name {
			return false // it may come to that list
		}
		news := func(v *Voids) bool {
			for j := range g.ids {
				if g.voids[j].before(v[j]) {
					return true
				}
			}
			return false
		}
		switch m.kind {
		case 'a':
			a := m.answer
			useless := a.Granted && a.Sent <= now-modelLease || !a.Granted && a.Mark.Number != g.number
			return useless && !news(&a.Voids)
		case 'r':
			return !news(&m.rel.Voids)
		}
		return false
	})
}

// zone is the list of servers of a message.
func (m *message) zone() string {
	switch m.kind {
	case 'q':
		return m.ask.Zone
	case 'a':
		return m.answer.Zone
	}
	return m.rel.Zone
}

// byID calls do for every server, with its place in the tables of a list; -1: none.
func byID(list int, do func(id, place int)) {
	for id := range servers {
		do(id, slices.Index(lists[list], id))
	}
}

// encode appends the canonical form.
func (w *world) encode(buf []byte) []byte {
	w.prune()
	var r [servers]ranks
	noteAll := func(list int, v *Voids) {
		for j, id := range lists[list] {
			r[id].note(v[j])
		}
	}
	for i := range w.guard {
		g := &w.guard[i]
		r[i].note(Mark{g.inc, g.number})
		noteAll(g.listOf(), &g.voids)
		if g.until > w.now[i] && g.to != gone {
			r[g.ids[g.to]].note(g.mark)
		}
	}
	for k := range w.net {
		m := &w.net[k]
		list := slices.Index(listNames, m.zone())
		switch m.kind {
		case 'q':
			r[m.ask.From].note(m.ask.Mark)
			noteAll(list, &m.ask.Voids)
		case 'a':
			r[m.to].note(m.answer.Mark)
			noteAll(list, &m.answer.Voids)
		case 'r':
			noteAll(list, &m.rel.Voids)
		}
	}
	voids := func(buf []byte, list int, v *Voids) []byte {
		byID(list, func(id, place int) {
			if place < 0 {
				buf = append(buf, 0)
			} else {
				buf = append(buf, r[id].of(v[place]))
			}
		})
		return buf
	}

	buf = append(buf, byte(w.phase), byte(w.stops), byte(len(w.net)))
	for i := range servers {
		buf = append(buf, byte(w.claims[i])<<4|byte(w.crashes[i]))
	}
	for i := range w.guard {
		g, now, e := &w.guard[i], w.now[i], &w.errand[i]
		list := g.listOf()
		buf = append(buf, byte(list), r[i].of(Mark{g.inc, g.number}), ahead(g.quiet, now), byte(g.term))
		switch {
		case g.until <= now:
			buf = append(buf, 0)
		case g.to == gone:
			buf = append(buf, servers+1, 0, ahead(g.until, now))
		default:
			buf = append(buf, byte(g.ids[g.to])+1, r[g.ids[g.to]].of(g.mark), ahead(g.until, now))
		}
		buf = voids(buf, list, &g.voids)
		switch {
		case g.oned.Asked == never:
			buf = append(buf, 0)
		case !g.oned.Leader: // when is forgotten: it may say something else in the same instant
			buf = append(buf, 1)
		default:
			buf = append(buf, 2, byte(g.oned.Term), byte(min((now-g.oned.Asked)/unit, modelLease/unit)))
		}
		retry := byte(0)
		if g.retry != never {
			retry = 1 + ahead(g.retry, now)
		}
		refused, votes := byte(0), [servers]byte{255, 255, 255}
		for j, id := range g.ids {
			refused |= bit(g.refused[j]) << id
			votes[id] = ago(g.votes[j], now)
		}
		lease := byte(255)
		if g.lease != never {
			lease = ahead(g.lease, now)
		}
		buf = append(buf, retry, votes[0], votes[1], votes[2], refused,
			byte(g.address), lease, byte(g.order), bit(g.stopping),
			byte(e.order), ahead(e.until, now), byte(e.seconds/unit), bit(e.computed)|bit(e.done)<<1|bit(e.ok)<<2, ahead(w.end[i], now))
	}
	var all [8][]byte
	const most = 12 // bytes of a message
	var room [8 * most]byte
	sorted := all[:0]
	for k := range w.net {
		m := &w.net[k]
		list := slices.Index(listNames, m.zone())
		b := append(room[k*most:k*most:(k+1)*most], m.kind, byte(m.to), byte(list))
		switch m.kind {
		case 'q':
			b = append(b, byte(m.ask.From), r[m.ask.From].of(m.ask.Mark), byte(m.ask.Term), ago(m.ask.Sent, w.now[m.ask.From]))
			b = voids(b, list, &m.ask.Voids)
		case 'a':
			b = append(b, byte(m.answer.From), r[m.to].of(m.answer.Mark), byte(m.answer.Term), ago(m.answer.Sent, w.now[m.to]), bit(m.answer.Granted))
			b = voids(b, list, &m.answer.Voids)
		case 'r':
			b = append(b, byte(m.rel.From))
			b = voids(b, list, &m.rel.Voids)
		}
		sorted = append(sorted, b)
	}
	slices.SortFunc(sorted, bytes.Compare)
	for _, b := range sorted {
		buf = append(buf, b...)
	}
	return buf
}

// decode returns a world of a canonical form.
func decode(b []byte, t Timers) *world {
	w := &world{}
	next := func() byte { c := b[0]; b = b[1:]; return c }
	voids := func(list int) (v Voids) {
		byID(list, func(_, place int) {
			if mark := unrank(next()); place >= 0 {
				v[place] = mark
			}
		})
		return v
	}
	left := func() Time { return base + Time(next())*unit }
	w.phase, w.stops = int8(next()), int8(next())
	messages := int(next())
	for i := range servers {
		c := next()
		w.claims[i], w.crashes[i] = int8(c>>4), int8(c&15)
	}
	for i := range servers {
		list, own := int(next()), unrank(next())
		m := newModelGuard(t, i, list, own.Incarnation, base)
		g, e := &m, &w.errand[i]
		w.now[i] = base
		g.number, g.quiet, g.term = own.Number, left(), uint64(next())
		if to := next(); to > 0 {
			g.to, _ = g.index(int(to) - 1)
			g.mark, g.until = unrank(next()), left()
			if to == servers+1 {
				g.to = gone
			}
		}
		g.voids = voids(list)
		switch next() {
		case 1:
			g.oned = Status{Asked: base - unit, Follow: true}
		case 2:
			g.oned = Status{Leader: true, Term: uint64(next()), Asked: base - Time(next())*unit}
		}
		if retry := next(); retry > 0 {
			g.retry = base + Time(retry-1)*unit
		}
		byID(list, func(_, place int) {
			if vote := unago(next()); place >= 0 {
				g.votes[place] = vote
			}
		})
		refused := next()
		for j, id := range g.ids {
			g.refused[j] = refused>>id&1 == 1
		}
		g.address = presence(next())
		if lease := next(); lease == 255 {
			g.lease = never
		} else {
			g.lease = base + Time(lease)*unit
		}
		g.order, g.stopping = AddressOrder(next()), next() == 1
		e.order, e.until, e.seconds = AddressOrder(next()), left(), Time(next())*unit
		flags := next()
		e.computed, e.done, e.ok = flags&1 == 1, flags&2 == 2, flags&4 == 4
		w.end[i] = left()
		w.guard[i] = m
	}
	for range messages {
		m := message{kind: next(), to: int8(next())}
		list, from := int(next()), int(next())
		switch m.kind {
		case 'q':
			m.ask = &Ask{Zone: listNames[list], From: from, Mark: unrank(next()), Term: uint64(next()), Sent: unago(next()), Promise: t.Promise(), Voids: voids(list)}
		case 'a':
			m.answer = &Answer{Zone: listNames[list], From: from, Mark: unrank(next()), Term: uint64(next()), Sent: unago(next()), Granted: next() == 1, Voids: voids(list)}
		case 'r':
			m.rel = &Release{Zone: listNames[list], From: from, Voids: voids(list)}
		}
		w.net = append(w.net, m)
	}
	return w
}

// What the enumeration stores is all that it needs: on a walk through many worlds,
// decoding and encoding again changes nothing, and whatever may follow the real world
// may follow the stored one.
func TestCanonicalFormIsComplete(t *testing.T) {
	for after := range lists {
		canonicalFormIsComplete(t, after)
	}
}

func canonicalFormIsComplete(t *testing.T, after int) {
	b := spread(bounds{late: unit, every: 3, fast: [servers]bool{false, true, true}, crashes: [servers]int8{1, 1, 1}, stops: 1, slow: true, after: after}, 2, 2)
	w, seed := fresh(b), uint32(1)
	for n := range 8_000 {
		form := w.encode(nil)
		again := decode(form, b.timers())
		if second := again.encode(nil); !bytes.Equal(form, second) {
			t.Fatalf("step %d:\n%v\n%v", n, form, second)
		}
		stored := map[string]bool{}
		for s := range again.successors(b) {
			stored[string(s.encode(nil))] = true
		}
		var following []*world
		for s, what := range w.successors(b) {
			if !stored[string(s.encode(nil))] {
				t.Fatalf("step %d: from the stored world this cannot happen, or ends elsewhere: %s", n, what())
			}
			following = append(following, s)
		}
		seed = seed*1664525 + 1013904223
		w = following[int(seed>>8)%len(following)]
		if n%60 == 59 {
			w = fresh(b)
		}
	}
}
