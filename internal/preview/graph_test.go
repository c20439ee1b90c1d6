package preview

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// graph is one in which a is fenced, r moves to b, and q, which needs r, follows; the
// stop of x waits for what is not there.
const graph = `<transition_graph cluster-delay="60s">
<synapse id="0"><action_set><crm_event id="1" operation="stonith" operation_key="stonith-a-reboot" on_node="a"><attributes CRM_meta_stonith_action="reboot"/></crm_event></action_set><inputs/></synapse>
<synapse id="1"><action_set><rsc_op id="3" operation="start" on_node="b"><primitive id="q:0" class="ocf"/><attributes CRM_meta_timeout="20000" password="secret"/></rsc_op></action_set><inputs><trigger><pseudo_event id="9" operation="running"/></trigger></inputs></synapse>
<synapse id="2"><action_set><pseudo_event id="9" operation="running"/></action_set><inputs><trigger><rsc_op id="2" operation="start"/></trigger></inputs></synapse>
<synapse id="3"><action_set><rsc_op id="2" operation="start" on_node="b"><primitive id="r" class="ocf"/></rsc_op></action_set><inputs><trigger><crm_event id="1"/></trigger></inputs></synapse>
<synapse id="4"><action_set><rsc_op id="5" operation="stop" on_node="b"><primitive id="x" class="ocf"/></rsc_op></action_set><inputs><trigger><rsc_op id="77"/></trigger></inputs></synapse>
<synapse id="5"><action_set><rsc_op id="6" operation="monitor" on_node="b"><primitive id="r" class="ocf"/><attributes CRM_meta_interval="10000"/></rsc_op></action_set><inputs><trigger><rsc_op id="2"/></trigger></inputs></synapse>
<synapse id="6"><action_set><rsc_op id="7" operation="start" on_node="b"><primitive id="free" class="ocf"/></rsc_op></action_set><inputs/></synapse>
<synapse id="7"><action_set><crm_event id="8" operation="stonith" on_node="a"><attributes CRM_meta_stonith_action="on"/></crm_event></action_set><inputs/></synapse>
</transition_graph>`

func TestReadGraph(t *testing.T) {
	g, err := readGraph([]byte(graph))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a"}, g.fenced()); diff != "" {
		t.Errorf("fenced: %s", diff)
	}
	for _, r := range []string{"r", "q", "free"} {
		if !g.has("start", r, "b") {
			t.Errorf("%s is not started", r)
		}
	}
	if g.has("stop", "x", "") {
		t.Error("x is stopped, after something that does not happen")
	}
	if g.idle() {
		t.Error("the transition is idle")
	}
	before := map[string]string{"r": "", "q": "", "free": "", "other": "a,c"}
	if diff := cmp.Diff(map[string]string{"r": "b", "q": "b", "free": "b", "other": "a,c"}, g.apply(before)); diff != "" {
		t.Errorf("placement: %s", diff)
	}
	ends := map[string]time.Duration{}
	for i, e := range g.ends(func(a action) time.Duration {
		switch a.op {
		case fencing:
			return 10 * time.Second
		case "start":
			return time.Second
		}
		return 0
	}) {
		if g[i].op == "start" {
			ends[g[i].resource] = e
		}
	}
	if diff := cmp.Diff(map[string]time.Duration{"r": 11 * time.Second, "q": 12 * time.Second, "free": time.Second}, ends); diff != "" {
		t.Errorf("ends: %s", diff)
	}
}

// When the fencing fails, only what does not wait for it happens.
func TestUntil(t *testing.T) {
	g, err := readGraph([]byte(graph))
	if err != nil {
		t.Fatal(err)
	}
	isFencing := func(a action) bool { return a.op == fencing }
	cut := g.until(isFencing, false)
	if len(cut.fenced()) > 0 || cut.has("start", "r", "") || cut.has("start", "q", "") || !cut.has("start", "free", "b") {
		t.Errorf("left: %+v", cut)
	}
	if kept := g.until(isFencing, true); len(kept.fenced()) != 1 || len(kept) != len(cut)+1 {
		t.Errorf("kept: %+v", kept)
	}
	for i, a := range cut {
		for _, from := range a.after {
			if from < 0 || from >= len(cut) || from == i {
				t.Errorf("action %d waits for %d of %d", i, from, len(cut))
			}
		}
	}
}

func TestReadGraphFails(t *testing.T) {
	for _, text := range []string{"", "<cib/>", graph[:200]} {
		if _, err := readGraph([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func FuzzReadGraph(f *testing.F) {
	f.Add([]byte(graph))
	f.Add([]byte(strings.ReplaceAll(graph, `id="1"`, `id="2"`)))                                                                                                                           // a cycle
	f.Add([]byte(`<transition_graph><synapse><action_set><rsc_op id="1"/><rsc_op id="1"/></action_set><inputs><trigger><rsc_op id="1"/></trigger></inputs></synapse></transition_graph>`)) // itself
	f.Fuzz(func(t *testing.T, text []byte) {
		g, err := readGraph(text)
		if err != nil {
			return
		}
		g.depths()
		placed := g.apply(map[string]string{"r": "a,b", "q": ""})
		if len(placed) != 2 {
			t.Errorf("placed %v", placed)
		}
		for _, n := range g.fenced() {
			cut := g.until(func(a action) bool { return a.op == fencing && a.node == n }, false)
			if len(cut) >= len(g) {
				t.Error("a failed fencing takes nothing away")
			}
			cut.ends(func(action) time.Duration { return time.Second })
		}
	})
}
