package adopt

import (
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/spec"
)

// colocations joins what has to be on one node.
func (g *given) colocations(together *sets) {
	for _, e := range g.section("constraints") {
		if e.Tag != "rsc_colocation" || !strings.EqualFold(strings.TrimPrefix(e.SelectAttrValue("score", "INFINITY"), "+"), "INFINITY") {
			continue
		}
		var ids []string
		for _, key := range []string{"rsc", "with-rsc"} {
			ids = append(ids, e.SelectAttrValue(key, ""))
		}
		for _, set := range e.SelectElements("resource_set") {
			for _, ref := range set.SelectElements("resource_ref") {
				ids = append(ids, ref.SelectAttrValue("id", ""))
			}
		}
		ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
		for _, id := range ids {
			together.join(g.member(ids[0]), g.member(id))
		}
	}
}

// member stands for an id in sets: a group for its members.
func (g *given) member(id string) string {
	for _, e := range g.section("resources") {
		if e.Tag == "group" && e.SelectAttrValue("id", "") == id {
			return "group " + id
		}
	}
	return id
}

// domainName is that of the group, or what generated constraints show of it.
func (g *given) domainName(root string, together *sets, all []resource, layout spec.Layout) string {
	for _, r := range all {
		if r.group != "" && together.root(r.id) == root && may(r.group) {
			return r.group
		}
	}
	for _, e := range g.section("constraints") {
		name, after := strings.CutSuffix(e.SelectAttrValue("id", ""), "-after-oned")
		if !after || !may(name) {
			continue
		}
		in := together.root(e.SelectAttrValue("then", "")) == root
		for _, set := range e.SelectElements("resource_set") {
			for _, ref := range set.SelectElements("resource_ref") {
				in = in || together.root(ref.SelectAttrValue("id", "")) == root
			}
		}
		if in {
			return name
		}
	}
	for _, r := range all {
		if name := strings.TrimSuffix(r.id, "-vip"); isVIP(r) && together.root(r.id) == root && may(name) && name != r.id {
			return name
		}
	}
	return "domain-1"
}

// sets are disjoint sets of ids.
type sets struct{ up map[string]string }

func newSets() *sets { return &sets{map[string]string{}} }

func (s *sets) root(id string) string {
	for s.up[id] != "" {
		id = s.up[id]
	}
	return id
}

func (s *sets) join(a, b string) {
	if a, b = s.root(a), s.root(b); a != b {
		s.up[a] = b
	}
}
