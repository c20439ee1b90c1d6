package health

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

func nobodyAnswers(v *view) []Problem {
	if len(v.Servers) == 0 {
		return []Problem{{What: "the zone has no servers", Why: "oned is not under Raft", Next: "oneha raft init"}}
	}
	for _, s := range v.Servers {
		if s.Oned.Answer == Answers || s.Oned.Answer == Denies {
			return nil
		}
	}
	what := fmt.Sprintf("none of %d servers answers", len(v.Servers))
	if len(v.Servers) == 1 {
		what = v.Servers[0].Name + ", the only server, does not answer"
	}
	return []Problem{{
		What: what,
		Why:  v.Servers[0].Name + ": " + v.Servers[0].Oned.Error,
		Next: "see whether this machine reaches them: ping " + v.Servers[0].host(),
	}}
}

// alone is the first of the servers that run without a zone while nobody is in one.
func (v *view) alone() *Server {
	if v.list != nil {
		return nil
	}
	for _, s := range v.raft() {
		if s.Oned.Raft.State == Solo && s.Oned.List != nil {
			return s
		}
	}
	return nil
}

func noZone(v *view) []Problem {
	s := v.alone()
	if s == nil {
		return nil
	}
	return []Problem{{
		Server: s.Name, What: fmt.Sprintf("there is no zone yet: oned of %s runs alone", s.Name), Why: "no server was added to it, and its SERVER_ID is -1",
		Next: on(s, "oneha raft init"),
	}}
}

func denied(v *view) (all []Problem) {
	for _, s := range v.Servers {
		if s.Oned.Answer == Denies {
			all = append(all, Problem{
				Server: s.Name, What: s.Name + " answers, but does not say how it is", Why: s.Oned.Error,
				Next: "compare /var/lib/one/.one/one_auth with the one that was used here, and look at /var/log/one/oned.log on " + s.Name,
			})
		}
	}
	return all
}

// answering are the servers of the zone whose place in Raft is known.
func (v *view) answering() int {
	return len(slices.DeleteFunc(v.of(), func(s *Server) bool { return s.Oned.Raft == nil }))
}

func noMajority(v *view) []Problem {
	n := v.answering()
	if v.leader != nil || n == 0 || n >= v.majority || len(v.claim) > 0 {
		return nil
	}
	return []Problem{{
		What: fmt.Sprintf("%d of %s answer; a leader needs %d", n, diag.Count(len(v.members), "server"), v.majority),
		Why:  "servers are down, or this machine does not reach them",
		Next: v.startOne(),
	}}
}

// startOne is how to bring back a server that does not answer.
func (v *view) startOne() string {
	for _, s := range v.of() {
		if s.Oned.Answer == Refuses {
			return on(s, "systemctl start opennebula")
		}
	}
	for _, s := range v.of() {
		if s.Oned.Raft == nil {
			return "see whether " + s.Name + " runs and is reached: ping " + s.host()
		}
	}
	return "oneha raft status --watch"
}

// on is a command to be typed on a server.
func on(s *Server, command string) string { return "on " + s.Name + ": " + command }

func noFollowers(v *view) []Problem {
	if v.leader != nil || len(v.claim) == 0 {
		return nil
	}
	s := v.claim[0]
	return []Problem{{
		Server: s.Name,
		What: fmt.Sprintf("%s says that it leads, but of %s only %d are seen to follow in term %d; it needs %d",
			s.Name, diag.Count(len(v.members), "server"), len(v.followers(s)), s.Oned.Raft.Term, v.majority-1),
		Why:  "a leader that lost the others stays leader; what is written to it waits until they are back. Or this machine does not reach the others",
		Next: v.startOne(),
	}}
}

