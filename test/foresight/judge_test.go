package foresight

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// A judge that cannot say no proves nothing: each part of a prediction, and each figure,
// is wrong once.
func TestJudgeBites(t *testing.T) {
	everything := map[string]string{"vip": "one", "oned": "one", "flow": "one"}
	right := func() comparison {
		c := comparison{
			predicted: outcome{
				Fenced: []string{}, Restart: []string{"oned"}, Moved: []string{}, Stopped: []string{"flow"},
				Before: maps.Clone(everything), Runs: map[string]string{"vip": "one", "oned": "one", "flow": ""}, Down: map[string]span{"oned": {1, 20}},
			},
			before: happened{runs: maps.Clone(everything), starts: map[string]string{"vip": "1", "oned": "2", "flow": "3"}},
			after:  happened{fenced: []string{}, runs: map[string]string{"vip": "one", "oned": "one", "flow": ""}, starts: map[string]string{"vip": "1", "oned": "4"}},
		}
		c.after.gone = map[string]time.Duration{"oned": 19 * time.Second, "fence-one": time.Hour}
		return c
	}
	if d := right().differences(); len(d) > 0 {
		t.Fatalf("what came as foretold differs: %v", d)
	}
	for want, wrong := range map[string]func(c *comparison){
		"fenced":             func(c *comparison) { c.after.fenced = []string{"two"} },
		"blocked":            func(c *comparison) { c.after.blocked = true },
		"before":             func(c *comparison) { c.before.runs["vip"] = "two" },
		"runs":               func(c *comparison) { c.after.runs["vip"] = "two" },
		"moved":              func(c *comparison) { c.predicted.Moved = []string{"vip"} },
		"stopped":            func(c *comparison) { c.predicted.Stopped = []string{} },
		"restarted in place": func(c *comparison) { c.after.starts["vip"] = "5" },
		"oned was missing":   func(c *comparison) { c.after.gone["oned"] = 21 * time.Second },
		"vip was missing":    func(c *comparison) { c.after.gone["vip"] = time.Second },
	} {
		c := right()
		wrong(&c)
		if !slices.ContainsFunc(c.differences(), func(d string) bool { return strings.HasPrefix(d, want) }) {
			t.Errorf("no word of %q in %v", want, c.differences())
		}
	}
	b := budget{"start oned": {foretold: span{1, 20}, measured: []time.Duration{time.Second, 21 * time.Second}}, "start vip": {foretold: span{1, 20}, measured: []time.Duration{time.Second}}}
	if e := b.exceeded(); len(e) != 1 || !strings.HasPrefix(e[0], "start oned took 21.0 s") {
		t.Errorf("a figure above the worst: %v", e)
	}
}

func TestReadStarts(t *testing.T) {
	starts, err := readStarts(`<status><node_state id="1" uname="one"><lrm id="1"><lrm_resources>
		<lrm_resource id="vip"><lrm_rsc_op id="vip_last_0" transition-key="28:0:0:a"/><lrm_rsc_op id="vip_monitor_10000" transition-key="29:0:0:a"/></lrm_resource>
		<lrm_resource id="oned"><lrm_rsc_op id="oned_last_failure_0" transition-key="31:0:0:a"/></lrm_resource>
		</lrm_resources></lrm></node_state><node_state id="2" uname="two"><lrm id="2"><lrm_resources>
		<lrm_resource id="vip"><lrm_rsc_op id="vip_last_0" transition-key="9:0:7:a"/></lrm_resource></lrm_resources></lrm></node_state></status>`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"vip one": "28:0:0:a", "vip two": "9:0:7:a"}
	if !reflect.DeepEqual(starts, want) {
		t.Errorf("read %v, want %v", starts, want)
	}
}

func TestReadJournal(t *testing.T) {
	entries := readJournal(`1795328609.749824 one-server1 pacemaker-controld[46]:  notice: Requesting local execution of start operation for flow on one-server1
1795328609.774466 one-server1 systemd[1]: Reloading.
1795328610.053047 one-server1 pacemaker-controld[46]:  notice: Result of start operation for flow on one-server1: ok
1795328610.100000 one-server1 pacemaker-controld[46]:  notice: Result of stop operation for oned on one-server1: error
-- Boot 0123 --
1795328666.939740 one-server2 corosync[26]:   [TOTEM ] A new membership (1.12) was formed. Members joined: 1 left: 1
1795328666.950000 one-server2 corosync[26]:   [TOTEM ] A new membership (1.9) was formed. Members joined: 1
`)
	var got []string
	for _, e := range entries {
		got = append(got, strings.TrimSpace(strings.Join([]string{e.at.UTC().Format("05.000"), e.operation, e.resource, map[bool]string{true: "done"}[e.done], map[bool]string{true: "left"}[e.left]}, " ")))
	}
	want := []string{"29.749 start flow", "30.053 start flow done", "26.939    left"}
	if !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
}
