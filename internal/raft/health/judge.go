package health

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// Verdict is what a Picture means.
type Verdict struct {
	State    Condition `json:"verdict"`
	Summary  string    `json:"summary"`          // one line
	Leader   *int      `json:"leader,omitempty"` // the rightful one's ID; nil: there is none
	Term     uint64    `json:"term,omitempty"`   // of the leader
	Problems []Problem `json:"problems"`         // what to see to first is first
}

// Condition is how a zone is, in a word.
type Condition string

// The conditions.
const (
	Good     Condition = "healthy"  // perhaps with warnings
	Degraded Condition = "degraded" // it works, and something needs attention
	Down     Condition = "down"     // clients have no leader, or do not get to it
)

// Problem is one thing that is wrong, and the next step.
type Problem struct {
	ID       string        `json:"id"` // of the rule, such as Z07
	Severity diag.Severity `json:"severity"`
	Server   string        `json:"server,omitempty"` // "" when it is the zone's
	What     string        `json:"what"`
	Why      string        `json:"why,omitempty"`  // probably
	Next     string        `json:"next,omitempty"` // a command, or what to look at
}

// Judge says how a zone is. It is pure.
func (p Picture) Judge() Verdict {
	v := p.view()
	out := Verdict{Problems: []Problem{}}
	for _, r := range rules {
		for _, found := range r.find(v) {
			found.ID, found.Severity = r.id, r.severity
			out.Problems = append(out.Problems, found)
		}
	}
	name := fmt.Sprintf("zone %d", p.Zone)
	errs := slices.DeleteFunc(slices.Clone(out.Problems), func(f Problem) bool { return f.Severity != diag.Error })
	if v.leader == nil {
		out.State, out.Summary = Down, name+" has no leader"
		if len(errs) > 0 {
			out.Summary += ": " + errs[0].What
		}
		return out
	}
	id := v.leader.Oned.Raft.ServerID
	out.Leader, out.Term = &id, v.leader.Oned.Raft.Term
	leads := fmt.Sprintf("%s leads since term %d", v.leader.Name, out.Term)
	where, lost := v.place()
	if where != "" {
		leads += ", " + where
	}
	switch {
	case lost:
		out.State, out.Summary = Down, fmt.Sprintf("%s is not reached by its VIP: %s", name, leads)
	case len(errs) > 0:
		out.State, out.Summary = Degraded, fmt.Sprintf("%s works, but is not healthy: %s; %s", name, leads, errs[0].What)
		if more := len(errs) - 1; more > 0 {
			out.Summary += fmt.Sprintf("; and %d more", more)
		}
	default:
		out.State, out.Summary = Good, fmt.Sprintf("%s is healthy: %s", name, leads)
	}
	return out
}

// place says where the floating addresses are, and whether clients get to the
// leader by none of them.
func (v *view) place() (text string, lost bool) {
	if len(v.VIPs) == 0 {
		return "", false
	}
	right := 0
	var wrong []string
	for i := range v.VIPs {
		switch h := v.VIPs[i].holders(); {
		case len(h) == 1 && h[0] == v.leader.Oned.Raft.ServerID:
			right++
		case len(h) == 0 && v.VIPs[i].Answer == Hangs:
			wrong = append(wrong, fmt.Sprintf("%s hangs", v.VIPs[i].Address.Addr()))
		case len(h) == 0:
			wrong = append(wrong, fmt.Sprintf("%s is nowhere", v.VIPs[i].Address.Addr()))
		default:
			wrong = append(wrong, fmt.Sprintf("%s is on %s", v.VIPs[i].Address.Addr(), v.names(h)))
		}
	}
	if len(wrong) > 0 {
		return strings.Join(wrong, ", "), right == 0
	}
	if right > 1 {
		return fmt.Sprintf("all %d VIPs there", right), false
	}
	return "VIP there", false
}

// names are those of servers, as a sentence has them.
func (v *view) names(ids []int) string {
	var names []string
	for _, id := range ids {
		names = append(names, v.name(id))
	}
	return strings.Join(names, " and ")
}

// Err is nil for a zone that is healthy, perhaps with warnings; otherwise it has all
// that is wrong.
func (v Verdict) Err() error {
	if v.State == Good {
		return nil
	}
	text := v.Summary
	for _, p := range v.Problems {
		if p.Severity == diag.Error {
			text += "\n  " + p.ID + ": " + p.What
		}
	}
	return errors.New(text)
}

// Healthy is nil when nothing is wrong that an operator must see to: one leader
// whom all servers follow, nobody lags, the floating addresses where they belong.
// Otherwise it says what is.
func (p Picture) Healthy() error { return p.Judge().Err() }

// Steady is nil when the membership may be changed: exactly one leader, and every
// server of the zone (one.zone.info) except those named follows it and has nearly
// all of its log. Guards, addresses and servers that are only described do not matter.
func (p Picture) Steady(except ...int) error {
	v := p.view()
	if v.leader == nil {
		return fmt.Errorf("zone %d has no leader whom a majority of its %s follows: see oneha raft doctor", p.Zone, diag.Count(len(v.members), "server"))
	}
	var wrong []string
	for _, s := range v.claim[1:] {
		if !slices.Contains(except, s.ID) {
			wrong = append(wrong, fmt.Sprintf("%s says that it is leader too, of term %d", s.Name, s.Oned.Raft.Term))
		}
	}
	follow := v.followers(v.leader)
	for _, m := range v.members {
		if m.ID == v.leader.Oned.Raft.ServerID || slices.Contains(except, m.ID) {
			continue
		}
		i := slices.IndexFunc(follow, func(s *Server) bool { return s.Oned.Raft.ServerID == m.ID })
		if i < 0 {
			wrong = append(wrong, fmt.Sprintf("%s does not follow %s", v.name(m.ID), v.leader.Name))
			continue
		}
		if lag, _ := v.lag(follow[i]); lag > p.tolerable() {
			wrong = append(wrong, fmt.Sprintf("%s is %d records behind", follow[i].Name, lag))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("zone %d is not steady: %s: see oneha raft doctor", p.Zone, strings.Join(wrong, "; "))
	}
	return nil
}

// Leader is the rightful leader: the one with the highest term whom a majority of
// the zone follows. Without one it is false.
func (p Picture) Leader() (Server, bool) {
	v := p.view()
	if v.leader == nil {
		return Server{}, false
	}
	return *v.leader, true
}

// Members are the servers of the zone as its leader lists them, or whoever knows
// most; without any list they are the described ones.
func (p Picture) Members() []Member { return p.view().members }

// Expects reports whether something is expected of a server: that it is in the zone, not
// only described.
func (p Picture) Expects(s Server) bool { return p.view().in(&s) }

// Electing reports whether nobody leads although enough servers answer, which is how
// an election looks.
func (p Picture) Electing() bool { return len(noLeader(p.view())) > 0 }
