// Package lint says what is wrong in a cluster's configuration, and why, and how to
// mend it.
//
// [Rules] is the table of all rules, as data. [Check] applies them to [Facts]: what
// is known of a cluster, in any combination — its description, a CIB, a
// corosync.conf, a node. A rule that lacks the facts it needs says nothing. A
// description is judged by what is generated from it, so that one rule serves
// every input, and its findings are put where the description says it.
//
// The package is pure: package nodefacts collects what a node knows.
package lint

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// Facts is what is known. Every part is optional.
type Facts struct {
	Description *Description
	CIB         *CIB
	Corosync    *Corosync
	Node        *Node // this machine
	Peer        *Node // what another node said of itself

	// PacemakerVersion and CorosyncVersion are the releases that the configuration is for, such
	// as 2.1.5; "" is the one that the CIB itself names, if it does.
	PacemakerVersion string
	CorosyncVersion  string

	// Agents are the parameters of resource agents and fence agents by agent, as in
	// ocf:opennebula:vip and stonith:fence_bmc_ipmi, beside those known here.
	Agents map[string][]string
}

// Rule is one row of the table.
type Rule struct {
	ID       string        `json:"id"`
	Severity diag.Severity `json:"severity"` // the usual one
	Title    string        `json:"title"`    // what is wrong
	Why      string        `json:"why"`
	Fix      string        `json:"fix"`
	Source   string        `json:"source"`

	check func(*world, *report)
}

// Named returns the rule of that id, in whatever case it is written.
func Named(id string) (Rule, bool) {
	for _, r := range Rules {
		if strings.EqualFold(r.ID, id) {
			return r, true
		}
	}
	return Rule{}, false
}

// Check applies the rules that use lets through, all of them when it is nil. The
// findings are sorted.
func Check(f Facts, use func(id string) bool) diag.Findings {
	w := newWorld(f)
	var findings diag.Findings
	for _, rule := range Rules {
		if use != nil && !use(rule.ID) {
			continue
		}
		r := &report{rule: rule}
		rule.check(w, r)
		findings = append(findings, r.findings...)
	}
	findings.Sort()
	return slices.CompactFunc(findings, func(a, b diag.Finding) bool { return a == b })
}

// world is the facts as the rules see them.
type world struct {
	Facts
	sides []*side
}

// side is one consistent configuration: that which a description generates, or
// that which was given as CIB and corosync.conf. Either part may be missing.
type side struct {
	*world
	cib      *CIB
	corosync *Corosync
	file     *Description // that it was generated from, nil for a given one

	pacemaker, corosyncVersion version
	nodes                      []string // cluster nodes that are known; remote ones apart
	remotes                    []string
	devices                    []*device
}

func newWorld(f Facts) *world {
	w := &world{Facts: f}
	if d := f.Description; d != nil && d.cib != nil {
		w.sides = append(w.sides, newSide(w, d.cib, d.corosync, d))
	}
	if f.CIB != nil || f.Corosync != nil {
		w.sides = append(w.sides, newSide(w, f.CIB, f.Corosync, nil))
	}
	return w
}

func newSide(w *world, c *CIB, conf *Corosync, d *Description) *side {
	s := &side{world: w, cib: c, corosync: conf, file: d}
	s.pacemaker, _ = parseVersion(w.PacemakerVersion)
	s.corosyncVersion, _ = parseVersion(w.CorosyncVersion)
	if conf != nil {
		s.nodes = conf.names()
	}
	if c == nil {
		return s
	}
	if dc, ok := c.property("dc-version"); ok && !s.pacemaker.known() {
		s.pacemaker, _ = parseVersion(dc.value)
	}
	for _, n := range c.nodes {
		switch {
		case n.name == "":
		case n.remote:
			s.remotes = append(s.remotes, n.name)
		case !containsFold(s.nodes, n.name):
			s.nodes = append(s.nodes, n.name)
		}
	}
	for _, r := range c.resources {
		if name := value(r.meta, "remote-node"); name != "" {
			s.remotes = append(s.remotes, name)
		}
		if r.agent() == "ocf:pacemaker:remote" {
			s.remotes = append(s.remotes, r.id)
		}
	}
	if len(s.nodes) == 0 && d == nil && w.Description != nil && w.Description.corosync != nil {
		s.nodes = w.Description.corosync.names()
	}
	s.devices = findDevices(s)
	return s
}

// each gives a rule every side that has a CIB.
func each(check func(*side, *report)) func(*world, *report) {
	return func(w *world, r *report) {
		for _, s := range w.sides {
			if s.cib != nil {
				check(s, r)
			}
		}
	}
}

// eachCorosync gives a rule every side that has a corosync.conf.
func eachCorosync(check func(*side, *report)) func(*world, *report) {
	return func(w *world, r *report) {
		for _, s := range w.sides {
			if s.corosync != nil {
				check(s, r)
			}
		}
	}
}

// onNode gives a rule the facts of this machine, if there are any.
func onNode(check func(*world, *report)) func(*world, *report) {
	return func(w *world, r *report) {
		if w.Node != nil {
			check(w, r)
		}
	}
}

// report collects the findings of one rule.
type report struct {
	rule     Rule
	findings diag.Findings
}

// add reports with the rule's severity. fix is what to do; "" is what the rule
// advises.
func (r *report) add(at Place, what, fix string) { r.as(r.rule.Severity, at, what, fix) }

func (r *report) as(s diag.Severity, at Place, what, fix string) {
	if fix == "" {
		fix = r.rule.Fix
	}
	r.findings = append(r.findings, diag.Finding{ID: r.rule.ID, File: at.File, Line: at.Line, Column: at.Column, Severity: s, What: what, Fix: fix})
}

// isNode reports whether the cluster has a node of that name.
func (s *side) isNode(name string) bool {
	return containsFold(s.nodes, name) || containsFold(s.remotes, name) || slices.ContainsFunc(s.cib.resources, func(r *resource) bool {
		return r.kind == "bundle" && strings.HasPrefix(name, r.id+"-")
	})
}

// nodePlace is where the CIB or corosync.conf names a node.
func (s *side) nodePlace(name string) Place {
	if s.corosync != nil {
		for _, n := range s.corosync.nodes {
			if strings.EqualFold(n.name, name) {
				return n.place
			}
		}
	}
	if s.cib != nil {
		for _, n := range s.cib.nodes {
			if strings.EqualFold(n.name, name) {
				return n.place
			}
		}
		return s.cib.root.place
	}
	return s.corosync.root.place
}

func isAddress(s string) bool { _, err := netip.ParseAddr(s); return err == nil }
