package guard

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/oneha/oneha/internal/version"
)

// metrics is the state for Prometheus, in its text format 0.0.4. The names are
// documented in docs/decisions/0022-raft-guard.md and stay.
func (g *Guard) metrics() response {
	s := g.state()
	var b strings.Builder
	family := func(name, kind, help string) { fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind) }
	one := func(name, kind, help string, value float64) {
		family(name, kind, help)
		fmt.Fprintf(&b, "%s %s\n", name, strconv.FormatFloat(value, 'g', -1, 64))
	}
	yes := func(is bool) float64 {
		if is {
			return 1
		}
		return 0
	}
	family("oneha_guard_info", "gauge", "Version of the guard and its server in the zone.")
	fmt.Fprintf(&b, "oneha_guard_info{version=%q,server=\"%d\"} 1\n", version.String(), s.Server)
	one("oneha_guard_start_time_seconds", "gauge", "When the guard started, in Unix time.", float64(s.Started.UnixMilli())/1000)
	one("oneha_guard_taking_part", "gauge", "1 if this server is in a zone and its guard has a part.", yes(s.Idle == ""))
	one("oneha_guard_leader", "gauge", "1 if this server holds the lease: floating addresses and services belong here.", yes(s.Leader))
	one("oneha_guard_lease_left_seconds", "gauge", "What is left of the lease, 0 without one.", float64(s.Lease.LeftMS)/1000)
	one("oneha_guard_term", "gauge", "Latest term that a leader is known of.", float64(s.Lease.Term))
	one("oneha_guard_quiet_seconds", "gauge", "For how long this guard does not vote yet, after its start.", float64(s.Lease.QuietMS)/1000)
	one("oneha_guard_servers", "gauge", "Servers of the zone.", float64(len(s.Servers)))
	family("oneha_guard_oned_state", "gauge", "What the local oned said last.")
	for _, state := range []string{"solo", "candidate", "follower", "leader", "refused", "silent"} {
		fmt.Fprintf(&b, "oneha_guard_oned_state{state=%q} %g\n", state, yes(s.Oned.State == state))
	}
	one("oneha_guard_oned_age_seconds", "gauge", "How long ago that was asked.", float64(s.Oned.AgeMS)/1000)
	family("oneha_guard_peer_heard_seconds", "gauge", "How long ago another guard was heard of; -1: never.")
	for _, p := range s.Peers {
		heard := float64(p.HeardMS) / 1000
		if p.HeardMS < 0 {
			heard = -1
		}
		fmt.Fprintf(&b, "oneha_guard_peer_heard_seconds{server=\"%d\"} %g\n", p.Server, heard)
	}
	one("oneha_guard_services_reached", "gauge", "1 if the services are where they belong.", yes(s.Service.Reached))
	one("oneha_guard_troubles", "gauge", "Things that are wrong now, see /health.", float64(len(s.Trouble)))
	one("oneha_guard_oned_queries_total", "counter", "Questions to the local oned.", float64(g.counts.queries))
	one("oneha_guard_oned_silent_total", "counter", "Of these, without an answer in time.", float64(g.counts.silent))
	one("oneha_guard_rounds_total", "counter", "Questions to all other guards.", float64(g.counts.asks))
	one("oneha_guard_votes_granted_total", "counter", "Promises of other guards.", float64(g.counts.granted))
	one("oneha_guard_votes_refused_total", "counter", "Refusals of other guards.", float64(g.counts.refused))
	one("oneha_guard_takeovers_total", "counter", "How often the floating addresses were added here.", float64(g.counts.taken))
	one("oneha_guard_drops_total", "counter", "How often they were proved to be gone after they had to go.", float64(g.counts.lost))
	return response{status: 200, kind: "text/plain; version=0.0.4; charset=utf-8", body: []byte(b.String())}
}
