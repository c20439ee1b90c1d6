package cib

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/internal/spec"
)

// on wants resources on a node, "" for stopped.
func (o outcome) on(t *testing.T, node string, resources ...string) {
	t.Helper()
	for _, r := range resources {
		if got, known := o.where[r]; got != node || !known {
			t.Errorf("%s runs on %q, want %q", r, got, node)
		}
	}
}

var (
	mainDomain = []string{"vip", "oned", "gate", "flow"}
	webDomain  = []string{"web-vip", "sunstone", "novnc"}
)

// onOther fails a monitor on the second node.
func onOther(flags string) string { return flags[:len(flags)-len(n1+"=7")] + n2 + "=7" }

// domainEvents are what a second failover domain must do in the layouts that order
// anything: it follows its own services and nothing else.
var domainEvents = []event{
	{"start", "new", "-u " + n1 + " -u " + n2, func(t *testing.T, o outcome) {
		o.on(t, n1, mainDomain...)
		o.on(t, n2, webDomain...)
		o.fences(t)
		o.inOrder(t, "web-vip start "+n2, "sunstone start "+n2)
		o.inOrder(t, "oned start "+n1, "sunstone start "+n2)
	}},
	{"quiet", "start", "", func(t *testing.T, o outcome) { o.touches(t) }},
	{"oned fails", "start", failAt("oned", 15), func(t *testing.T, o outcome) {
		o.on(t, n1, mainDomain...)
		o.touches(t, "oned", "gate", "flow")
	}},
	{"oned fails 2", "oned fails", failAt("oned", 15), nil},
	{"oned moves", "oned fails 2", failAt("oned", 15), func(t *testing.T, o outcome) {
		o.on(t, n2, append(mainDomain, webDomain...)...)
		o.touches(t, mainDomain...)
	}},
	{"main lost", "start", "-f " + n1, func(t *testing.T, o outcome) {
		o.on(t, n2, append(mainDomain, webDomain...)...)
		o.fences(t, n1)
		o.touches(t, mainDomain...)
	}},
	{"web lost", "start", "-f " + n2, func(t *testing.T, o outcome) {
		o.on(t, n1, append(mainDomain, webDomain...)...)
		o.fences(t, n2)
		o.touches(t, webDomain...)
	}},
	{"both on one, lost", "oned moves", "-f " + n2, func(t *testing.T, o outcome) {
		o.on(t, n1, webDomain...)
		o.fences(t, n2)
	}},
	{"sunstone fails", "start", onOther(failAt("sunstone", 30)), func(t *testing.T, o outcome) { o.on(t, n2, webDomain...) }},
	{"sunstone fails 2", "sunstone fails", onOther(failAt("sunstone", 30)), nil},
	{"web moves", "sunstone fails 2", onOther(failAt("sunstone", 30)), func(t *testing.T, o outcome) {
		o.on(t, n1, append(mainDomain, webDomain...)...)
		o.touches(t, webDomain...)
	}},
}

// withoutOned has oned fail to start three times on each node, which the simulation
// counts one by one and the cluster at once: then the domain does without.
func withoutOned() (list []event) {
	fails := "-F oned_start_0@" + n1 + "=1 -F oned_start_0@" + n2 + "=1"
	from, flags := "new", "-u "+n1+" -u "+n2+" "+fails
	for i := range 7 {
		name := fmt.Sprintf("oned does not start %d", i+1)
		list = append(list, event{name, from, flags, nil})
		from, flags = name, fails
	}
	list[6].check = func(t *testing.T, o outcome) {
		o.on(t, "", "oned", "gate", "flow")
		o.on(t, n2, webDomain...)
		o.fences(t)
	}
	return list
}

func TestSimulateDomains(t *testing.T) {
	t.Parallel()
	for _, layout := range []spec.Layout{spec.Staged, spec.Group} {
		t.Run(string(layout), func(t *testing.T) {
			t.Parallel()
			c := examples(t)["split"]
			c.Layout = layout
			box := simulate(t, render(t, c), append(withoutOned(), domainEvents...))
			if layout == spec.Staged {
				want := []string{"flow after frontend", "gate after frontend", "novnc after oned", "novnc after web", "oned after vip", "sunstone after oned", "sunstone after web"}
				if diff := cmp.Diff(want, startEdges(string(box.get("start.dot")))); diff != "" {
					t.Errorf("start after start: -want +got:\n%s", diff)
				}
			}
		})
	}
}

// TestSimulateLevelsAndVote: levels change nothing of what is fenced and when; with a
// quorum device's vote a node may start alone, once its peer is fenced.
func TestSimulateLevelsAndVote(t *testing.T) {
	t.Parallel()
	all := []string{"vip", "oned", "gate", "flow"}
	for name, list := range map[string][]event{
		"fencing-levels": {
			{"start", "new", "-u " + n1 + " -u " + n2, func(t *testing.T, o outcome) {
				o.fences(t)
				for _, device := range []string{"fence-pdu-left", "fence-pdu-right"} {
					if o.where[device] == "" {
						t.Errorf("%s is stopped", device)
					}
				}
			}},
			{"lost", "start", "-f " + n1, func(t *testing.T, o outcome) { o.on(t, n2, all...); o.fences(t, n1) }},
		},
		"qdevice": {
			{"start", "new", "-u " + n1 + " -u " + n2, func(t *testing.T, o outcome) { o.fences(t) }},
			{"lost", "start", "-f " + n1, func(t *testing.T, o outcome) { o.on(t, n2, all...); o.fences(t, n1) }},
			{"alone, with the vote", "new", "-u " + n1, func(t *testing.T, o outcome) { o.on(t, n1, all...); o.fences(t, n2) }},
			{"alone, without the vote", "inquorate", "-u " + n1, func(t *testing.T, o outcome) { o.on(t, "", all...); o.fences(t) }},
		},
		"chassis": {
			{"start", "new", "-u " + n1 + " -u " + n2, func(t *testing.T, o outcome) { o.fences(t) }},
			{"lost", "start", "-f " + n1, func(t *testing.T, o outcome) { o.on(t, n2, all...); o.fences(t, n1); o.on(t, n2, "fence-chassis") }},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cib := string(render(t, examples(t)[name]))
			if name == "qdevice" { // the peer is known, and was not seen
				cib = addNodes(cib, n1, n2)
			}
			simulate(t, []byte(cib), list)
		})
	}
}
