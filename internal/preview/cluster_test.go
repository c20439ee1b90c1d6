package preview

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// foreign is a CIB as others write them: templates, id-refs, clones, rules, old
// spellings.
const foreign = `<cib have-quorum="1"><configuration>
<crm_config><cluster_property_set id="p"><nvpair id="p1" name="stonith-enabled" value="TRUE"/><nvpair id="p2" name="stonith-timeout" value="PT90S"/></cluster_property_set></crm_config>
<nodes><node id="1" uname="a" type="normal"/><node id="2" uname="b"><instance_attributes id="nb"><nvpair id="nb1" name="rack" value="2"/><nvpair id="nb2" name="standby" value="off"/></instance_attributes></node><node id="r" uname="remote" type="remote"/></nodes>
<resources>
<template id="web" class="ocf" provider="heartbeat" type="apache"><operations><op id="wm" name="monitor" interval="20s" timeout="40"/><op id="ws" name="start" interval="0"><meta_attributes id="wsm"><nvpair id="wsm1" name="timeout" value="2min"/></meta_attributes></op></operations></template>
<group id="g"><meta_attributes id="gm"><nvpair id="gm1" name="migration-threshold" value="2"/></meta_attributes>
<primitive id="site" template="web"/>
<primitive id="ip" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="ipa"><nvpair id="ip1" name="ip" value="10.0.0.1"/></instance_attributes></primitive></group>
<clone id="c"><primitive id="lock" class="ocf" provider="pacemaker" type="controld"><meta_attributes id="lm"><rule id="lr" score="1"/><nvpair id="lm1" name="migration-threshold" value="7"/></meta_attributes></primitive></clone>
<primitive id="fa" class="stonith" type="fence_ipmilan"><instance_attributes id="faa"><nvpair id="fa1" name="pcmk_host_list" value="A, c"/><nvpair id="fa2" name="pcmk_delay_base" value="a:9;b:1s"/><nvpair id="fa3" name="pcmk_delay_max" value="11s"/><nvpair id="fa4" name="passwd" value="hidden"/></instance_attributes></primitive>
<primitive id="fb" class="stonith" type="fence_ipmilan"><instance_attributes id="fba"><nvpair id="fb1" name="pcmk_host_map" value="b:1"/><nvpair id="fb2" name="delay" value="3"/></instance_attributes></primitive>
<primitive id="off" class="stonith" type="fence_ipmilan"><meta_attributes id="om"><nvpair id="om1" name="target-role" value="Stopped"/></meta_attributes></primitive>
</resources>
<fencing-topology><fencing-level id="l2" index="2" target-attribute="rack" target-value="2" devices="fa"/><fencing-level id="l1" index="1" target-pattern="[bx]" devices="fb,off"/></fencing-topology>
<rsc_defaults><meta_attributes id="rd"><nvpair id="rd1" name="migration-threshold" value="INFINITY"/></meta_attributes></rsc_defaults>
<op_defaults><meta_attributes id="od"><nvpair id="od1" name="timeout" value="33"/></meta_attributes></op_defaults>
</configuration></cib>`

func readText(t *testing.T, text string) cluster {
	t.Helper()
	doc, err := parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return read(doc)
}

func TestReadCluster(t *testing.T) {
	c := readText(t, foreign)
	if diff := cmp.Diff([]string{"a", "b"}, c.nodes); diff != "" {
		t.Errorf("nodes: %s", diff)
	}
	site, _ := c.primitive("site")
	ip, _ := c.primitive("ip")
	lock, _ := c.primitive("lock")
	for what, v := range map[string][2]any{
		"threshold of a group's member":    {site.threshold(), 2},
		"threshold without limit":          {lock.threshold(), 0},
		"type from the template":           {site.typ, "apache"},
		"timeout as a meta attribute":      {site.timeout("start"), 2 * time.Minute},
		"timeout from op_defaults":         {ip.timeout("start"), 33 * time.Second},
		"interval":                         {site.monitors()[0].interval, 20 * time.Second},
		"no monitor":                       {len(ip.monitors()), 0},
		"fences":                           {c.fences(), true},
		"methods by list, not by topology": {len(c.methods("a")), 1},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: %v, want %v", what, v[0], v[1])
		}
	}
	if diff := cmp.Diff([][]string{{"fb", "off"}, {"fa"}}, c.methods("b")); diff != "" {
		t.Errorf("methods of b, by pattern and by attribute: %s", diff)
	}
	if diff := cmp.Diff([][]string{{"fa"}}, c.methods("a")); diff != "" {
		t.Errorf("methods of a: %s", diff)
	}
}