func noLeader(v *view) []Problem {
	if v.leader != nil || len(v.claim) > 0 || v.answering() < v.majority {
		return nil
	}
	var states []string
	for _, s := range v.raft() {
		states = append(states, fmt.Sprintf("%s is %s in term %d", s.Name, s.Oned.Raft.State, s.Oned.Raft.Term))
	}
	return []Problem{{
		What: "nobody leads: " + strings.Join(states, ", "),
		Why:  "an election is under way; after a start of all servers it takes some 20 s. If it lasts, they do not reach each other at their endpoints, or their SERVER_IDs are wrong",
		Next: "oneha raft status --watch, and after half a minute: grep -i raft /var/log/one/oned.log",
	}}
}

func manyLeaders(v *view) (all []Problem) {
	if len(v.claim) < 2 {
		return nil
	}
	right := v.claim[0]
	for _, s := range v.claim[1:] {
		all = append(all, Problem{
			Server: s.Name,
			What:   fmt.Sprintf("%s says that it leads too, in term %d; the leader is %s, in term %d", s.Name, s.Oned.Raft.Term, right.Name, right.Oned.Raft.Term),
			Why:    fmt.Sprintf("it does not reach %s, or was frozen; a leader does not step down before it hears of a later term", right.Name),
			Next:   "mend the network between the two: it follows within seconds. Otherwise " + on(s, "systemctl restart opennebula"),
		})
	}
	return all
}

func candidate(v *view) (all []Problem) {
	if v.leader == nil {
		return nil
	}
	for _, s := range v.of() {
		if r := s.Oned.Raft; r != nil && r.State == Candidate && v.member(r.ServerID) {
			all = append(all, Problem{
				Server: s.Name,
				What:   fmt.Sprintf("%s is candidate in term %d while %s leads in term %d", s.Name, r.Term, v.leader.Name, v.leader.Oned.Raft.Term),
				Why:    fmt.Sprintf("it hears nothing of %s, or started a moment ago", v.leader.Name),
				Next:   on(s, "curl -s -o /dev/null -w '%{http_code}\\n' "+v.leader.Endpoint+" (405 is right), and the same the other way round"),
			})
		}
	}
	return all
}

func oldTerm(v *view) (all []Problem) {
	if v.leader == nil {
		return nil
	}
	for _, s := range v.of() {
		if r := s.Oned.Raft; r != nil && r.State == Follower && r.Term != v.leader.Oned.Raft.Term && v.member(r.ServerID) {
			all = append(all, Problem{
				Server: s.Name,
				What:   fmt.Sprintf("%s follows in term %d, and %s leads in term %d", s.Name, r.Term, v.leader.Name, v.leader.Oned.Raft.Term),
				Why:    "the leader does not reach it, or it started a moment ago",
				Next:   on(v.leader, "curl -s -o /dev/null -w '%{http_code}\\n' "+s.Endpoint+" (405 is right)"),
			})
		}
	}
	return all
}

func noReserve(v *view) []Problem {
	if v.leader == nil {
		return nil
	}
	works := 1 + len(v.followers(v.leader))
	if works > v.majority {
		return nil
	}
	n := diag.Count(len(v.members), "server")
	p := Problem{What: fmt.Sprintf("%d of %s work, which is the least: the next failure stops the zone", works, n), Why: "servers are down or do not follow", Next: v.startOne()}
	if works == len(v.members) {
		p.What = fmt.Sprintf("the zone has %s: the next failure stops it", n)
		p.Why = "a zone of this size tolerates no failure"
		p.Next = "oneha raft join, until there are three"
	}
	return []Problem{p}
}

func evenNumber(v *view) []Problem {
	n := len(v.members)
	if v.list == nil || n%2 == 1 || n <= 2 { // with two there is no reserve, which is said
		return nil
	}
	return []Problem{{What: fmt.Sprintf("the zone has %d servers: it tolerates as many failures as one of %d", n, n-1), Next: "add one with oneha raft join, or remove one with oneha raft leave"}}
}

func disabled(v *view) []Problem {
	if v.list == nil || !v.list.Disabled {
		return nil
	}
	return []Problem{{What: fmt.Sprintf("the zone is disabled: %s answers only what reads", v.list.Name), Why: "somebody did it for an upgrade", Next: fmt.Sprintf("onezone enable %d", v.Zone)}}
}
