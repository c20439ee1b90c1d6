package adopt

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/spec"
)

// wait is how long the fencing of a node waits, by all its devices. What chance adds is
// apart.
type wait struct{ sure, chance time.Duration }

// delay finds the description's fence_delay. A description knows one node whose fencing
// waits; of a cluster in which the fencing of both waits, the difference is what
// decides a race, and what both wait is lost in every failure.
func (d *draft) delay(g *given, all []resource) {
	c := &d.cluster
	protected := c.Protected()
	waits := map[string]wait{}
	given, shared := false, time.Duration(0)
	for _, r := range all {
		if r.class != "stonith" {
			continue
		}
		own, base, most := duration(r.param("delay")), r.param("pcmk_delay_base"), duration(r.param("pcmk_delay_max"))
		targets := d.targets(g, r)
		given = given || len(targets) > 0 && (own > 0 || base != "" || most > 0)
		for _, p := range targets {
			w := wait{sure: own + ofNode(base, p.Node)}
			w.chance = max(0, most-ofNode(base, p.Node))
			if before := waits[p.Node]; w.sure+w.chance > before.sure+before.chance {
				waits[p.Node] = w
			}
		}
		if len(targets) > 1 && base == "" {
			shared = max(shared, most)
		}
	}
	if !given || !slices.ContainsFunc(c.Fencing, func(f spec.FenceDevice) bool { return !d.isStandIn(f) }) {
		return
	}
	longest, other := wait{}, ""
	for _, n := range c.Nodes {
		if w := waits[n.Name]; n.Name != protected && (other == "" || w.sure > longest.sure) {
			longest, other = w, n.Name
		}
	}
	mine := waits[protected]
	const most = time.Minute // that a description may have
	diff := max(-most, min(most, mine.sure-longest.sure)).Truncate(time.Second)
	said := fmt.Sprintf("fencing waits %s for %s and %s for %s", mine, protected, longest, other)
	switch {
	case diff > 0 && longest.sure == 0 && mine.chance == 0 && longest.chance == 0:
		d.delays = fmt.Sprintf("%s; that is fence_delay: %s here", said, diff)
	case diff > 0:
		d.delays = fmt.Sprintf("%s; the difference is what decides a race, so it is fence_delay: %s here, and nothing waits for %s", said, diff, other)
	case diff < 0:
		diff = -diff
		d.delays = fmt.Sprintf("%s, so %s survives a race; the description has fence_delay: %s, which protects %s: write prefer: %s to protect that one", said, other, diff, protected, other)
	case shared > 0: // as generated files have it for a Pacemaker that has no delay for each node
		diff = (shared / 2).Truncate(time.Second)
		d.delays = fmt.Sprintf("%s, so chance decides a race; the description has fence_delay: %s, which protects %s for certain", said, diff, protected)
	default:
		d.delays = fmt.Sprintf("%s, so chance decides a race; the description leaves fence_delay at its default, which protects %s for certain", said, protected)
	}
	if diff > 0 {
		d.delays += "; oneha explain fence_delay says how much is enough"
	}
	c.Fencing[0].Delay = diff
}

// String is the wait in words.
func (w wait) String() string {
	switch {
	case w.chance == 0:
		return w.sure.String()
	case w.sure == 0:
		return "up to " + w.chance.String()
	}
	return w.sure.String() + " to " + (w.sure + w.chance).String()
}

// ofNode is the part of pcmk_delay_base that is for a node: it may say "a:5s;b:0s".
func ofNode(base, node string) time.Duration {
	if !strings.Contains(base, ":") {
		return duration(base)
	}
	for _, pair := range strings.FieldsFunc(base, func(c rune) bool { return c == ';' || c == ' ' }) {
		if name, delay, _ := strings.Cut(pair, ":"); name == node {
			return duration(delay)
		}
	}
	return 0
}

// duration reads a duration as Pacemaker and the fence agents do, 0 where it is none. A
// bare number is of seconds.
func duration(s string) time.Duration {
	if n, err := strconv.ParseUint(s, 10, 24); err == nil {
		return time.Duration(n) * time.Second
	}
	d, err := time.ParseDuration(strings.NewReplacer("min", "m", "sec", "s", "hr", "h", "msec", "ms").Replace(s))
	if err != nil || d < 0 || d > 24*time.Hour {
		return 0
	}
	return d
}

// isDelay reports whether an option of a fence device delays fencing.
func isDelay(option string) bool {
	return option == "delay" || option == "pcmk_delay_base" || option == "pcmk_delay_max"
}

// delayWords is what becomes of priority-fencing-delay, which protects the node with
// more of the resources' priority.
func (a attempt) delayWords() string {
	delay := a.given.property("priority-fencing-delay")
	if duration(delay) == 0 {
		return ""
	}
	protected := a.draft.cluster.Protected()
	if !kept(a.draft.cluster, "priority-fencing-delay") {
		return fmt.Sprintf("priority-fencing-delay is lost, and fence_delay protects %s instead, whatever runs there", protected)
	}
	return fmt.Sprintf("priority-fencing-delay %s stays among the properties, but protects the node with the higher priority of resources only where they have one, which no key gives them; fence_delay protects %s, and where both apply they add up", delay, protected)
}

func kept(c spec.Cluster, property string) bool {
	for _, o := range c.Properties {
		if o.Name == property {
			return true
		}
	}
	return false
}
