package lease

import (
	"fmt"
	"slices"
	"time"
)

// Machine is one guard: it votes for others and, while the local oned is leader,
// asks others to vote for it.
type Machine struct {
	*zone
	voter

	oned    Status // Asked is never before the first answer
	number  uint64 // of the last question
	asked   Time   // when that was
	retry   Time   // ask again then, never: when oned says leader the next time
	votes   [MaxServers]Time
	refused [MaxServers]bool // the last question
	query   Time             // ask oned again then

	address  presence
	lease    Time // deadline of the last Hold
	rest     Time // no order for the addresses before, never: none failed
	order    AddressOrder
	stopping bool
	running  bool // services were told to start
	settled  Time // the list of servers may be changed from then on
}

// presence is what is known of the addresses.
type presence uint8

const (
	unknown presence = iota // from an earlier incarnation, or after an error
	present
	absent // proved
)

// New returns a guard that has just started. It does not know whether an earlier
// one left the addresses behind: a leader takes them over, otherwise they are
// dropped. What cannot be used is an error.
func New(c Config, now Time) (*Machine, error) {
	z, err := newZone(c)
	if err != nil {
		return nil, err
	}
	return start(z, now), nil
}

func start(z *zone, now Time) *Machine {
	m := &Machine{
		zone:  z,
		voter: voter{quiet: now.add(z.Quiet), until: never},
		oned:  Status{Asked: never}, asked: never, retry: never, query: now,
		lease: now.add(z.Lease), rest: never, settled: now.add(z.Quiet),
	}
	m.forgetVotes()
	return m
}

// Next returns when Tick is to be called at the latest.
func (m *Machine) Next() Time {
	next := m.query
	switch {
	case m.address == absent || m.order != Leave:
	case m.rest != never:
		next = min(next, m.rest)
	default:
		next = min(next, m.lease)
	}
	if m.retry != never {
		next = min(next, m.retry)
	}
	return next
}

// Tick tells that time has passed.
func (m *Machine) Tick(now Time) (o Orders) {
	if m.query <= now {
		o.Query = true
		m.query = now.add(m.Renew)
	}
	m.settle(now, &o)
	return o
}

// Oned takes what the local oned said. Answers that were overtaken by later ones
// do nothing.
func (m *Machine) Oned(now Time, s Status) (o Orders) {
	if s.Asked <= m.oned.Asked || s.Asked > now {
		return o
	}
	if s.Term != m.oned.Term || !s.Leader {
		m.forgetVotes()
	}
	m.oned = s
	if s.Leader || s.Follow {
		m.term = max(m.term, s.Term)
	}
	m.retry = now
	m.settle(now, &o)
	return o
}

// Asked answers the question of another guard.
func (m *Machine) Asked(now Time, q Ask) (a Answer, o Orders) {
	from, known := m.index(q.From)
	if !known || from == m.self || q.Zone != m.name {
		return Answer{Zone: m.name, From: m.ids[m.self], Mark: q.Mark, Term: q.Term, Sent: q.Sent, Why: OtherZone}, o
	}
	m.heed(now, &q.Voids)
	m.term = max(m.term, q.Term)
	a = m.vote(m.zone, now, from, &q)
	m.settle(now, &o) // the question may tell of a later term
	a.Voids = m.voids
	return a, o
}

// Answered takes the answer of another guard.
func (m *Machine) Answered(now Time, a Answer) (o Orders) {
	from, known := m.index(a.From)
	if !known || from == m.self || a.Zone != m.name || a.Mark.Incarnation != m.inc {
		return o
	}
	m.heed(now, &a.Voids)
	switch {
	case !m.voids[m.self].before(a.Mark): // withdrawn since
	case a.Granted:
		if a.Term == m.oned.Term && a.Sent <= now {
			m.votes[from] = max(m.votes[from], a.Sent)
		}
	case a.Mark.Number == m.number:
		m.refused[from] = true
		if a.Wait > 0 {
			m.askAt(now.add(a.Wait))
		}
	}
	m.settle(now, &o)
	return o
}

// Told takes the release of another guard.
func (m *Machine) Told(now Time, r Release) (o Orders) {
	if _, known := m.index(r.From); !known || r.Zone != m.name {
		return o
	}
	m.heed(now, &r.Voids)
	if m.address != present {
		m.askAt(now) // others may have waited for this
	}
	m.settle(now, &o)
	return o
}

// Held tells how a Hold ended. false: not all addresses were set, or there was no
// second left.
func (m *Machine) Held(now Time, ok bool) (o Orders) {
	m.order, m.address = Leave, present
	if !ok {
		m.address, m.rest = unknown, now.add(m.Retry)
	}
	m.settle(now, &o)
	if ok && o.Address != Drop && !m.running {
		m.running, o.Services = true, Start
	}
	return o
}

