package cib

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/target"
)

// described is a cluster with what its description says itself.
type described struct {
	spec.Cluster
	given spec.Given
}

// descriptions are the examples, and variants of them that use what they do not.
func descriptions(t *testing.T) map[string]described {
	t.Helper()
	all := map[string]described{}
	read := func(name, text string) {
		c, findings := spec.Parse(name, []byte(text))
		if findings.HasErrors() {
			t.Fatalf("%s: %v", name, findings)
		}
		all[name] = described{c, spec.GivenBy([]byte(text))}
	}
	for name := range examples(t) {
		data, err := os.ReadFile(filepath.Join("../examples", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		read(name, string(data))
		for _, more := range []string{"layout: group", "layout: colocation", "agents: stock", "target: debian-11", "target: rhel-7", "timing: tolerant", "token: 2s", "prefer: one-server2"} {
			key, _, _ := strings.Cut(more, ":")
			text := string(data) + more + "\n"
			if _, findings := spec.Parse(name, []byte(text)); !strings.Contains(string(data), "\n"+key+":") && !findings.HasErrors() {
				read(name+" with "+more, text)
			}
		}
	}
	read("stock iLOs", `version: 1
cluster: c
nodes:
  a: {addr: 10.0.0.1, bmc: "ilo6://10.1.0.1?ssl_insecure=true"}
  b: {addr: 10.0.0.2, bmc: {url: "ilo_ssh://10.1.0.2", known_hosts: /etc/oneha/known_hosts}}
bmc: {username: u, password_file: /p}
vip: 10.0.0.9/24
agents: stock
`)
	return all
}

// Nothing is generated that is neither said by the description nor explained, and
// no reason explains what is never generated.
func TestEverythingIsExplained(t *testing.T) {
	used := map[string]bool{}
	for name, d := range descriptions(t) {
		values, err := Explain(d.Cluster, d.given)
		if err != nil {
			if strings.Contains(err.Error(), "corosync") {
				continue // more links than that target has
			}
			t.Fatalf("%s: %v", name, err)
		}
		for _, v := range values {
			used[v.reason] = true
			if v.Why == "" || strings.ContainsAny(v.Why, "{}") || v.Value == "" {
				t.Errorf("%s: %s of %s is %q without a reason: add %q to the table (%q)", name, v.Name, v.Of, v.Value, v.reason, v.Why)
			}
		}
		unexplained(t, name, d, values)
	}
	for key := range reasons {
		if !used[key] {
			t.Errorf("the reason %q explains nothing that is generated", key)
		}
	}
}

// unexplained reports what stands in the generated CIB and in no value, by what the
// file itself holds and not by what the explanation looked at.
func unexplained(t *testing.T, name string, d described, values []Value) {
	t.Helper()
	c := d.Cluster
	c.Raw = spec.Raw{}
	files, err := Generate(c, "xml")
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(files[0].Data); err != nil {
		t.Fatal(err)
	}
	explained := func(what, value string, of ...string) bool {
		return slices.ContainsFunc(values, func(v Value) bool {
			owned := len(of) == 0
			for _, id := range of {
				owned = owned || slices.Contains(v.Of, id)
			}
			return owned && v.Name == what && strings.Contains(v.Value, value)
		})
	}
	need := func(what, value string, of ...string) {
		if !explained(what, value, of...) {
			t.Errorf("%s: %s=%s of %s is in cib.xml and neither said nor explained", name, what, value, of)
		}
	}
	said := func(value string) bool {
		for _, texts := range d.given {
			if slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, value) }) {
				return true
			}
		}
		return false
	}
	saidByName := func(option, value string) bool {
		for path, texts := range d.given {
			if strings.HasSuffix(path, "."+option) && slices.Contains(texts, value) {
				return true
			}
		}
		return false
	}
	for _, a := range doc.Root().Attr {
		need(a.Key, a.Value)
	}
	for _, e := range doc.FindElements("//crm_config//nvpair") {
		if n := e.SelectAttrValue("name", ""); !d.given.Has("properties." + n) {
			need(n, e.SelectAttrValue("value", ""))
		}
	}
	for _, e := range doc.FindElements("//rsc_defaults//nvpair") {
		need(e.SelectAttrValue("name", ""), e.SelectAttrValue("value", ""))
	}
	for _, p := range doc.FindElements("//primitive") {
		id := p.SelectAttrValue("id", "")
		if agent := p.SelectAttrValue("type", ""); !said(agent) || id == agent {
			need("agent", agent, id)
		}
		for _, e := range append(p.FindElements("instance_attributes/nvpair"), p.FindElements("meta_attributes/nvpair")...) {
			n, value := e.SelectAttrValue("name", ""), e.SelectAttrValue("value", "")
			if !said(value) || strings.HasPrefix(n, "pcmk_") && !saidByName(n, value) {
				need(n, value, id)
			}
		}
		for _, e := range p.FindElements("operations/op") {
			n := e.SelectAttrValue("name", "")
			need(n, "timeout "+e.SelectAttrValue("timeout", ""), id)
			if every := e.SelectAttrValue("interval", ""); every != "0s" {
				need(n, fmt.Sprintf("every %s, timeout %s", every, e.SelectAttrValue("timeout", "")), id)
			}
			for _, o := range e.FindElements(".//nvpair") {
				need(n, o.SelectAttrValue("name", "")+" "+o.SelectAttrValue("value", ""), id)
			}
			for _, a := range e.Attr {
				if !slices.Contains([]string{"id", "name", "interval", "timeout"}, a.Key) {
					t.Errorf("%s: %s of %s is in cib.xml and not looked at here", name, a.Key, id)
				}
			}
		}
	}
	for _, e := range doc.FindElements("//group") {
		need("group", e.SelectElement("primitive").SelectAttrValue("id", ""), e.SelectAttrValue("id", ""))
	}
	known := map[string]string{"rsc_location": "location", "rsc_colocation": "colocation", "rsc_order": "order"}
	for _, e := range doc.FindElement("//constraints").ChildElements() {
		var of []string
		for _, r := range append(e.FindElements(".//resource_ref"), e) {
			for _, a := range []string{"id", "rsc", "then"} {
				of = append(of, r.SelectAttrValue(a, ""))
			}
		}
		need(known[e.Tag], e.SelectAttrValue("score", e.SelectAttrValue("kind", "")), of...)
	}
	for _, e := range doc.FindElements("//fencing-level") {
		index := e.SelectAttrValue("index", "")
		all := slices.ContainsFunc(strings.Split(e.SelectAttrValue("devices", ""), ","), func(id string) bool {
			return !d.given.Says("fencing."+strings.TrimPrefix(id, "fence-")+".level", index)
		})
		if all {
			need("level "+index, e.SelectAttrValue("devices", "")[:6], e.SelectAttrValue("target", ""))
		}
	}
	for _, e := range doc.FindElement("//configuration").ChildElements() {
		if !slices.Contains([]string{"crm_config", "nodes", "resources", "constraints", "fencing-topology", "rsc_defaults"}, e.Tag) {
			t.Errorf("%s: the section %s of cib.xml is not looked at here", name, e.Tag)
		}
	}
}

