package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/diag"
)

func monitors(s *side, r *report) {
	for _, p := range s.cib.resources {
		if p.kind != "primitive" {
			continue
		}
		var seen []operation
		for _, o := range p.ops {
			if o.name != "monitor" || o.disabled || o.interval == 0 {
				continue
			}
			role := func(o operation) string {
				switch strings.ToLower(o.role) {
				case "master", "promoted":
					return "promoted"
				}
				return "other"
			}
			if slices.ContainsFunc(seen, func(e operation) bool { return e.interval == o.interval }) {
				r.add(o.place, fmt.Sprintf("two monitors of %s have the interval %s: Pacemaker tells operations apart by it, and runs one", clip(p.id), seconds(o.interval)), "give them different intervals")
			}
			if timeout := s.cib.opTimeout(o); 2*o.interval < timeout && role(o) == "other" {
				r.add(o.place, fmt.Sprintf("a monitor of %s runs every %s and may take %s: a slow one is followed by the next without a pause", clip(p.id), seconds(o.interval), seconds(timeout)), "raise the interval, or lower the timeout")
			}
			seen = append(seen, o)
		}
		if managed, ok := s.cib.inherited(p, "is-managed"); len(seen) == 0 && (!ok || !isFalse(managed.value)) && !(p.class == "stonith" && p.param("ip", "ipaddr") == "") {
			r.add(p.e.place, fmt.Sprintf("%s has no monitor: nobody notices when it fails", clip(p.id)), "add op monitor with an interval, such as 30s")
		}
	}
}

func stickiness(s *side, r *report) {
	var services []*resource // top level, what moves as a whole
	for _, res := range s.cib.resources {
		if res.parent == nil && res.class != "stonith" && res.kind != "clone" && res.kind != "master" && res.kind != "bundle" {
			services = append(services, res)
		}
	}
	sticky := func(res *resource) int {
		sum := 0
		for _, p := range res.primitives() {
			if v, ok := s.cib.inherited(p, "resource-stickiness"); ok {
				score, _ := parseScore(v.value)
				sum = min(infinity, sum+score)
			}
		}
		return sum
	}
	if len(services) == 0 {
		return
	}
	if !slices.ContainsFunc(services, func(res *resource) bool { return sticky(res) > 0 }) {
		if hasRules(s.cib.rscDefaults, "resource-stickiness") {
			return
		}
		r.add(services[0].e.place, "no resource has a stickiness: anything that changes the balance moves running services", "")
		return
	}
	if p, ok := s.cib.property("symmetric-cluster"); ok && isFalse(p.value) {
		return // there a preference is what lets a resource run at all
	}
	for _, l := range s.cib.locations {
		if !l.hasScore || l.score <= 0 || len(l.nodes) == 0 || leftover.MatchString(l.id) {
			continue
		}
		for _, id := range l.resources {
			res := s.cib.byResource[id]
			if res == nil || res.class == "stonith" || res.cloned() {
				continue
			}
			if have := sticky(res.top()); have <= l.score {
				r.add(l.place, fmt.Sprintf("%s prefers %s with score %s, and its stickiness is %d: it moves back as soon as that node returns, which is a second interruption", clip(id), clip(l.nodes[0]), scoreText(l.score), have),
					"give a score below the stickiness")
			}
		}
	}
}

// top is the resource itself, or the outermost that holds it: what moves as a whole.
func (r *resource) top() *resource {
	for r.parent != nil {
		r = r.parent
	}
	return r
}

func hasRules(pairs []pair, name string) bool {
	return slices.ContainsFunc(pairs, func(p pair) bool { return p.name == name && p.conditional })
}

func scoreText(score int) string {
	switch {
	case score >= infinity:
		return "INFINITY"
	case score <= -infinity:
		return "-INFINITY"
	}
	return fmt.Sprint(score)
}

// leftover are the ids of constraints that crm_resource, pcs and crm leave behind
// when a resource is moved or banned by hand.
var leftover = regexp.MustCompile(`^cli-(ban|prefer|standby)-`)

func leftovers(s *side, r *report) {
	reported := map[string]bool{}
	for _, l := range s.cib.locations {
		if leftover.MatchString(l.id) && !reported[l.id] {
			reported[l.id] = true
			r.add(l.place, fmt.Sprintf("%s is left of a move or ban by hand, and still holds", clip(l.id)), "crm_resource --clear --resource NAME (pcs resource clear, crm resource clear)")
		}
	}
	for _, n := range s.cib.nodes {
		for _, a := range n.attrs {
			if (a.name == "standby" || a.name == "maintenance") && isTrue(a.value) && !a.conditional {
				r.add(a.place, fmt.Sprintf("node %s is in %s", clip(n.name), a.name), "when the work is done, end it: crm_attribute --node NAME --name "+a.name+" --delete")
			}
		}
	}
	for _, p := range s.cib.standbyNodes {
		r.add(p.place, fmt.Sprintf("node %s is in standby until it boots", clip(p.name)), "when the work is done, end it")
	}
	for _, res := range s.cib.resources {
		for _, m := range res.meta {
			if m.name == "is-managed" && isFalse(m.value) || m.name == "maintenance" && isTrue(m.value) {
				r.add(m.place, fmt.Sprintf("%s is not managed: nobody recovers it", clip(res.id)), "remove "+m.name+" when the work is done")
			}
		}
	}
	for _, p := range s.cib.rscDefaults {
		if p.name == "is-managed" && isFalse(p.value) {
			r.add(p.place, "no resource is managed, by default", "remove is-managed when the work is done")
		}
	}
	for _, f := range s.cib.failures {
		name, _, _ := strings.Cut(f.name, "#")
		r.add(f.place, fmt.Sprintf("failures of %s count against a node: %s", clip(name), clip(f.value)), "find out why, then: crm_resource --cleanup --resource NAME")
	}
}

