package health

import (
	"fmt"
	"slices"
	"strings"
)

// Key is what of a Picture is worth telling somebody who watches: it is the same as
// long as only counters, leases and clocks move.
func (p Picture) Key() string {
	var b strings.Builder
	v := p.Judge()
	fmt.Fprintln(&b, v.State, v.Leader != nil, v.Term)
	for _, s := range p.Servers {
		fmt.Fprintln(&b, s.ID, s.Name, s.Oned.Answer, s.Guard.Answer)
		if r := s.Oned.Raft; r != nil {
			fmt.Fprintln(&b, r.State, r.ServerID)
			if r.State != Candidate { // whose term climbs for ever
				fmt.Fprintln(&b, r.Term)
			}
		}
		if g := s.Guard.State; g != nil {
			fmt.Fprintln(&b, g.Service.Want, g.Service.Reached, g.Lease.Holding, g.Idle)
		}
	}
	for _, f := range p.VIPs {
		fmt.Fprintln(&b, f.Address, f.Claims, f.Answer, f.Server != nil && slices.Contains(f.Claims, *f.Server))
	}
	for _, f := range v.Problems {
		fmt.Fprintln(&b, f.ID, f.Server)
	}
	return b.String()
}

// Report is a Picture with its Verdict, the form of `oneha raft status --json`:
//
//	version    of this form: 1. Keys may be added within a version; none changes its
//	           meaning or goes away
//	verdict    healthy (perhaps with warnings), degraded (it works, something needs
//	           attention), down (clients have no leader, or do not get to it)
//	summary    the same in a sentence
//	leader     ID of the rightful leader, and term: missing when there is none
//	problems   what to see to, first things first: id of the rule, severity (error,
//	           warning), server, what, why (probably), next (a command)
//	zone, time, described, guarded, election_timeout_ms, log_retention
//	servers[]  id, name, addr, endpoint, described, here;
//	           oned: answer (answers, hangs, refuses, unreachable, denies), error, took_ms,
//	           raft (server_id, state, term, voted_for, commit, index) and
//	           list (the zone as this oned has it), both missing when not known;
//	           guard: answer (not asked, too), error, state (what its /health says) and
//	           clock (ahead_ms, error_ms: of its machine, against this one)
//	vips[]     address, nic, claims (IDs whose guards have it), answer and server (ID) of
//	           the oned that answers there, error
type Report struct {
	Picture
	Verdict
}

// Report puts the two together.
func (p Picture) Report() Report { return Report{p, p.Judge()} }
