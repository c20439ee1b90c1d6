package lint

import (
	"slices"
	"strings"
)

// location prefers or avoids nodes for resources.
type location struct {
	id        string
	resources []string // "" of a pattern: see pattern
	pattern   bool
	nodes     []string // that its score is for
	score     int
	hasScore  bool
	place     Place
}

// colocation places resources with one another. Links are the pairs that it
// binds directly.
type colocation struct {
	id    string
	links [][2]string
	refs  []string
	score int
	place Place
}

// order starts resources one after another. Steps are its stages: every resource of
// one comes before every one of the next.
type order struct {
	id    string
	steps []step
	place Place
}

// step is a set of resources, one after another or all at once.
type step struct {
	resources []string
	parallel  bool
}

func (c *CIB) constraint(e *element) {
	score, _ := parseScore(e.attr("score"))
	switch e.tag {
	case "rsc_location":
		l := location{id: e.attr("id"), place: e.place, score: score, hasScore: e.has("score"), pattern: e.has("rsc-pattern")}
		for _, s := range c.steps(e) {
			l.resources = append(l.resources, s.resources...)
		}
		if rsc := e.attr("rsc"); rsc != "" {
			l.resources = append(l.resources, c.expand(rsc)...)
		}
		if node := e.attr("node"); node != "" {
			l.nodes = append(l.nodes, node)
		}
		c.locations = append(c.locations, l)
		c.rules(l, e)
	case "rsc_colocation":
		if !e.has("score") {
			score = infinity // what the tools mean by leaving it out
		}
		k := colocation{id: e.attr("id"), place: e.place, score: score}
		steps := c.steps(e)
		if e.has("rsc") {
			steps = []step{{c.expand(e.attr("rsc")), true}, {c.expand(e.attr("with-rsc")), true}}
		}
		k.bind(steps)
		c.colocations = append(c.colocations, k)
	case "rsc_order":
		o := order{id: e.attr("id"), place: e.place, steps: c.steps(e)}
		if e.has("first") {
			o.steps = []step{{c.expand(e.attr("first")), true}, {c.expand(e.attr("then")), true}}
		}
		c.orders = append(c.orders, o)
	}
}

// rules adds the nodes that a location's rules name with #uname, each as a location
// of its own with the rule's score.
func (c *CIB) rules(l location, e *element) {
	for _, r := range e.children {
		if r.tag != "rule" {
			continue
		}
		rule := c.resolve(r)
		one := l
		one.nodes, one.place = nil, r.place
		one.score, one.hasScore = 0, rule.has("score")
		one.score, _ = parseScore(rule.attr("score"))
		simple := true // the rule is about names of nodes and nothing else
		for _, x := range rule.children {
			if x.tag != "expression" || x.attr("attribute") != "#uname" || x.attr("operation") != "eq" {
				simple = false
				continue
			}
			one.nodes = append(one.nodes, x.attr("value"))
		}
		if len(one.nodes) > 1 && rule.attr("boolean-op") != "or" {
			simple = false
		}
		if !simple {
			one.hasScore = false
		}
		if len(one.nodes) > 0 {
			c.locations = append(c.locations, one)
		}
	}
}

// steps returns the resource sets of a constraint.
func (c *CIB) steps(e *element) (steps []step) {
	for _, set := range e.children {
		if set.tag != "resource_set" {
			continue
		}
		set = c.resolve(set)
		s := step{parallel: isFalse(set.attr("sequential"))}
		for _, ref := range set.children {
			s.resources = append(s.resources, c.expand(ref.attr("id"))...)
		}
		if len(s.resources) > 0 {
			steps = append(steps, s)
		}
	}
	return steps
}

// expand returns the resources that a reference stands for: those of a tag, or the
// one of that id.
func (c *CIB) expand(ref string) []string {
	ids, isTag := c.tags[ref]
	switch {
	case ref == "":
		return nil
	case isTag && c.byResource[ref] == nil:
		return ids
	}
	return []string{ref}
}

// bind notes which resources a colocation binds: neighbours in a sequence, and those
// of one set with those of the next. One resource of a set stands for the others
// there, so that large sets do not multiply.
func (k *colocation) bind(steps []step) {
	for i, s := range steps {
		k.refs = append(k.refs, s.resources...)
		if len(s.resources) == 0 {
			continue
		}
		for j := 1; j < len(s.resources) && !s.parallel; j++ {
			k.links = append(k.links, [2]string{s.resources[j], s.resources[j-1]})
		}
		if i+1 == len(steps) || len(steps[i+1].resources) == 0 {
			continue
		}
		next := steps[i+1].resources
		for _, r := range s.resources {
			k.links = append(k.links, [2]string{r, next[0]})
		}
		for _, r := range next[1:] {
			k.links = append(k.links, [2]string{s.resources[0], r})
		}
	}
}

// banned reports whether a location keeps the resource from the node, whoever
// wrote it: plain, by a rule on the node's name, by a set or a pattern.
func (c *CIB) banned(r *resource, node string) bool {
	return slices.ContainsFunc(c.locations, func(l location) bool {
		return l.hasScore && l.score <= -infinity && containsFold(l.nodes, node) &&
			(l.pattern || slices.ContainsFunc(l.resources, func(id string) bool { return r.within(id) }))
	})
}

// within reports whether the resource is the one of that id, or is held by it.
func (r *resource) within(id string) bool {
	for o := r; o != nil; o = o.parent {
		if o.id == id {
			return true
		}
	}
	return false
}

// containsFold compares names of nodes as Pacemaker does, without regard to case.
func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