func timeouts(s *side, r *report) {
	for _, res := range s.cib.resources {
		if res.kind != "primitive" || res.class == "stonith" {
			continue
		}
		p, ok := s.cib.inherited(res, "failure-timeout")
		if !ok {
			continue
		}
		forget, ok := parseDuration(p.value)
		if !ok || forget == 0 {
			continue
		}
		var longest time.Duration
		name := ""
		for _, o := range res.ops {
			if t := s.cib.opTimeout(o); t > longest && !o.disabled {
				longest, name = t, o.name
			}
		}
		if forget <= longest {
			r.add(p.place, fmt.Sprintf("failure-timeout is %s, and %s of %s may take %s: a failure is forgotten before it is acted on", seconds(forget), name, clip(res.id), seconds(longest)), "make failure-timeout longer than every operation")
		}
	}
}

// stopTimes compares what a stop may take with what systemd gives the unit. Our own
// agents kill a unit before their time is up, which matters to oned alone: it writes.
func stopTimes(w *world, r *report) {
	if w.Node == nil {
		return
	}
	for _, s := range w.sides {
		for _, res := range s.cibResources() {
			name, ok := res.unit()
			u, known := w.Node.unit(name)
			if !ok || !known || u.Boot == "absent" || u.StopTimeout == 0 || res.kind != "primitive" || res.ours() && res.typ != "oned" {
				continue
			}
			stop, at := operation{name: "stop"}, res.e.place
			for _, o := range res.ops {
				if o.name == "stop" {
					stop, at = o, o.place
				}
			}
			have, want := s.cib.opTimeout(stop), time.Duration(u.StopTimeout)
			consequence := "a slow stop gets the node fenced"
			if res.ours() {
				consequence = "a slow stop ends in a kill before that"
			}
			switch {
			case want < 0:
				r.add(at, fmt.Sprintf("%s has no TimeoutStopSec, so that its stop may take for ever, and the cluster waits %s: %s", name, seconds(have), consequence), "set TimeoutStopSec in a drop-in, below the timeout of stop")
			case have < want:
				r.add(at, fmt.Sprintf("stop of %s may take %s, and systemd gives %s %s (TimeoutStopSec): %s", clip(res.id), seconds(have), name, seconds(want), consequence),
					fmt.Sprintf("set op stop timeout=%ds or more", int64((want+want/4+time.Second-1)/time.Second)))
			}
		}
	}
}

func references(s *side, r *report) {
	for _, e := range s.cib.mentions() {
		for _, ref := range e.refs {
			if s.cib.byResource[ref.id] != nil || s.cib.tags[ref.id] != nil || s.cib.byID[ref.id] != nil && s.cib.byID[ref.id].tag == "template" {
				continue
			}
			fix := "create it, or remove the constraint"
			if meant := diag.Nearest(ref.id, s.cib.resourceIDs()); meant != "" {
				fix = fmt.Sprintf("did you mean %q?", meant)
			}
			r.add(ref.place, fmt.Sprintf("%s names the resource %s, which does not exist", clip(e.name), clip(ref.id)), fix)
		}
	}
}

func legacyClasses(s *side, r *report) {
	for _, res := range s.cib.resources {
		switch res.class {
		case "lsb":
			fix := "use class systemd, or an OCF agent"
			if service, ok := res.frontend(); ok {
				fix = "use ocf:opennebula:" + service.Name + " or systemd:" + strings.TrimSuffix(service.Unit, ".service")
			}
			r.add(res.e.place, fmt.Sprintf("%s runs the init script %s: such scripts report their state unreliably, and OpenNebula has none since 6.10", clip(res.id), clip(res.typ)), fix)
		case "upstart", "nagios", "heartbeat":
			r.add(res.e.place, fmt.Sprintf("%s has the class %s, which Pacemaker 3 does not know", clip(res.id), res.class), "use class systemd, or an OCF agent")
		case "ocf":
			if res.provider == "" {
				r.add(res.e.place, fmt.Sprintf("%s has class ocf without a provider", clip(res.id)), "write ocf:heartbeat:"+clip(res.typ))
			}
		}
	}
}
