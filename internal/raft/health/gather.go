package health

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/guard/control"
	"github.com/oneha/oneha/internal/raft/zone"
)

// Options are how Gather asks.
type Options struct {
	Deadline time.Duration // for what one server says, 2 s when 0
	NoGuards bool          // do not ask for guards and do not miss them, although the zone should have some
}

// Gather asks a whole zone, all of it at once: a server that hangs delays nobody. It
// takes no longer than one deadline, or two when somebody names a server that z does
// not have. It fails at nothing: what did not answer is in the Picture.
func Gather(ctx context.Context, z zone.Zone, o Options) Picture {
	g := gatherer{zone: z, Options: o, began: time.Now(), asked: map[string]bool{}}
	g.NoGuards = g.NoGuards || !z.Guarded
	g.Deadline = cmp.Or(g.Deadline, 2*time.Second)
	g.picture = Picture{
		Version: Format, Time: g.began, Zone: z.ID, Described: z.Described, Guarded: !g.NoGuards,
		Election: Millis(z.Election), Retention: z.Rest.LogRetention, VIPs: []VIP{}, Servers: []Server{},
	}
	for _, s := range z.Servers {
		g.ask(ctx, s, z.Described)
	}
	vips := make([]VIP, len(z.VIPs))
	for i, v := range z.VIPs {
		g.wait.Go(func() { vips[i] = g.askVIP(ctx, v.Address, v.NIC) })
	}
	g.wait.Wait()
	p := g.picture
	p.VIPs = append(p.VIPs, vips...)
	p.number()
	slices.SortFunc(p.Servers, func(a, b Server) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	p.claim()
	return p
}

// number gives servers the IDs that the zone has for them, where a description says
// others: a server that was added again has a new one.
func (p *Picture) number() {
	v := p.view()
	for i := range p.Servers {
		s := &p.Servers[i]
		if m, listed := v.at(s.Endpoint); listed && m.ID != s.ID {
			stated := s.ID
			s.Stated, s.ID = &stated, m.ID
		}
	}
}

// claim says of each floating address which guards hold it.
func (p *Picture) claim() {
	for i := range p.VIPs {
		p.VIPs[i].Claims = []int{}
		for _, s := range p.Servers {
			if s.Guard.holds(p.VIPs[i].Address) {
				p.VIPs[i].Claims = append(p.VIPs[i].Claims, s.ID)
			}
		}
	}
}

// holds reports whether a guard says that the address is on its server.
func (g Guard) holds(address netip.Prefix) bool {
	return g.State != nil && slices.ContainsFunc(g.State.VIPs, func(v control.VIP) bool {
		a, err := netip.ParsePrefix(v.Address)
		return err == nil && a == address && v.Here
	})
}

// gatherer is a Picture on its way.
type gatherer struct {
	Options
	zone  zone.Zone
	began time.Time
	wait  sync.WaitGroup

	mu      sync.Mutex
	picture Picture
	asked   map[string]bool // endpoints
}

// ask begins to ask a server, unless that was done.
func (g *gatherer) ask(ctx context.Context, s zone.Server, described bool) {
	g.mu.Lock()
	known := g.asked[s.URL]
	g.asked[s.URL] = true
	g.mu.Unlock()
	if known {
		return
	}
	g.wait.Go(func() {
		found := Server{ID: s.ID, Name: s.Name, Addr: s.Addr, Endpoint: s.URL, Described: described, Here: g.zone.Here >= 0 && s.ID == g.zone.Here}
		limited, cancel := context.WithTimeout(ctx, g.Deadline)
		defer cancel()
		var parts sync.WaitGroup
		parts.Go(func() {
			g.askOned(limited, s.Endpoint, &found.Oned)
			g.askOthers(ctx, found.Oned.List)
		})
		parts.Go(func() { found.Guard = g.askGuard(limited, s.Host()) })
		parts.Wait()
		g.mu.Lock()
		defer g.mu.Unlock()
		g.picture.Servers = append(g.picture.Servers, found)
	})
}

// askOned asks an oned for its place and its list.
func (g *gatherer) askOned(ctx context.Context, e one.Endpoint, found *Oned) {
	var parts sync.WaitGroup
	parts.Go(func() {
		began := time.Now()
		r, err := one.AskRaft(ctx, e, g.zone.Credentials)
		found.Answer, found.Error = classify(err)
		found.Took = Millis(time.Since(began))
		if err == nil {
			found.Raft = &Raft{ServerID: r.ServerID, State: stateOf(r.State), Term: r.Term, VotedFor: r.VotedFor, Commit: r.Commit, Index: r.LogIndex}
		}
	})
	parts.Go(func() {
		z, err := one.AskZone(ctx, e, g.zone.Credentials, g.zone.ID)
		if err != nil {
			return // what AskRaft says is reason enough
		}
		found.List = &List{Name: z.Name, Endpoint: z.Endpoint, Disabled: z.Disabled, Servers: []Member{}}
		for _, s := range z.Servers {
			found.List.Servers = append(found.List.Servers, Member{ID: s.ID, Name: s.Name, Endpoint: s.Endpoint})
		}
	})
	parts.Wait()
}

// askOthers begins to ask the servers of a list that nobody knew of.
func (g *gatherer) askOthers(ctx context.Context, l *List) {
	if l == nil {
		return
	}
	for _, m := range l.Servers {
		if _, known := g.zone.Server(m.ID); known {
			continue // that its endpoint is another one is a finding
		}
		if s, err := zone.NewServer(m.ID, m.Name, m.Endpoint); err == nil {
			g.ask(ctx, s, false)
		}
	}
}

// askVIP asks who answers at a floating address.
func (g *gatherer) askVIP(ctx context.Context, address netip.Prefix, nic string) VIP {
	v := VIP{Address: address, NIC: nic}
	ctx, cancel := context.WithTimeout(ctx, g.Deadline)
	defer cancel()
	e, err := one.ParseEndpoint("http://" + net.JoinHostPort(address.Addr().String(), g.port()) + "/RPC2")
	if err != nil {
		v.Answer, v.Error = Denies, err.Error() // cannot be: an address and a port
		return v
	}
	r, err := one.AskRaft(ctx, e, g.zone.Credentials)
	v.Answer, v.Error = classify(err)
	if err == nil {
		v.Server = &r.ServerID
	}
	return v
}

// port is that of oned, as the endpoints have it.
func (g *gatherer) port() string {
	for _, s := range g.zone.Servers {
		if port := s.Port(); port != "" {
			return port
		}
	}
	return "2633"
}

// classify says how an oned took a question, and why.
func classify(err error) (Answer, string) {
	if err == nil {
		return Answers, ""
	}
	var net net.Error
	switch text := err.Error(); {
	case errors.Is(err, one.ErrNotListening):
		return Refuses, text
	case errors.Is(err, one.ErrNotTaken):
		return Unreachable, text
	case errors.Is(err, one.ErrHung), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Hangs, text
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTDOWN), errors.As(err, &net):
		return Unreachable, text
	default:
		return Denies, text
	}
}

func stateOf(s one.RaftState) State {
	switch s {
	case one.Leader:
		return Leader
	case one.Follower:
		return Follower
	case one.Candidate:
		return Candidate
	}
	return Solo
}
