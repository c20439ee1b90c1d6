package preview

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// action is one action of a transition: what the cluster does, and what it waits for.
type action struct {
	op       string // start, stop, monitor, promote and so on; fencing; "" for what nobody does
	resource string // without the number of a clone's instance; "" for a fencing
	node     string // where; for a fencing, who is fenced
	probe    bool   // a monitor that is not recurring
	repeats  bool   // a recurring monitor, which nothing waits for
	off      string // of a fencing: reboot or off
	never    bool   // it waits for what is not in the graph, as a stop on a node that nobody may fence
	after    []int  // indices of what must be done before
}

const fencing = "stonith" // the operation, in every release

// transition is all actions of one answer of the scheduler.
type transition []action

// graphXML is a <transition_graph>, as far as it is read. A synapse's actions fire when
// all its inputs are done.
type graphXML struct {
	XMLName  xml.Name `xml:"transition_graph"`
	Synapses []struct {
		Actions struct {
			Any []actionXML `xml:",any"`
		} `xml:"action_set"`
		Triggers []struct {
			Any []actionXML `xml:",any"`
		} `xml:"inputs>trigger"`
	} `xml:"synapse"`
}

type actionXML struct {
	XMLName   xml.Name
	ID        string `xml:"id,attr"`
	Operation string `xml:"operation,attr"`
	Node      string `xml:"on_node,attr"`
	Primitive struct {
		ID string `xml:"id,attr"`
	} `xml:"primitive"`
	Attributes struct {
		Interval string `xml:"CRM_meta_interval,attr"`
		Fencing  string `xml:"CRM_meta_stonith_action,attr"`
	} `xml:"attributes"`
}

// readGraph reads what crm_simulate -G wrote. Its form is the same from Pacemaker 1.1 to
// 3.0. What can never happen is left out.
func readGraph(text []byte) (transition, error) {
	var g graphXML
	if err := xml.Unmarshal(text, &g); err != nil {
		return nil, fmt.Errorf("read transition graph: %w", err)
	}
	var list transition
	at := map[string]int{}      // by the graph's id
	waits := map[int][]string{} // by index in list
	for _, s := range g.Synapses {
		var triggers []string
		for _, t := range s.Triggers {
			for _, a := range t.Any {
				triggers = append(triggers, a.ID)
			}
		}
		for _, a := range s.Actions.Any {
			at[a.ID] = len(list)
			waits[len(list)] = triggers
			list = append(list, a.action())
		}
	}
	for i := range list {
		for _, id := range waits[i] {
			from, ok := at[id]
			switch {
			case !ok:
				list[i].never = true
			case from != i:
				list[i].after = append(list[i].after, from)
			}
		}
	}
	return list.until(func(a action) bool { return a.never }, false), nil
}

func (a actionXML) action() action {
	repeats := a.Attributes.Interval != "" && a.Attributes.Interval != "0"
	switch a.XMLName.Local {
	case "crm_event":
		if a.Operation != fencing || a.Attributes.Fencing == "on" {
			return action{node: a.Node}
		}
		return action{op: fencing, node: a.Node, off: a.Attributes.Fencing}
	case "rsc_op":
		id, _, _ := strings.Cut(a.Primitive.ID, ":")
		return action{op: a.Operation, resource: id, node: a.Node, repeats: repeats, probe: a.Operation == "monitor" && !repeats}
	}
	return action{} // a pseudo event: a point in time that others wait for
}

// idle reports whether a transition changes nothing.
func (t transition) idle() bool {
	for _, a := range t {
		if a.op == fencing || a.op != "" && a.op != "monitor" && a.op != "cancel" && a.op != "notify" {
			return false
		}
	}
	return true
}

// until returns the transition as far as it gets when an action fails that match
// names: what waits for it, at whatever distance, does not happen. The failed action
// itself is left out, unless keep is set: it took its time.
func (t transition) until(match func(action) bool, keep bool) transition {
	failed, blocked := make([]bool, len(t)), make([]bool, len(t))
	for i, a := range t {
		failed[i] = match(a)
	}
	for changed := true; changed; {
		changed = false
		for i, a := range t {
			for _, from := range a.after {
				if (failed[from] || blocked[from]) && !blocked[i] {
					blocked[i], changed = true, true
				}
			}
		}
	}
	index := make([]int, len(t))
	var kept transition
	for i, a := range t {
		if index[i] = len(kept); !blocked[i] && (keep || !failed[i]) {
			kept = append(kept, a)
		}
	}
	for i := range kept { // all that a kept action waits for is kept
		var after []int
		for _, from := range kept[i].after {
			after = append(after, index[from])
		}
		kept[i].after = after
	}
	return kept
}

// apply returns the placement after the transition.
func (t transition) apply(placed map[string]string) map[string]string {
	after := map[string]string{}
	for r, nodes := range placed {
		var on []string
		for _, n := range split(nodes) {
			if !t.has("stop", r, n) {
				on = append(on, n)
			}
		}
		for _, a := range t {
			if a.op == "start" && a.resource == r {
				on = append(on, a.node)
			}
		}
		after[r] = join(on)
	}
	return after
}

// has reports whether an operation is done to a resource, on a node if one is given.
func (t transition) has(op, resource, node string) bool {
	for _, a := range t {
		if a.op == op && a.resource == resource && (node == "" || a.node == node) {
			return true
		}
	}
	return false
}

// fenced returns the nodes that are fenced, sorted.
func (t transition) fenced() []string {
	nodes := []string{}
	for _, a := range t {
		if a.op == fencing {
			nodes = append(nodes, a.node)
		}
	}
	return unique(nodes)
}
