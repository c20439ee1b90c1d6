package chaos

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/test/lab"
)

// auditOrder reads what the resource agents have logged in the round, on all nodes on which
// they could.
func auditOrder(_ context.Context, r *Round, want Want) ([]string, error) {
	var steps []step
	var all []string
	for _, n := range r.Cluster.Nodes {
		if slices.Contains(want.Untold, n.Name) {
			continue
		}
		told, err := readEvents(n, r.Start)
		if err != nil {
			return nil, err
		}
		all, steps = append(all, n.Name), append(steps, stepsOf(n.Name, told)...)
	}
	for _, e := range r.Cluster.Events(r.Start) {
		switch e.Kind {
		case lab.PoweredOff, lab.Crashed, lab.Rebooted:
			steps = append(steps, step{at: e.Time, node: e.Node, kind: gone})
		}
	}
	found := judgeOrder(steps, all, r.Active.Name)
	holder, err := r.Cluster.Active()
	if err != nil {
		return found, err
	}
	began := func(s step) bool { return s.node == holder.Name && s.id == "oned" && s.kind == started }
	if holder != r.Active && slices.Contains(all, holder.Name) && !slices.ContainsFunc(steps, began) {
		found = append(found, fmt.Sprintf("%s took over, and its agents have logged no start of oned", holder.Name))
	}
	return found, nil
}

// step is something that an agent has logged, or that ended all on a node.
type step struct {
	at   time.Time
	node string
	kind stepKind
	id   string // resource
	tier int    // what comes first at a start, and last at a stop, has the lowest
}

type stepKind int

const (
	starting stepKind = iota // a start has begun
	started                  // and succeeded
	stopping
	stopped
	failed // a start or stop, which leaves anything
	gone   // the node's power, or its PID 1
)

// Tiers of the resources by the types of their agents; services are behind oned.
var tiers = map[string]int{"vip": 0, "oned": 1}

const lastTier = 2

// stepsOf are the steps among the events of a node's log.
func stepsOf(node string, told []events.Event) (steps []step) {
	for _, e := range told {
		s := step{at: e.Time, node: node, id: e.Subject}
		tier, known := tiers[e.From]
		if s.tier = tier; !known {
			s.tier = lastTier
		}
		switch {
		case e.What == events.Begun && e.Action == "start":
			s.kind = starting
		case e.What == events.Begun && e.Action == "stop":
			s.kind = stopping
		case e.What != events.Ended || e.Action != "start" && e.Action != "stop":
			continue
		case e.Code == nil || *e.Code != 0:
			s.kind = failed
		case e.Action == "start":
			s.kind = started
		default:
			s.kind = stopped
		}
		steps = append(steps, s)
	}
	return steps
}

// condition is that of a resource on a node.
type condition struct {
	up    bool // it may run, in whole or in part
	ready bool // and its start has succeeded
}

// judgeOrder follows the steps, given in any order, from a settled cluster that is active
// on one node. Nothing may start on a node while another may still have it, nor before
// what it needs is ready; nothing may stop before what needs it has. Of a resource that
// no step is about, and of a node that is none of nodes, it claims nothing.
func judgeOrder(steps []step, nodes []string, active string) (found []string) {
	slices.SortStableFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
	has := map[string]map[string]condition{active: {}} // by node and resource
	for _, n := range nodes {
		has[n] = map[string]condition{}
	}
	tier := map[string]int{}
	for _, s := range steps {
		if s.kind != gone {
			tier[s.id] = s.tier
			has[active][s.id] = condition{up: true, ready: true}
		}
	}
	known := slices.Sorted(maps.Keys(tier))
	for _, s := range steps {
		here := has[s.node]
		say := func(form string, other string) {
			found = append(found, fmt.Sprintf("%s, %s on %s: %s", s.at.UTC().Format("15:04:05.000"), s.id, s.node, fmt.Sprintf(form, other)))
		}
		switch s.kind {
		case gone:
			clear(here)
		case starting:
			for _, other := range nodes {
				if other != s.node && has[other][s.id].up {
					say("it was started while %s might still have it", other)
				}
			}
			for _, id := range known {
				if tier[id] < s.tier && !here[id].ready {
					say("it was started before %s was ready", id)
				}
			}
			here[s.id] = condition{up: true}
		case started:
			here[s.id] = condition{up: true, ready: true}
		case stopping:
			for _, id := range known {
				if tier[id] > s.tier && here[id].up && here[s.id].up {
					say("it was stopped before %s was", id)
				}
			}
			here[s.id] = condition{up: here[s.id].up}
		case stopped:
			here[s.id] = condition{}
		case failed:
			here[s.id] = condition{up: true}
		}
	}
	return found
}
