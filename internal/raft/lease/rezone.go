package lease

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrSoon says that the list of servers changed less than Quiet ago: the next
// change has to wait.
var ErrSoon = errors.New("the list of servers changed a moment ago")

// ErrFar says that a machine cannot go over from its list of servers to another
// one: they differ by more than one server, or this server is not in the new one.
var ErrFar = errors.New("the lists of servers differ by more than one server")

// Rezone gives the guard another list of servers, without the gap that a new
// machine would make. It returns ErrSoon, ErrFar, or what New would say; nothing has
// changed then.
//
// The lists may differ by one server. Then any majority of the one and any of the
// other have a guard in common, and a guard keeps its promise through the change,
// whichever list it was made for; so two leases still cannot overlap, whenever each
// guard hears of the change. Votes that were received count on for the same reason.
//
// A majority of the list before the last, of guards that did not hear of two changes,
// might have nobody in common with one of the new list. So the next change waits for
// Quiet, which no promise outlives, and whoever changes the list of a zone waits until
// all guards have it before it is changed again.
func (m *Machine) Rezone(now Time, servers []int) (o Orders, err error) {
	z, err := newZone(Config{Server: m.ids[m.self], Servers: servers, Incarnation: m.inc, Timers: m.Timers})
	if err != nil {
		if !slices.Contains(servers, m.ids[m.self]) {
			err = fmt.Errorf("%w: this one, %d, is not in %v", ErrFar, m.ids[m.self], servers)
		}
		return o, err
	}
	switch {
	case z.name == m.name:
		return o, nil
	case differing(m.ids, z.ids) > 1:
		return o, fmt.Errorf("%w: %v and %v", ErrFar, m.ids, z.ids)
	case now < m.settled:
		return o, fmt.Errorf("%w: %v has to wait for %s", ErrSoon, z.ids, (m.settled - now).duration().Round(time.Millisecond))
	}
	return m.rezone(now, z), nil
}

func (m *Machine) rezone(now Time, z *zone) (o Orders) {
	m.move(z)
	m.settled = now.add(m.Quiet)
	m.askAt(now)
	m.settle(now, &o)
	return o
}

// Servers returns the list of servers.
func (m *Machine) Servers() []int { return slices.Clone(m.ids) }

// Zone is the name of the list of servers, as it is in messages.
func (m *Machine) Zone() string { return m.name }

// move puts what is known of each server into its place in the tables of the new list.
func (m *Machine) move(z *zone) {
	old := *m
	m.zone, m.voids = z, Voids{}
	m.forgetVotes()
	for i, id := range old.ids {
		if j, stays := z.index(id); stays {
			m.voids[j], m.votes[j], m.refused[j] = old.voids[i], old.votes[i], old.refused[i]
		}
	}
	if old.until == never || old.to == gone {
		return
	}
	m.to = gone
	if j, stays := z.index(old.ids[old.to]); stays {
		m.to = j
	}
}

// gone stands for a server to which a promise was made and which is in the list no
// more: the promise lasts out its time.
const gone int8 = -1

// differing is how many servers are in one of two sorted lists only.
func differing(a, b []int) int {
	n := 0
	for _, id := range a {
		if _, both := slices.BinarySearch(b, id); !both {
			n++
		}
	}
	return n + len(b) - (len(a) - n)
}