// Dropped tells how a Drop ended. true: a dump showed none of the addresses.
func (m *Machine) Dropped(now Time, ok bool) (o Orders) {
	m.order = Leave
	if !ok {
		m.address, m.rest = unknown, now.add(m.Retry)
		m.settle(now, &o)
		return o
	}
	m.address, m.lease, m.rest = absent, never, never
	m.forgetVotes()
	void := m.voids
	void[m.self] = Mark{m.inc, m.number}
	m.learn(&void)
	o.Release = &Release{Zone: m.name, From: m.ids[m.self], Voids: m.voids}
	m.askAt(now) // it may only have been late
	m.settle(now, &o)
	return o
}

// Stop begins the end of the guard: it gives everything up. Idle says when that
// is done.
func (m *Machine) Stop(now Time) (o Orders) {
	m.stopping = true
	m.settle(now, &o)
	return o
}

// Idle reports whether the guard proved that it holds nothing.
func (m *Machine) Idle() bool { return m.address == absent && m.order == Leave }

// heed learns what is void; a leader that waited for that asks again at once.
func (m *Machine) heed(now Time, told *Voids) {
	if m.learn(told) {
		m.askAt(now)
	}
}

// askAt puts the next question forward, unless the last was just now.
func (m *Machine) askAt(t Time) {
	t = max(t, m.asked.add(m.Retry))
	if m.retry == never || t < m.retry {
		m.retry = t
	}
}

func (m *Machine) forgetVotes() {
	for i := range m.votes {
		m.votes[i], m.refused[i] = never, false
	}
}

// entitled reports whether the local oned is leader, as far as this guard knows,
// and was so within the lease.
func (m *Machine) entitled(now Time) bool {
	return m.oned.Leader && m.oned.Term >= m.term && now < m.oned.Asked.add(m.Lease) && !m.stopping
}

// lost reports whether the addresses have to go.
func (m *Machine) lost(now Time) bool {
	return m.stopping || now >= m.lease || m.oned.Asked != never && !m.entitled(now) || m.outvoted()
}

// outvoted reports whether so many refused that no majority is left.
func (m *Machine) outvoted() bool {
	n := 0
	for _, refused := range m.refused {
		if refused {
			n++
		}
	}
	return n > len(m.ids)-m.quorum
}

// deadline returns the end of the lease that the votes give. Each of a majority
// promised, at some time after it was asked, to help nobody else for the time of a
// promise, so the lease counts from when the earliest of them was asked; and from
// when oned was asked.
func (m *Machine) deadline() Time {
	votes := m.votes
	sorted := votes[:len(m.ids)]
	slices.Sort(sorted)
	base := min(sorted[len(sorted)-m.quorum], m.oned.Asked)
	if base == never {
		return never
	}
	return base.add(m.Lease)
}

// settle closes the difference between what is and what should be. While an order
// for the addresses is being carried out it gives no other.
func (m *Machine) settle(now Time, o *Orders) {
	if m.rest <= now {
		m.rest = never
	}
	free := m.order == Leave && m.rest == never
	if free && m.address != absent && m.lost(now) {
		m.order, o.Address = Drop, Drop
		m.running, o.Services = false, Stop
	}
	if m.order == Drop || !m.entitled(now) { // at the latest the next answer of oned asks again
		m.retry = never
		return
	}
	if m.retry != never && m.retry <= now {
		m.ask(now, o)
	}
	if d := m.deadline(); free && d > now && d > m.lease {
		m.order, m.lease = Hold, d
		o.Address, o.Until = Hold, d
	}
}

// ask asks all guards, its own first.
func (m *Machine) ask(now Time, o *Orders) {
	m.number++
	m.asked, m.retry = now, never
	q := &Ask{
		Zone: m.name, From: m.ids[m.self], Mark: Mark{m.inc, m.number}, Term: m.oned.Term,
		Sent: now, Promise: m.Promise(), Voids: m.voids,
	}
	m.refused = [MaxServers]bool{}
	if own := m.vote(m.zone, now, m.self, q); own.Granted {
		m.votes[m.self] = now
	} else {
		m.refused[m.self] = true
		if own.Wait > 0 {
			m.askAt(now.add(own.Wait))
		}
	}
	o.Ask = q
}

// View is what an operator is shown.
type View struct {
	Leader   bool          // the local oned is leader and was asked within the lease
	Term     uint64        // the latest known
	Holding  bool          // the addresses are present, within the lease
	Left     time.Duration // of the lease
	Promised int           // server that has this guard's promise, -1: none, or one that left the zone
	Quiet    time.Duration // until the guard may promise
}

// View returns the state at now.
func (m *Machine) View(now Time) View {
	v := View{Leader: m.entitled(now), Term: m.term, Promised: -1, Quiet: max(0, (m.quiet - now).duration())}
	if m.address == present && now < m.lease {
		v.Holding, v.Left = true, (m.lease - now).duration()
	}
	if now < m.until && m.to != gone {
		v.Promised = m.ids[m.to]
	}
	return v
}

// String is the state in a few words, for a log.
func (v View) String() string {
	return fmt.Sprintf("leader %t, term %d, holding %t for %s, promised to %d, quiet for %s", v.Leader, v.Term, v.Holding, v.Left, v.Promised, v.Quiet)
}

func (t Time) duration() time.Duration { return time.Duration(t) }
