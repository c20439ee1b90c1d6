package guard

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/lease"
)

// asker asks the local oned.
type asker interface {
	Raft(ctx context.Context) (one.RaftStatus, error)
	Zone(ctx context.Context) (one.Zone, error)
}

type onedAsker struct{ c Config }

func (a onedAsker) Raft(ctx context.Context) (one.RaftStatus, error) {
	return one.AskRaft(ctx, a.c.Oned, a.c.Auth)
}

func (a onedAsker) Zone(ctx context.Context) (one.Zone, error) {
	return one.AskZone(ctx, a.c.Oned, a.c.Auth, a.c.Zone)
}

// onedSaid is the last answer of oned, for people.
type onedSaid struct {
	state string
	term  uint64
	asked lease.Time
	count uint64 // of answers
}

// zoneWithin bounds one.zone.info, which reads oned's database.
const zoneWithin = 2 * time.Second

// queryOned asks oned whenever it is told to.
func (g *Guard) queryOned(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.queries:
		}
		asked := g.now()
		within, cancel := context.WithTimeout(ctx, g.c.Timers.Timeout)
		s, err := g.ask.Raft(within)
		cancel()
		if !g.event(ctx, func() { g.heardOned(asked, s, err) }) {
			return
		}
	}
}

// heardOned takes what oned said. A refused connection is an answer: nobody is
// leader there. Silence is none.
func (g *Guard) heardOned(asked lease.Time, s one.RaftStatus, err error) {
	g.counts.queries++
	status := lease.Status{Asked: asked, Term: s.Term}
	said := onedSaid{state: s.State.String(), term: s.Term, asked: asked, count: g.oned.count + 1}
	switch {
	case errors.Is(err, one.ErrNotListening):
		said.state, said.term = "refused", g.oned.term
		g.said.change("oned", "oned does not run: %v", err)
	case err != nil:
		g.counts.silent++
		said.state, said.term = "silent", g.oned.term
		g.oned = said
		g.said.change("oned", "%v", err)
		return
	case s.ServerID != g.c.Server:
		g.said.change("oned", "oned says that it is server %d, and %s that it is %d: restart oned", s.ServerID, g.c.OnedConf, g.c.Server)
	default:
		g.said.over("oned", "oned answers")
		status.Leader, status.Follow = s.State == one.Leader, s.State == one.Follower
	}
	g.oned = said
	if g.machine != nil {
		if status.Leader {
			g.reigns(s.Term)
		}
		g.obey(g.machine.Oned(g.now(), status))
	}
}

// lookAtZone reads the list of servers, every few seconds and when it is told to, and
// the files that were changed.
func (g *Guard) lookAtZone(ctx context.Context) {
	again := time.NewTimer(0)
	defer again.Stop()
	files := g.c.watch()
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.looks:
		case <-again.C:
		}
		var z one.Zone
		var err error
		if g.c.Server >= 0 {
			within, cancel := context.WithTimeout(ctx, zoneWithin)
			z, err = g.ask.Zone(within)
			cancel()
		}
		again.Reset(zoneEvery)
		if err != nil {
			again.Reset(zoneRetry)
		}
		read := files.look()
		if !g.event(ctx, func() {
			g.heardFiles(read)
			g.heardZone(z, err)
		}) {
			return
		}
	}
}

// heardZone takes the list of servers.
func (g *Guard) heardZone(z one.Zone, err error) {
	if g.c.Server < 0 || g.ended != nil {
		return
	}
	if err != nil || len(z.Servers) == 0 {
		if err != nil && g.machine == nil {
			g.said.change("zone", "%v", err)
		}
		// A guard votes for others also while its own oned does not run.
		if g.machine == nil && len(g.memory.Servers) > 0 && g.memory.Server == g.c.Server {
			g.join(g.memory.Servers)
		}
		return
	}
	g.said.over("zone", "")
	g.rezone(g.servers(z))
}

// servers are those of a zone, with the addresses at which their guards are. The
// description knows addresses; a server that it does not have is where its oned is.
func (g *Guard) servers(z one.Zone) (all []server) {
	for _, s := range z.Servers {
		host := ""
		if u, err := url.Parse(s.Endpoint); err == nil {
			host = u.Hostname()
		}
		if a, known := g.c.Known[s.ID]; known && a.IsValid() {
			if literal, err := netip.ParseAddr(host); err != nil || literal == a {
				host = a.String()
			}
		}
		all = append(all, server{s.ID, s.Name, host})
	}
	slices.SortFunc(all, func(a, b server) int { return a.ID - b.ID })
	return all
}
