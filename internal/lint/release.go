package lint

import (
	"fmt"
	"slices"
	"strings"
)

// since says with which release of Pacemaker something came (its ChangeLog).
type since struct {
	name  string
	first version
}

// newProperties and newMeta are names that older releases ignore without a word.
var (
	newProperties = []since{
		{"priority-fencing-delay", version{2, 0, 4}}, {"shutdown-lock", version{2, 0, 4}}, {"shutdown-lock-limit", version{2, 0, 4}},
		{"node-pending-timeout", version{2, 1, 7}},
		{"fencing-enabled", version{3, 0, 2}}, {"fencing-action", version{3, 0, 2}}, {"fencing-timeout", version{3, 0, 2}},
		{"fencing-max-attempts", version{3, 0, 2}}, {"fencing-watchdog-timeout", version{3, 0, 2}}, {"fencing-reaction", version{3, 0, 2}},
	}
	newMeta = []since{
		{"critical", version{2, 1, 0}}, {"allow-unhealthy-nodes", version{2, 1, 3}},
		{"promotable", version{2, 0, 0}}, {"promoted-max", version{2, 0, 0}}, {"promoted-node-max", version{2, 0, 0}},
	}
)

func tooNew(s *side, r *report) {
	v := s.pacemaker
	late := func(at Place, what string, first version) {
		if v.before(first) {
			r.add(at, fmt.Sprintf("%s came with Pacemaker %s, and %s ignores it", what, first, v), "remove it, or use a newer Pacemaker")
		}
	}
	named := func(pairs []pair, table []since, what string) {
		for _, p := range pairs {
			if i := slices.IndexFunc(table, func(n since) bool { return n.name == p.name }); i >= 0 {
				late(p.place, what+" "+p.name, table[i].first)
			}
		}
	}
	if !v.known() {
		return
	}
	named(s.cib.properties, newProperties, "property")
	named(s.cib.rscDefaults, newMeta, "meta attribute")
	for _, res := range s.cib.resources {
		named(res.meta, newMeta, "meta attribute")
		for _, o := range res.ops {
			if strings.EqualFold(o.role, "Promoted") || strings.EqualFold(o.role, "Unpromoted") {
				late(o.place, "role "+o.role, version{2, 1, 0})
			}
		}
		if d := res.param("pcmk_delay_base"); res.class == "stonith" && strings.ContainsAny(d, ":=") {
			late(res.paramPlace("pcmk_delay_base"), "a map in pcmk_delay_base", version{2, 1, 2})
		}
	}
	for _, e := range s.cib.constraints {
		if e.tag == "rsc_colocation" && e.has("influence") {
			late(e.place, "influence of a colocation", version{2, 1, 0})
		}
	}
	if schema, ok := parseVersion(strings.TrimPrefix(s.cib.root.attr("validate-with"), "pacemaker-")); ok && schema[0] >= 3 {
		late(s.cib.root.place, "schema "+s.cib.root.attr("validate-with"), version{2, 0, 0})
	}
}
