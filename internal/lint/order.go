package lint

import (
	"fmt"
	"slices"

	"github.com/oneha/oneha/internal/diag"
)

// timeline is who starts before whom: the orders of a CIB and its groups, as a graph
// in which every resource has a point where it begins to start and one where it has
// started.
type timeline struct {
	begun, started map[string]int
	next           [][]int
	reached        map[string][]bool // from all of a resource, by its id
	cib            *CIB
}

func newTimeline(c *CIB) *timeline {
	t := &timeline{begun: map[string]int{}, started: map[string]int{}, reached: map[string][]bool{}, cib: c}
	for _, r := range c.resources {
		t.begun[r.id] = t.point()
		t.started[r.id] = t.begun[r.id]
		if r.kind != "primitive" {
			t.started[r.id] = t.point()
			t.edge(t.begun[r.id], t.started[r.id])
		}
	}
	for _, r := range c.resources {
		before := t.begun[r.id]
		chain := r.kind == "group" && !isFalse(value(r.meta, "ordered"))
		for _, child := range r.children {
			t.edge(t.begun[r.id], t.begun[child.id])
			t.edge(t.started[child.id], t.started[r.id])
			if chain {
				t.edge(before, t.begun[child.id])
				before = t.started[child.id]
			}
		}
	}
	for _, o := range c.orders {
		for i, s := range o.steps {
			t.step(s)
			if i > 0 {
				between := t.point()
				for _, id := range o.steps[i-1].resources {
					t.edgeFrom(id, between)
				}
				for _, id := range s.resources {
					t.edgeTo(between, id)
				}
			}
		}
	}
	return t
}

func (t *timeline) point() int { t.next = append(t.next, nil); return len(t.next) - 1 }

func (t *timeline) edge(a, b int) {
	if a != b {
		t.next[a] = append(t.next[a], b)
	}
}

func (t *timeline) edgeFrom(id string, to int) {
	if p, ok := t.started[id]; ok {
		t.edge(p, to)
	}
}

func (t *timeline) edgeTo(from int, id string) {
	if p, ok := t.begun[id]; ok {
		t.edge(from, p)
	}
}

// step adds the order within a set.
func (t *timeline) step(s step) {
	for i := 1; i < len(s.resources) && !s.parallel; i++ {
		if p, ok := t.started[s.resources[i-1]]; ok {
			t.edgeTo(p, s.resources[i])
		}
	}
}

// ordered reports whether one of the two starts before the other, whole or by one
// of its members.
func (t *timeline) ordered(a, b string) bool { return t.before(a, b) || t.before(b, a) }

func (t *timeline) before(a, b string) bool {
	from, to := t.cib.byResource[a], t.cib.byResource[b]
	if from == nil || to == nil {
		return false
	}
	seen, ok := t.reached[a]
	if !ok {
		seen = t.reach(from)
		if len(t.reached) < 64 { // the few that many others are placed with
			t.reached[a] = seen
		}
	}
	hit := false
	to.each(func(r *resource) { hit = hit || seen[t.begun[r.id]] })
	return hit
}

// reach marks all points after those where the resource, or one that it holds, has
// started.
func (t *timeline) reach(from *resource) []bool {
	seen := make([]bool, len(t.next))
	var open []int
	from.each(func(r *resource) { open = append(open, t.started[r.id]) })
	for len(open) > 0 {
		p := open[len(open)-1]
		open = open[:len(open)-1]
		for _, n := range t.next[p] {
			if !seen[n] {
				seen[n] = true
				open = append(open, n)
			}
		}
	}
	return seen
}

// each calls f for the resource and all that it holds.
func (r *resource) each(f func(*resource)) {
	f(r)
	for _, c := range r.children {
		c.each(f)
	}
}

// looseEnds are resources that one constraint, or one line of a description, leaves
// unordered.
type looseEnds struct {
	at      Place
	names   []string
	against string
	grave   bool
}

