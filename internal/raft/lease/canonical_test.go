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
		news := func(v *Voids) bool {
			for j := range servers {
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

// encode appends the canonical form.
func (w *world) encode(buf []byte) []byte {
	w.prune()
	var r [servers]ranks
	noteAll := func(v *Voids) {
		for j := range servers {
			r[j].note(v[j])
		}
	}
	for i := range w.guard {
		g := &w.guard[i]
		r[i].note(Mark{g.inc, g.number})
		noteAll(&g.voids)
		if g.until > w.now[i] {
			r[g.to].note(g.mark)
		}
	}
	for k := range w.net {
		switch m := &w.net[k]; m.kind {
		case 'q':
			r[m.ask.From].note(m.ask.Mark)
			noteAll(&m.ask.Voids)
		case 'a':
			r[m.to].note(m.answer.Mark)
			noteAll(&m.answer.Voids)
		case 'r':
			noteAll(&m.rel.Voids)
		}
	}
	voids := func(buf []byte, v *Voids) []byte { return append(buf, r[0].of(v[0]), r[1].of(v[1]), r[2].of(v[2])) }

	buf = append(buf, byte(w.phase), byte(w.stops), byte(len(w.net)))
	for i := range servers {
		buf = append(buf, byte(w.claims[i])<<4|byte(w.crashes[i]))
	}
	for i := range w.guard {
		g, now, e := &w.guard[i], w.now[i], &w.errand[i]
		buf = append(buf, r[i].of(Mark{g.inc, g.number}), ahead(g.quiet, now), byte(g.term))
		if g.until > now {
			buf = append(buf, byte(g.to)+1, r[g.to].of(g.mark), ahead(g.until, now))
		} else {
			buf = append(buf, 0)
		}
		buf = voids(buf, &g.voids)
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
		refused := bit(g.refused[0]) | bit(g.refused[1])<<1 | bit(g.refused[2])<<2
		lease := byte(255)
		if g.lease != never {
			lease = ahead(g.lease, now)
		}
		buf = append(buf, retry, ago(g.votes[0], now), ago(g.votes[1], now), ago(g.votes[2], now), refused,
			byte(g.address), lease, byte(g.order), bit(g.stopping),
			byte(e.order), ahead(e.until, now), byte(e.seconds/unit), bit(e.computed)|bit(e.done)<<1|bit(e.ok)<<2, ahead(w.end[i], now))
	}
	var all [8][]byte
	var room [8 * 12]byte
	sorted := all[:0]
	for k := range w.net {
		m := &w.net[k]
		b := append(room[k*12:k*12:(k+1)*12], m.kind, byte(m.to))
		switch m.kind {
		case 'q':
			b = append(b, byte(m.ask.From), r[m.ask.From].of(m.ask.Mark), byte(m.ask.Term), ago(m.ask.Sent, w.now[m.ask.From]))
			b = voids(b, &m.ask.Voids)
		case 'a':
			b = append(b, byte(m.answer.From), r[m.to].of(m.answer.Mark), byte(m.answer.Term), ago(m.answer.Sent, w.now[m.to]), bit(m.answer.Granted))
			b = voids(b, &m.answer.Voids)
		case 'r':
			b = append(b, byte(m.rel.From))
			b = voids(b, &m.rel.Voids)
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
	voids := func() Voids { return Voids{unrank(next()), unrank(next()), unrank(next())} }
	left := func() Time { return base + Time(next())*unit }
	w.phase, w.stops = int8(next()), int8(next())
	messages := int(next())
	for i := range servers {
		c := next()
		w.claims[i], w.crashes[i] = int8(c>>4), int8(c&15)
	}
	for i := range servers {
		own := unrank(next())
		m := newModelGuard(t, i, own.Incarnation, base)
		g, e := &m, &w.errand[i]
		w.now[i] = base
		g.number, g.quiet, g.term = own.Number, left(), uint64(next())
		if to := next(); to > 0 {
			g.to, g.mark, g.until = int8(to-1), unrank(next()), left()
		}
		g.voids = voids()
		switch next() {
		case 1:
			g.oned = Status{Asked: base - unit, Follow: true}
		case 2:
			g.oned = Status{Leader: true, Term: uint64(next()), Asked: base - Time(next())*unit}
		}
		if retry := next(); retry > 0 {
			g.retry = base + Time(retry-1)*unit
		}
		g.votes[0], g.votes[1], g.votes[2] = unago(next()), unago(next()), unago(next())
		refused := next()
		for j := range servers {
			g.refused[j] = refused>>j&1 == 1
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
		from := int(next())
		switch m.kind {
		case 'q':
			m.ask = &Ask{Zone: "z", From: from, Mark: unrank(next()), Term: uint64(next()), Sent: unago(next()), Promise: t.Promise(), Voids: voids()}
		case 'a':
			m.answer = &Answer{Zone: "z", From: from, Mark: unrank(next()), Term: uint64(next()), Sent: unago(next()), Granted: next() == 1, Voids: voids()}
		case 'r':
			m.rel = &Release{Zone: "z", From: from, Voids: voids()}
		}
		w.net = append(w.net, m)
	}
	return w
}

// What the enumeration stores is all that it needs: on a walk through many worlds,
// decoding and encoding again changes nothing, and whatever may follow the real world
// may follow the stored one.
func TestCanonicalFormIsComplete(t *testing.T) {
	b := spread(bounds{late: unit, every: 3, fast: [servers]bool{false, true, true}, crashes: [servers]int8{1, 1, 1}, stops: 1, slow: true}, 2, 2)
	w, seed := fresh(b), uint32(1)
	for n := range 20_000 {
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
