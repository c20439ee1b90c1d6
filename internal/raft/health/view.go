package health

import (
	"cmp"
	"slices"
)

// view is a Picture with what follows from it.
type view struct {
	*Picture
	list     *List    // the zone's servers as its leader has them, or whoever knows most; nil: nobody said
	members  []Member // of list; without one the described servers
	majority int
	leader   *Server   // the rightful one; nil: none
	claim    []*Server // all that say that they are leader, the latest term first
}

func (p *Picture) view() *view {
	v := &view{Picture: p}
	for i := range p.Servers {
		if r := p.Servers[i].Oned.Raft; r != nil && r.State == Leader {
			v.claim = append(v.claim, &p.Servers[i])
		}
	}
	slices.SortStableFunc(v.claim, func(a, b *Server) int { return cmp.Compare(b.Oned.Raft.Term, a.Oned.Raft.Term) })
	v.list = p.bestList(v.claim)
	if v.list != nil {
		v.members = v.list.Servers
	} else {
		for _, s := range p.Servers {
			v.members = append(v.members, Member{ID: s.ID, Name: s.Name, Endpoint: s.Endpoint})
		}
	}
	if v.alone() != nil {
		v.members = nil // none of them is in a zone, so nothing is to be expected of them
	}
	v.majority = len(v.members)/2 + 1
	// Only the latest term can be the rightful one's: that of every other leader is
	// over, whoever still follows it.
	if len(v.claim) > 0 && v.member(v.claim[0].Oned.Raft.ServerID) && 1+len(v.followers(v.claim[0])) >= v.majority {
		v.leader = v.claim[0]
	}
	return v
}

// bestList is the list of servers that is most probably right: the leader's, then
// that of whoever has committed most.
func (p *Picture) bestList(claim []*Server) *List {
	if len(claim) > 0 && claim[0].Oned.List != nil {
		return claim[0].Oned.List
	}
	var best *List
	most := int64(-2)
	for _, s := range p.Servers {
		if s.Oned.List == nil {
			continue
		}
		commit := int64(-1)
		if s.Oned.Raft != nil {
			commit = s.Oned.Raft.Commit
		}
		if commit > most && len(s.Oned.List.Servers) > 0 {
			best, most = s.Oned.List, commit
		}
	}
	return best
}

// member reports whether the zone has a server with this ID.
func (v *view) member(id int) bool {
	return slices.ContainsFunc(v.members, func(m Member) bool { return m.ID == id })
}

// followers are the servers of the zone that follow a leader, as they say themselves.
func (v *view) followers(leader *Server) (all []*Server) {
	seen := map[int]bool{leader.Oned.Raft.ServerID: true} // two with one ID have one vote
	for i := range v.Servers {
		s := &v.Servers[i]
		r := s.Oned.Raft
		if r != nil && r.State == Follower && r.Term == leader.Oned.Raft.Term && v.member(r.ServerID) && !seen[r.ServerID] {
			seen[r.ServerID] = true
			all = append(all, s)
		}
	}
	return all
}

// of are the servers of the zone, those that are only described left out.
func (v *view) of() (all []*Server) {
	for i := range v.Servers {
		if v.in(&v.Servers[i]) {
			all = append(all, &v.Servers[i])
		}
	}
	return all
}

// in reports whether a server is in the zone, by its ID or by where it answers.
func (v *view) in(s *Server) bool {
	return slices.ContainsFunc(v.members, func(m Member) bool { return m.ID == s.ID || m.Endpoint == s.Endpoint })
}

// raft are the servers that say what their place in Raft is.
func (v *view) raft() (all []*Server) {
	for i := range v.Servers {
		if v.Servers[i].Oned.Raft != nil {
			all = append(all, &v.Servers[i])
		}
	}
	return all
}

// name is what a server is called, by its ID.
func (v *view) name(id int) string {
	for _, s := range v.Servers {
		if s.ID == id {
			return s.Name
		}
	}
	for _, m := range v.members {
		if m.ID == id {
			return m.Name
		}
	}
	return "an unknown server"
}

// lag is how many records a server is behind the leader; false when nobody can tell.
func (v *view) lag(s *Server) (int64, bool) {
	if v.leader == nil || s.Oned.Raft == nil || s.Oned.Raft.State == Solo {
		return 0, false
	}
	return max(0, v.leader.Oned.Raft.Index-s.Oned.Raft.Index), true
}

// Lags are ordinary up to a hundredth of the log window: a record is on its way to
// followers for milliseconds, and a busy zone writes some hundred in a second.
const (
	windowPart  = 100
	leastLag    = 100
	usualWindow = 250000 // LOG_RETENTION as shipped since 5.8
)

// tolerable is the greatest lag that is no finding.
func (p *Picture) tolerable() int64 {
	return max(leastLag, int64(cmp.Or(p.Retention, usualWindow)/windowPart))
}

// holders are the servers that have a floating address, by what guards say and by
// who answers there.
func (f *VIP) holders() []int {
	all := slices.Clone(f.Claims)
	if f.Server != nil && *f.Server >= 0 && !slices.Contains(all, *f.Server) {
		all = append(all, *f.Server)
	}
	return all
}

// dark reports whether nothing on a server's machine answers.
func (s *Server) dark() bool {
	silent := func(a Answer) bool { return a == Unreachable || a == Hangs }
	return s.Oned.Answer == Unreachable && (s.Guard.Answer == NotAsked || silent(s.Guard.Answer))
}