func unordered(s *side, r *report) {
	t := newTimeline(s.cib)
	var all []looseEnds
	for _, k := range s.cib.colocations {
		if k.score < infinity {
			continue
		}
		found := looseEnds{at: k.place}
		for _, link := range k.links {
			a, b := s.cib.byResource[link[0]], s.cib.byResource[link[1]]
			if a == nil || b == nil || !depends(a, b) || t.ordered(a.id, b.id) {
				continue
			}
			found.names, found.against = append(found.names, a.id), b.id
			found.grave = found.grave || fragile(a) || fragile(b)
		}
		switch last := len(all) - 1; {
		case len(found.names) == 0:
		case s.file != nil && last >= 0 && all[last].at == found.at && all[last].against == found.against:
			all[last].names = append(all[last].names, found.names...)
			all[last].grave = all[last].grave || found.grave
		default:
			all = append(all, found)
		}
	}
	fix := ""
	if s.file != nil {
		fix = "write layout: staged, which orders them"
	}
	for _, l := range all {
		severity := diag.Warning
		if l.grave {
			severity = r.rule.Severity
		}
		r.as(severity, l.at, fmt.Sprintf("%s must run with %s, but no order says which starts first, so they start at once", and(l.names), clip(l.against)), fix)
	}
	s.apart(r)
}

// depends reports whether an order between two resources that run together is of
// any use: services, and what they need. Two addresses need none.
func depends(a, b *resource) bool {
	served := func(r *resource) bool {
		return slices.ContainsFunc(r.primitives(), func(p *resource) bool { return !isAddressAgent(p) && p.class != "stonith" })
	}
	return (served(a) || served(b)) && !a.cloned() && !b.cloned() && a.kind != "clone" && a.kind != "master" && b.kind != "clone" && b.kind != "master"
}

// fragile reports whether a resource is an OpenNebula service that its unit's start
// limit stops for good when oned is late. Our own agents reset that limit.
func fragile(r *resource) bool {
	return slices.ContainsFunc(r.primitives(), func(p *resource) bool {
		_, ok := p.frontend()
		return ok && !p.ours()
	})
}

// apart reports orders between an address and a service that may run on another
// node.
func (s *side) apart(r *report) {
	together := newUnion()
	for _, k := range s.cib.colocations {
		for _, link := range k.links {
			if k.score > 0 {
				together.join(link[0], link[1])
			}
		}
	}
	for _, res := range s.cib.resources {
		for _, c := range res.children {
			together.join(res.id, c.id)
		}
	}
	for _, o := range s.cib.orders {
		for i := 1; i < len(o.steps); i++ {
			for _, a := range o.steps[i-1].resources[:min(1, len(o.steps[i-1].resources))] {
				for _, b := range o.steps[i].resources {
					first, then := s.cib.byResource[a], s.cib.byResource[b]
					if first == nil || then == nil || first.kind != "primitive" || then.kind != "primitive" || first.cloned() || then.cloned() {
						continue
					}
					if isAddressAgent(first) && !isAddressAgent(then) && then.class != "stonith" && !together.same(a, b) {
						r.as(diag.Warning, o.place, fmt.Sprintf("%s starts after the address %s, but nothing places it on the same node", clip(b), clip(a)), "add a colocation of the two")
					}
				}
			}
		}
	}
}

// union is a set of disjoint sets of names.
type union map[string]string

func newUnion() union { return union{} }

func (u union) root(a string) string {
	for u[a] != "" && u[a] != a {
		if up := u[u[a]]; up != "" {
			u[a] = up
		}
		a = u[a]
	}
	return a
}

func (u union) join(a, b string) { u[u.root(a)] = u.root(b) }

func (u union) same(a, b string) bool { return u.root(a) == u.root(b) }

// independent are the services that need oned but not one another.
var independent = []string{"sunstone", "fireedge", "gate", "flow", "form", "ks"}

func chained(s *side, r *report) {
	for _, g := range s.cib.resources {
		if g.kind != "group" || isFalse(value(g.meta, "ordered")) {
			continue
		}
		var side []string
		for _, m := range g.children {
			if service, ok := m.frontend(); ok && slices.Contains(independent, service.Name) {
				side = append(side, m.id)
			}
		}
		if len(side) > 1 {
			r.add(g.e.place, fmt.Sprintf("group %s chains %s, which do not need each other: when %s fails, what comes after it restarts too, and at its threshold the whole group moves",
				clip(g.id), and(side), clip(side[0])), "")
		}
	}
}
