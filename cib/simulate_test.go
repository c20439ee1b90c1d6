package cib

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/spec"
)

// outcome is what Pacemaker's scheduler would do about an event.
type outcome struct {
	fenced  []string          // nodes
	actions []string          // "RESOURCE ACTION NODE" in order; monitors left out
	where   map[string]string // node of each resource in the end, "" when stopped
}

var (
	fencing   = regexp.MustCompile(`(?m)^  \* Fencing (\S+) \(reboot\)`)
	action    = regexp.MustCompile(`(?m)^  \* Resource action: (\S+) +(start|stop) on (\S+)`)
	placement = regexp.MustCompile(`(?m)^ +\* (\S+)\s+\((?:ocf|stonith):[^)]*\):\s+(Started|Stopped|FAILED)(?: (\S+))?`)
)

func parseOutcome(text string) outcome {
	o := outcome{where: map[string]string{}}
	for _, m := range fencing.FindAllStringSubmatch(text, -1) {
		o.fenced = append(o.fenced, m[1])
	}
	for _, m := range action.FindAllStringSubmatch(text, -1) {
		o.actions = append(o.actions, strings.Join(m[1:], " "))
	}
	_, revised, _ := strings.Cut(text, "Revised Cluster Status")
	for _, m := range placement.FindAllStringSubmatch(revised, -1) {
		o.where[m[1]] = m[3]
	}
	return o
}

const n1, n2 = "one-server1", "one-server2"

// event happens in the state "from" and leads to a state of its own name; "new" is a
// new cluster, "inquorate" one without quorum.
type event struct {
	name, from string
	flags      string // of crm_simulate
	check      func(*testing.T, outcome)
}

// placed wants the floating IP and all services on a node, but those given stopped.
func (o outcome) placed(t *testing.T, node string, stopped ...string) {
	t.Helper()
	for _, r := range append([]string{vipType}, allServices...) {
		want := node
		if slices.Contains(stopped, r) {
			want = ""
		}
		if o.where[r] != want {
			t.Errorf("%s runs on %q, want %q", r, o.where[r], want)
		}
	}
}

// touches wants actions for exactly these resources.
func (o outcome) touches(t *testing.T, resources ...string) {
	t.Helper()
	var got []string
	for _, a := range o.actions {
		got = append(got, strings.Fields(a)[0])
	}
	slices.Sort(got)
	if diff := cmp.Diff(slices.Sorted(slices.Values(resources)), slices.Compact(got)); diff != "" {
		t.Errorf("resources with actions: -want +got:\n%s%q", diff, o.actions)
	}
}

// inOrder wants the actions given among the others in this order.
func (o outcome) inOrder(t *testing.T, actions ...string) {
	t.Helper()
	at := -1
	for _, a := range actions {
		i := slices.Index(o.actions, a)
		if i <= at {
			t.Errorf("no %q after the one before it in %q", a, o.actions)
			return
		}
		at = i
	}
}

func (o outcome) fences(t *testing.T, nodes ...string) {
	t.Helper()
	if !slices.Equal(o.fenced, nodes) {
		t.Errorf("fences %q, want %q", o.fenced, nodes)
	}
}

// failAt fails a monitor of a resource on the first node.
func failAt(resource string, interval int) string {
	return fmt.Sprintf("-i %s_monitor_%d@%s=7", resource, interval*1000, n1)
}