// A thing of a new kind has no reason, whatever its name.
func TestSilentDefaultIsNoticed(t *testing.T) {
	m := Build(twoNodes(spec.Staged, "oned"))
	m.Properties = append(m.Properties, spec.Option{Name: "batch-limit", Value: "3"})
	m.Defaults = append(m.Defaults, spec.Option{Name: "priority", Value: "1"})
	m.Primitives = append(m.Primitives, Primitive{
		ID: "x", Class: "ocf", Provider: "pacemaker", Type: "ping", Params: []spec.Option{{Name: "dampen", Value: "5s"}},
		Meta: []spec.Option{{Name: "priority", Value: "2"}}, Ops: []Op{{Name: "monitor", Depth: 20}},
	})
	m.Primitives[0].Params = append(m.Primitives[0].Params, spec.Option{Name: "retry_on", Value: "2"})
	m.Primitives[2].Ops = append(m.Primitives[2].Ops, Op{Name: "reload"})
	m.Locations = append(m.Locations, Location{"l", "vip", "one-server1", 7})
	m.Colocations = append(m.Colocations, Colocation{"c", []string{"x"}, "vip", 5})
	m.Orders = append(m.Orders, Order{ID: "o", First: "vip", Then: []string{"x"}})
	w := walker{c: twoNodes(spec.Staged, "oned"), m: m, given: spec.Given{}}
	if err := w.walk(); err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, v := range w.values {
		if v.Why == "" {
			missing = append(missing, v.reason)
		}
	}
	for _, want := range []string{"property/batch-limit", "default/priority", "agent//pacemaker", "param//dampen", "meta//priority", "op//monitor/20", "param/device/retry_on", "op/vip/reload", "location/l", "colocation/c", "order/o"} {
		if !slices.Contains(missing, want) {
			t.Errorf("%s is not missed among %q", want, missing)
		}
	}
}

func TestExplainLeavesOutWhatIsSaid(t *testing.T) {
	text := `version: 1
cluster: c
nodes:
  a: {addr: 10.0.0.1, bmc: "ipmi://10.1.0.1:6230?cipher=3"}
  b: {addr: 10.0.0.2, bmc: {url: "redfish://10.1.0.2/redfish/v1/Systems/1", login_timeout: 7}}
bmc: {username: u, password_file: /p}
vip: {address: 10.0.0.9/24, nic: bond0, name: front}
services: [oned]
agents: oneha
layout: staged
prefer: b
fence_delay: 3s
timing: fast
target: portable
properties: {stonith-timeout: 200s, stonith-action: "off"}
`
	c, findings := spec.Parse("c", []byte(text))
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	values, err := Explain(c, spec.GivenBy([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, v := range values {
		got[v.Name+" "+strings.Join(v.Of, " ")] = v.Value
	}
	for _, said := range []string{
		"layout ", "agents ", "services ", "prefer ", "fence_delay ", "timing ", "target ", "stonith-timeout ", "stonith-action ", "vip.name 10.0.0.9", "vip.nic front",
		"cipher fence-a", "ipport fence-a", "ip fence-a", "systems_uri fence-b", "login_timeout fence-b", "username fence-a fence-b", "nic front", "ip front", "totem.cluster_name ",
	} {
		if v, there := got[said]; there {
			t.Errorf("%sis explained with %q, but the description says it", said, v)
		}
	}
	for what, want := range map[string]string{
		"totem.token ": "1000ms", "consensus ": "1200ms", "pcmk_delay_base fence-b": "3s", "location front": "", "location frontend": "b, score 50", "wait_for_all ": "1",
		"nodeid b": "2", "cidr_netmask front": "24", "no-quorum-policy ": "stop",
	} {
		if got[what] != want {
			t.Errorf("%s is %q, want %q of %q", what, got[what], want, slices.Sorted(maps.Keys(got)))
		}
	}
}

func TestExplainFailsOnWhatCannotBeSaid(t *testing.T) {
	c := threeNodes()
	old, err := target.Parse("corosync=2.4")
	if err != nil {
		t.Fatal(err)
	}
	c.Target = old
	for i := range c.Nodes {
		c.Nodes[i].Addrs = append(c.Nodes[i].Addrs, c.Nodes[i].Addrs...)
	}
	if _, err := Explain(c, spec.Given{}); err == nil {
		t.Error("explained four links of corosync 2")
	}
}
