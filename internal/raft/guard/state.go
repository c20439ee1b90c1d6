package guard

import (
	"fmt"
	"slices"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/guard/control"
	"github.com/oneha/oneha/internal/raft/lease"
)

// pokeEveryTime is pokeEvery on the clock of the lease.
const pokeEveryTime = lease.Time(pokeEvery)

func milliseconds(d time.Duration) int64 { return d.Milliseconds() }

// state is what the guard shows.
func (g *Guard) state() control.State {
	now := g.now()
	s := control.State{
		Version: control.Version, Server: g.c.Server, Name: g.c.Name, Servers: []int{}, Pending: g.pending,
		Started: g.began, Now: time.Now(), Idle: g.idle,
		Oned: control.Oned{State: g.oned.state, Term: g.oned.term},
		Lease: control.Lease{
			PromisedTo: -1, LengthMS: milliseconds(g.c.Timers.Lease), PromiseMS: milliseconds(g.c.Timers.Promise()),
		},
		VIPs: []control.VIP{}, Peers: []control.Peer{}, Trouble: g.trouble(),
	}
	if g.oned.count > 0 {
		s.Oned.AgeMS = milliseconds(time.Duration(now - g.oned.asked))
	}
	if r := g.memory.Reign; g.oned.state == one.Leader.String() && r.Term == g.oned.term && !r.Since.IsZero() {
		s.Oned.Since = &r.Since
	}
	for _, v := range g.c.VIPs {
		s.VIPs = append(s.VIPs, control.VIP{Address: v.Prefix.String(), NIC: v.NIC, Here: g.here})
	}
	w, reached, trouble, _ := g.wanted.get()
	s.Service = control.Services{Want: w.String(), Reached: reached, Trouble: trouble}
	if g.machine == nil {
		return s
	}
	v := g.machine.View(now)
	s.Servers, s.Leader = g.machine.Servers(), v.Holding
	s.Lease.Term, s.Lease.Holding, s.Lease.PromisedTo = v.Term, v.Holding, v.Promised
	s.Lease.LeftMS, s.Lease.QuietMS = milliseconds(v.Left), milliseconds(v.Quiet)
	for _, p := range g.peers {
		heard := int64(-1)
		if p.ever {
			heard = milliseconds(time.Duration(now - p.heard))
		}
		s.Peers = append(s.Peers, control.Peer{Server: p.id, Address: p.host, HeardMS: heard, Trouble: p.wrong(now)})
	}
	slices.SortFunc(s.Peers, func(a, b control.Peer) int { return a.Server - b.Server })
	return s
}

// trouble is what is wrong now.
func (g *Guard) trouble() []string {
	subjects := []string{"oned", "zone", "files", "memory", "address", "accept", "pending"}
	for id, p := range g.peers {
		if p.wrong(g.now()) != "" {
			subjects = append(subjects, fmt.Sprintf("peer %d", id))
		}
	}
	slices.Sort(subjects)
	return g.said.trouble(subjects...)
}