func TestDelay(t *testing.T) {
	b := Budget{cluster: readText(t, foreign)}
	for node, want := range map[string]Span{"a": {10 * time.Second, 11 * time.Second}, "b": {3 * time.Second, 3 * time.Second}} {
		if got, from := b.delay(node); got != want {
			t.Errorf("%s: %v, want %v (%s)", node, got, want, from)
		}
	}
}

func TestFailures(t *testing.T) {
	failures, err := Failures([]byte(foreign))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, f := range failures {
		ids = append(ids, f.ID)
	}
	want := strings.Fields(`node-lost:a node-lost:b link-cut resource-failed:site resource-failed:ip resource-failed:lock threshold:site threshold:ip
		start-failed:site start-failed:ip start-failed:lock stop-failed:site stop-failed:ip stop-failed:lock bmc-dead:a bmc-dead:b
		isolated-boot:a isolated-boot:b standby:a standby:b both-boot`)
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestQuorum(t *testing.T) {
	for _, c := range []struct {
		what string
		c    Corosync
		left int
		want bool
	}{
		{"pair, survivor", Corosync{Nodes: 2, TwoNode: true}, 1, true},
		{"pair without two_node", Corosync{Nodes: 2}, 1, false},
		{"pair with a device", Corosync{Nodes: 2, QDevice: true}, 1, true},
		{"two of three", Corosync{Nodes: 3}, 2, true},
		{"one of three", Corosync{Nodes: 3}, 1, false},
		{"one of three, two_node means nothing", Corosync{Nodes: 3, TwoNode: true}, 1, false},
		{"half of four", Corosync{Nodes: 4}, 2, false},
		{"half of four with a device", Corosync{Nodes: 4, QDevice: true}, 2, true},
		{"one of four with a device", Corosync{Nodes: 4, QDevice: true}, 1, false},
		{"last man of four", Corosync{Nodes: 4, QDevice: true, LastMan: true}, 1, true},
	} {
		if got := c.c.quorate(c.left); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

func TestReadCorosync(t *testing.T) {
	_, text := example(t, "three-nodes", "")
	_, pair := example(t, "qdevice", "")
	for _, c := range []struct {
		what, text string
		want       Corosync
	}{
		{"none", "", Corosync{Token: 3 * time.Second, Consensus: 3600 * time.Millisecond, Nodes: 2, TwoNode: true}},
		{"three nodes", string(text), Corosync{Token: 3650 * time.Millisecond, Consensus: 4380 * time.Millisecond, Nodes: 3, Given: true, Known: true, Names: []string{"one-server1", "one-server2", "one-server3"}}},
		{"device", string(pair), Corosync{Token: 3 * time.Second, Consensus: 3600 * time.Millisecond, Nodes: 2, QDevice: true, Given: true, Known: true, Names: []string{"one-server1", "one-server2"}}},
		{"own consensus", "totem {\n token: 1000\n consensus: 5000\n token: 2000\n}\n", Corosync{Token: 2 * time.Second, Consensus: 5 * time.Second, Nodes: 2, Given: true, Known: true}},
		{"damaged", "}}{\ntotem {\n token: -4\n", Corosync{Token: 3 * time.Second, Consensus: 3600 * time.Millisecond, Nodes: 2, Known: true}},
	} {
		if diff := cmp.Diff(c.want, ReadCorosync([]byte(c.text), 2)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.what, diff)
		}
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"5": 5 * time.Second, "+5s": 5 * time.Second, "10min": 10 * time.Minute, "1500ms": 1500 * time.Millisecond,
		"PT1M30S": 90 * time.Second, "P1DT1H": 25 * time.Hour, " 2 h": 2 * time.Hour, "999999999h": maxDuration,
	} {
		if got, ok := duration(text); !ok || got != want {
			t.Errorf("%q: %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "s", "-1", "5 parsecs", "P", "PT", "1e3", "5.5s"} {
		if got, ok := duration(text); ok {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

// FuzzCIB: whatever is read as a CIB can be asked everything.
func FuzzCIB(f *testing.F) {
	text, _ := example(f, "fencing-levels", "")
	f.Add(text)
	f.Add([]byte(foreign))
	f.Add([]byte(today))
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := parse(text)
		if err != nil {
			return
		}
		if _, err := Failures(text); err != nil {
			t.Fatal(err)
		}
		b, err := NewBudget(text, ReadCorosync(nil, 2), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range b.Lines {
			if l.Time.Typical < 0 || l.Time.Worst < l.Time.Typical {
				t.Errorf("%+v", l)
			}
		}
		c := read(doc)
		heal(doc)
		placement(doc, c)
		for _, n := range c.nodes {
			standby(doc, n)
		}
		failures(doc, "r", "monitor", "1")
		if _, err := doc.WriteToBytes(); err != nil {
			t.Fatal(err)
		}
	})
}