// events are what a layout must do; every list begins with the start.
var events = map[spec.Layout][]event{
	spec.Staged: {
		{"start", "new", "-u " + n1 + " -u " + n2, func(t *testing.T, o outcome) {
			o.placed(t, n1)
			o.fences(t)
			for _, side := range allServices[1:] {
				o.inOrder(t, "vip start "+n1, "oned start "+n1, side+" start "+n1)
			}
			for _, n := range []string{n1, n2} {
				if where := o.where["fence-"+n]; where == "" || where == n {
					t.Errorf("fence-%s runs on %q", n, where)
				}
			}
		}},
		{"quiet", "start", "", func(t *testing.T, o outcome) { o.placed(t, n1); o.touches(t) }},
		{"oned fails", "start", failAt("oned", 15), func(t *testing.T, o outcome) {
			o.placed(t, n1)
			o.touches(t, allServices...)
			o.inOrder(t, "flow stop "+n1, "oned stop "+n1, "oned start "+n1, "flow start "+n1)
		}},
		{"oned fails deep", "start", failAt("oned", 60), func(t *testing.T, o outcome) { o.placed(t, n1); o.touches(t, allServices...) }},
		{"oned fails 2", "oned fails", failAt("oned", 15), func(t *testing.T, o outcome) { o.placed(t, n1) }},
		{"oned fails 3", "oned fails 2", failAt("oned", 15), func(t *testing.T, o outcome) { o.placed(t, n2); o.fences(t) }},
		{"flow fails", "start", failAt("flow", 30), func(t *testing.T, o outcome) { o.placed(t, n1); o.touches(t, "flow") }},
		{"flow fails 2", "flow fails", failAt("flow", 30), func(t *testing.T, o outcome) { o.placed(t, n1); o.touches(t, "flow") }},
		{"flow fails 3", "flow fails 2", failAt("flow", 30), func(t *testing.T, o outcome) { o.placed(t, n1, "flow"); o.touches(t, "flow") }},
		// The simulation counts a failed start as one failure, the cluster as the last.
		{"flow does not start", "new", "-u " + n1 + " -u " + n2 + " -F flow_start_0@" + n1 + "=1", nil},
		{"flow does not start 2", "flow does not start", "-F flow_start_0@" + n1 + "=1", nil},
		{"flow does not start 3", "flow does not start 2", "-F flow_start_0@" + n1 + "=1", nil},
		{"flow did not start", "flow does not start 3", "", func(t *testing.T, o outcome) { o.placed(t, n1, "flow") }},
		{"active lost", "start", "-f " + n1, func(t *testing.T, o outcome) {
			o.placed(t, n2)
			o.fences(t, n1)
			o.inOrder(t, "vip start "+n2, "oned start "+n2, "sunstone start "+n2)
		}},
		{"active back", "active lost", "-u " + n1, func(t *testing.T, o outcome) { o.placed(t, n2); o.touches(t, "fence-"+n2) }},
		{"flow stopped, active lost", "flow fails 3", "-f " + n1, func(t *testing.T, o outcome) { o.placed(t, n2); o.fences(t, n1) }},
		{"passive lost", "start", "-f " + n2, func(t *testing.T, o outcome) { o.placed(t, n1); o.fences(t, n2); o.touches(t) }},
		{"oned does not stop", "start", failAt("oned", 15) + " -F oned_stop_0@" + n1 + "=1", nil},
		{"oned did not stop", "oned does not stop", "", func(t *testing.T, o outcome) { o.placed(t, n2); o.fences(t, n1) }},
		{"isolated boot", "inquorate", "-u " + n1, func(t *testing.T, o outcome) { o.placed(t, ""); o.fences(t); o.touches(t) }},
	},
	spec.Colocation: {
		{"start", "new", "-u " + n1 + " -u " + n2, func(t *testing.T, o outcome) { o.placed(t, n1) }},
		{"oned fails", "start", failAt("oned", 15), func(t *testing.T, o outcome) { o.placed(t, n1); o.touches(t, "oned") }},
		{"flow fails", "start", failAt("flow", 30), nil},
		{"flow fails 2", "flow fails", failAt("flow", 30), nil},
		{"flow fails 3", "flow fails 2", failAt("flow", 30), func(t *testing.T, o outcome) { o.placed(t, n2) }}, // drags all along
		{"active lost", "start", "-f " + n1, func(t *testing.T, o outcome) { o.placed(t, n2); o.fences(t, n1) }},
	},
	spec.Group: {
		{"start", "new", "-u " + n1 + " -u " + n2, func(t *testing.T, o outcome) {
			o.placed(t, n1)
			o.inOrder(t, "vip start "+n1, "oned start "+n1, "sunstone start "+n1, "gate start "+n1, "flow start "+n1)
		}},
		{"sunstone fails", "start", failAt("sunstone", 30), func(t *testing.T, o outcome) { o.placed(t, n1); o.touches(t, "sunstone", "gate", "flow") }},
		{"flow fails", "start", failAt("flow", 30), nil},
		{"flow fails 2", "flow fails", failAt("flow", 30), nil},
		{"flow fails 3", "flow fails 2", failAt("flow", 30), func(t *testing.T, o outcome) { o.placed(t, n2) }}, // drags all along
		{"active lost", "start", "-f " + n1, func(t *testing.T, o outcome) { o.placed(t, n2); o.fences(t, n1) }},
	},
}

// TestSimulate asks Pacemaker's own scheduler what each layout does.
func TestSimulate(t *testing.T) {
	t.Parallel()
	for layout, list := range events {
		t.Run(string(layout), func(t *testing.T) {
			t.Parallel()
			c := twoNodes(layout, allServices...)
			c.Prefer = n1
			box := simulate(t, render(t, c), list)
			if diff := cmp.Diff(startOrders[layout], startEdges(string(box.get("start.dot")))); diff != "" {
				t.Errorf("start after start: -want +got:\n%s", diff)
			}
		})
	}
}

// simulate asks about each event in its turn.
func simulate(t *testing.T, cib []byte, list []event) *chamber {
	t.Helper()
	box := newChamber(t)
	box.put("new.xml", quorum(cib, "1"))
	box.put("inquorate.xml", quorum(cib, "0"))
	script := ""
	for _, e := range list {
		script += fmt.Sprintf("crm_simulate -x '%s.xml' -S %s -O '%s.xml' -D '%[3]s.dot' >'%[3]s.txt'\n", e.from, e.flags, e.name)
	}
	box.run(script)
	for _, e := range list {
		if e.check != nil {
			t.Run(e.name, func(t *testing.T) {
				text := string(box.get(e.name + ".txt"))
				e.check(t, parseOutcome(text))
				if t.Failed() {
					t.Log(text)
				}
			})
		}
	}
	return box
}

// addNodes makes nodes known to a CIB.
func addNodes(cib string, names ...string) string {
	nodes := ""
	for i, n := range names {
		nodes += fmt.Sprintf(`<node id="%d" uname="%s"/>`, i+1, n)
	}
	return strings.Replace(cib, "<nodes/>", "<nodes>"+nodes+"</nodes>", 1)
}

func quorum(cib []byte, have string) []byte {
	return []byte(strings.Replace(string(cib), "<cib ", `<cib have-quorum="`+have+`" `, 1))
}

// startOrders are the starts that wait for another, by layout. In staged, the side
// services wait for the group, which runs when its members do.
var startOrders = map[spec.Layout][]string{
	spec.Staged:     {"flow after frontend", "gate after frontend", "oned after vip", "sunstone after frontend"},
	spec.Colocation: nil,
	spec.Group:      {"flow after gate", "gate after sunstone", "oned after vip", "sunstone after oned"},
}

var edge = regexp.MustCompile(`"(\w+)_(?:start_0 one-server\d|running_0)" -> "(\w+)_start_0 one-server\d"`)

func startEdges(dot string) (edges []string) {
	for _, m := range edge.FindAllStringSubmatch(dot, -1) {
		edges = append(edges, m[2]+" after "+m[1])
	}
	slices.Sort(edges)
	return edges
}
