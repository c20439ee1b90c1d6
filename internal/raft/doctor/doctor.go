package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/raft/health"
	"github.com/oneha/oneha/internal/raft/zone"
	"github.com/oneha/oneha/internal/remote"
)

// Format is the version of a Report as JSON. Keys may be added within a version; none
// changes its meaning or goes away.
const Format = 1

// Report is what is wrong, what to do first is first: errors before warnings, and in
// the order of the rules.
type Report struct {
	Version  int              `json:"version"`
	Time     time.Time        `json:"time"`
	Zone     int              `json:"zone"`
	Verdict  health.Condition `json:"verdict"`
	Summary  string           `json:"summary"`
	Findings []health.Problem `json:"findings"`
	Unknown  []string         `json:"unknown"` // what could not be found out, and why
}

// Errors reports whether something is wrong that must be seen to.
func (r Report) Errors() bool {
	return slices.ContainsFunc(r.Findings, func(p health.Problem) bool { return p.Severity == diag.Error })
}

// Examine puts together what the network and the machines tell. It is pure.
func Examine(z zone.Zone, p health.Picture, machines []Machine) Report {
	v := p.Judge()
	r := Report{Version: Format, Time: p.Time, Zone: p.Zone, Verdict: v.State, Summary: v.Summary, Findings: v.Problems, Unknown: []string{}}
	machines = inZone(p, machines)
	for _, rule := range rules {
		for _, found := range rule.find(&z, machines) {
			found.ID, found.Severity = rule.id, rule.severity
			r.Findings = append(r.Findings, found)
		}
	}
	if r.Verdict == health.Good && r.Errors() {
		r.Verdict = health.Degraded
		r.Summary = strings.Replace(r.Summary, " is healthy: ", " works, but not all is well on its servers: ", 1)
	}
	slices.SortStableFunc(r.Findings, func(a, b health.Problem) int { return rank(a) - rank(b) })
	for _, s := range p.Servers {
		if !p.Expects(s) {
			continue
		}
		if s.Oned.Raft == nil {
			r.Unknown = append(r.Unknown, fmt.Sprintf("%s, its place in Raft: %s", s.Name, s.Oned.Error))
		}
		if p.Guarded && s.Guard.State == nil {
			r.Unknown = append(r.Unknown, fmt.Sprintf("%s, what its guard does: %s", s.Name, s.Guard.Error))
		}
	}
	for _, m := range machines {
		r.Unknown = append(r.Unknown, m.Unknown...)
	}
	return r
}

// inZone are the machines of the zone's servers, with the IDs that the zone has for
// them. Of one that is only described nothing can be said: it may have been installed a
// moment ago.
func inZone(p health.Picture, machines []Machine) (all []Machine) {
	for _, m := range machines {
		i := slices.IndexFunc(p.Servers, func(s health.Server) bool { return s.Name == m.Server })
		if i < 0 {
			all = append(all, m)
			continue
		}
		if s := p.Servers[i]; p.Expects(s) {
			m.ID = s.ID
			all = append(all, m)
		}
	}
	return all
}

func rank(p health.Problem) int {
	if p.Severity == diag.Error {
		return 0
	}
	return 1
}

// Visit looks at several machines at the same time, each with a deadline of its own.
func Visit(ctx context.Context, deadline time.Duration, servers []zone.Server, host func(zone.Server) remote.Host) []Machine {
	all := make([]Machine, len(servers))
	var wait sync.WaitGroup
	for i, s := range servers {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, deadline)
			defer cancel()
			h := host(s)
			defer h.Close() // what does not end is ssh's own connection, which ends by itself
			all[i] = Look(ctx, h, s.Name, s.ID)
		})
	}
	wait.Wait()
	return all
}
