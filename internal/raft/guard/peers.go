package guard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/oneha/oneha/internal/raft/lease"
)

// peer is another guard of the zone.
type peer struct {
	id      int
	host    string
	life    uint64     // its incarnation, 0: not known
	heard   lease.Time // either way
	ever    bool
	trouble string
	tried   lease.Time // when trouble was found
}

// believed is how long trouble with another guard is told: only a leader asks all the
// time, and what a follower once met may be long over.
const believed = lease.Time(10 * time.Second)

// wrong is what is wrong with the guard, "" when nothing is, or nobody knows.
func (p *peer) wrong(now lease.Time) string {
	if now-p.tried > believed {
		return ""
	}
	return p.trouble
}

const (
	// tellTries is how often a release is told to a guard that does not answer: an heir
	// that does not hear of it waits for the end of a promise.
	tellTries = 4
	// lookPause is between two looks at the list of servers that other guards caused.
	lookPause = 200 * time.Millisecond
	// mostWindows is more than the guards of any zone, with those that left.
	mostWindows = 64
)

// meet takes over who the other guards are.
func (g *Guard) meet(all []server) {
	old := g.peers
	g.peers = map[int]*peer{}
	for _, s := range all {
		if s.ID == g.c.Server {
			continue
		}
		p := old[s.ID]
		if p == nil {
			p = &peer{id: s.ID}
		}
		p.host = s.Address
		g.peers[s.ID] = p
	}
}

// tellAll sends a message to all other guards at once, each as often as it says until
// it is answered.
func (g *Guard) tellAll(m message, tries int) {
	m.Zone, m.From, m.Life = g.c.Zone, g.c.Server, g.memory.Incarnation
	for _, p := range g.peers {
		to := m
		to.To, to.Yours = p.id, p.life
		address := net.JoinHostPort(p.host, strconv.Itoa(g.c.Port))
		g.under++
		g.send(address, to, tries)
	}
}

// tell sends a message and brings the answer back.
func (g *Guard) tell(address string, m message, tries int) {
	var a message
	var err error
	for range tries {
		if a, err = g.exchange(g.working, address, m); err == nil && a.Stale {
			m.Yours = a.Life // it was started since
			a, err = g.exchange(g.working, address, m)
		}
		if err == nil && a.Stale {
			err = errMismatch
		}
		if err == nil || g.working.Err() != nil {
			break
		}
	}
	g.event(g.working, func() { g.heardPeer(m, a, err) })
}

// exchange sends a message once.
func (g *Guard) exchange(ctx context.Context, address string, m message) (a message, err error) {
	ctx, cancel := context.WithTimeout(ctx, g.c.Timers.Timeout)
	defer cancel()
	m.Number = g.numbers.Add(1)
	body, mac, err := g.c.Peers.seal(question, m)
	if err != nil {
		return a, err
	}
	body, mac, err = post(ctx, address, peerPath, body, mac)
	if err != nil {
		return a, err
	}
	if a, err = g.c.Peers.open(answer, body, mac); err != nil {
		return a, fmt.Errorf("read answer: %w", err)
	}
	if a.Zone != m.Zone || a.From != m.To || a.To != m.From || a.Number != m.Number || a.Yours != m.Life || a.Answer != nil && a.Answer.From != a.From {
		return a, fmt.Errorf("read answer: %w", errMismatch)
	}
	return a, nil
}

// heardPeer takes the answer of a guard.
func (g *Guard) heardPeer(m, a message, err error) {
	g.under--
	p := g.peers[m.To]
	if p == nil || g.machine == nil {
		return
	}
	subject := "peer " + strconv.Itoa(p.id)
	p.tried = g.now()
	if err != nil {
		p.trouble = err.Error()
		g.said.change(subject, "guard of server %d at %s does not answer: %s", p.id, p.host, plain(err))
		return
	}
	p.life, p.heard, p.ever, p.trouble = a.Life, p.tried, true, ""
	g.said.over(subject, "guard of server %d answers", p.id)
	if a.Answer == nil {
		return
	}
	switch {
	case a.Answer.Granted:
		g.counts.granted++
	default:
		g.counts.refused++
		p.trouble = "refuses: " + string(a.Answer.Why)
		g.otherZone(a.Answer.Zone)
	}
	g.obey(g.machine.Answered(g.now(), *a.Answer))
}

// otherZone looks at the list of servers when another guard has a different one.
func (g *Guard) otherZone(name string) {
	if name != g.machine.Zone() && time.Since(g.looked) > lookPause {
		g.looked = time.Now()
		poke1(g.looks)
	}
}

// asked answers the question of another guard. The machine must be there.
func (g *Guard) asked(m message) (message, error) {
	if err := m.check(g.c.Zone, g.c.Server); err != nil {
		return message{}, err
	}
	a := message{Zone: g.c.Zone, From: g.c.Server, To: m.From, Life: g.memory.Incarnation, Yours: m.Life, Number: m.Number}
	if m.Yours != a.Life {
		a.Stale = true
		return a, nil
	}
	w := g.windows[m.From]
	if w == nil {
		if len(g.windows) == mostWindows {
			return message{}, errMismatch
		}
		w = &window{}
		g.windows[m.From] = w
	}
	if err := w.take(m.Life, m.Number); err != nil {
		return message{}, err
	}
	if p := g.peers[m.From]; p != nil {
		p.life, p.heard, p.ever = m.Life, g.now(), true
	}
	var o lease.Orders
	if m.Ask != nil {
		var answered lease.Answer
		answered, o = g.machine.Asked(g.now(), *m.Ask)
		a.Answer = &answered
		g.otherZone(m.Ask.Zone)
	} else {
		o = g.machine.Told(g.now(), *m.Tell)
	}
	g.obey(o)
	return a, nil
}

// plain is an error without the addresses and times that differ from one to the next.
func plain(err error) string {
	var timeout net.Error
	var call *os.SyscallError
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &call):
		return call.Err.Error()
	}
	return err.Error()
}
