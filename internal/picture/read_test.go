package picture

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// foreign is a CIB as other people have them: clones, sets, an id that is nowhere, a
// shared device in the older spelling, and no corosync.conf beside it.
const foreign = `<cib><configuration>
  <nodes>
    <node id="1" uname="n1"><instance_attributes id="a"><nvpair id="b" name="standby" value="on"/></instance_attributes></node>
    <node id="2" uname="n2"/><node id="3" uname="r3" type="remote"/>
  </nodes>
  <resources>
    <clone id="fencing"><primitive id="pdu" class="stonith" type="fence_apc"><instance_attributes id="c">
      <nvpair id="d" name="pcmk_host_map" value="n1:1 n2:2"/><nvpair id="e" name="ipaddr" value="10.0.0.5"/><nvpair id="f" name="pcmk_delay_base" value="n1:10;n2:500ms"/>
      <nvpair id="g" name="passwd" value="hunter2"/></instance_attributes></primitive></clone>
    <primitive id="ipmi" class="stonith" type="fence_ipmilan"><instance_attributes id="h"><nvpair id="i" name="pcmk_host_list" value="n1, n4"/><nvpair id="j" name="delay" value="15"/></instance_attributes></primitive>
    <master id="db-ha"><primitive id="db" class="ocf" provider="heartbeat" type="pgsql"/></master>
    <clone id="fs-all"><group id="fs-group"><primitive id="dlm" class="ocf" provider="pacemaker" type="controld"/><primitive id="fs" class="ocf" provider="heartbeat" type="Filesystem"/></group></clone>
    <primitive id="ip" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="k"><nvpair id="l" name="ip" value="10.0.0.9"/></instance_attributes></primitive>
    <primitive id="web" template="t"/>
  </resources>
  <constraints>
    <rsc_order id="o1" first="db-ha" then="ip" first-action="promote"/>
    <rsc_order id="o2" kind="Serialize"><resource_set id="s1"><resource_ref id="ip"/><resource_ref id="web"/></resource_set></rsc_order>
    <rsc_colocation id="c1" rsc="ip" with-rsc="db-ha" score="-INFINITY"/>
    <rsc_colocation id="c2" rsc="web" with-rsc="gone" score="10"/>
    <rsc_location id="l1" rsc="ip" node="n5" score="-50"/>
    <rsc_location id="l2" rsc="ipmi" node="n1" score="-INFINITY"/>
    <rsc_location id="l3" rsc="web"><rule id="r" score="10"><expression id="x" attribute="a" operation="defined"/></rule></rsc_location>
  </constraints>
  <fencing-topology><fencing-level id="f1" index="2" target="n1" devices="ipmi, pdu"/></fencing-topology>
</configuration></cib>`

func TestFromForeignCIB(t *testing.T) {
	got, err := FromCIB([]byte(foreign), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Picture{
		Title: "cluster",
		Nodes: []Node{{Name: "n1", Notes: []string{"standby"}}, {Name: "n2"}, {Name: "r3", Notes: []string{"remote"}}, {Name: "n4"}, {Name: "n5"}},
		Blocks: []Block{
			{Kind: "promotable clone", ID: "db-ha", Members: []Resource{{ID: "db", Agent: "ocf:heartbeat:pgsql"}}},
			{Kind: "clone", ID: "fs-all", Members: []Resource{{ID: "dlm", Agent: "ocf:pacemaker:controld"}, {ID: "fs", Agent: "ocf:heartbeat:Filesystem"}}},
			{ID: "ip", Members: []Resource{{ID: "ip", Agent: "ocf:heartbeat:IPaddr2", Address: "10.0.0.9"}}},
			{ID: "web", Members: []Resource{{ID: "web", Agent: "template t"}}},
		},
		Rules: []Rule{
			{Kind: Order, From: "db-ha", To: "ip", Label: "then"},
			{Kind: Order, From: "ip", To: "web", Label: "never at the same time", Weak: true},
			{Kind: Colocation, From: "ip", To: "db-ha", Label: "not the same node", Against: true},
			{Kind: Location, From: "ip", To: "n5", Label: "avoids, score -50", Weak: true, Against: true},
		},
		Devices: []Device{
			{ID: "pdu", Agent: "fence_apc", Address: "10.0.0.5", Targets: []Target{{Node: "n1", Plug: "1", Delay: 10 * time.Second, Level: 2}, {Node: "n2", Plug: "2", Delay: 500 * time.Millisecond}}},
			{ID: "ipmi", Agent: "fence_ipmilan", Targets: []Target{{Node: "n1", Delay: 15 * time.Second, Level: 2}, {Node: "n4", Delay: 15 * time.Second}}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got:\n%+v\nwant:\n%+v", got, want)
	}
	for _, drawn := range []string{string(got.SVG()), string(got.DOT())} {
		if strings.Contains(drawn, "hunter2") {
			t.Error("a password is in the picture")
		}
		for _, text := range []string{"10.0.0.9", "level 2, plug 1, after 10 s", "plug 2, after 500 ms", "promotable clone db-ha"} {
			if !strings.Contains(drawn, text) {
				t.Errorf("%q is not in\n%s", text, drawn)
			}
		}
	}
}

func TestReadCorosync(t *testing.T) {
	p, err := FromCIB([]byte(`<cib><configuration><nodes><node id="1" uname="a"/></nodes></configuration></cib>`), []byte(`
totem { # this is one
	cluster_name: shop
	interface {
		name: not-a-node
	}
}
nodelist {
	node {
		ring0_addr: 10.0.0.1
		ring1_addr: fd00::1
		name: a
	}
}
quorum {
	device {
		net {
			host: w
			algorithm: lms
		}
	}
}
}
stray`))
	want := Picture{Title: "shop", Nodes: []Node{{Name: "a", Addrs: []string{"10.0.0.1", "fd00::1"}}}, QDevice: QDevice{"w", "lms"}}
	if err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestFromCIBRefuses(t *testing.T) {
	for _, text := range []string{"", "no", "<cib/>", "<other/>"} {
		if _, err := FromCIB([]byte(text), nil); err == nil || !strings.HasPrefix(err.Error(), "parse CIB") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestFit(t *testing.T) {
	for _, limit := range []float64{5, 60, 250} {
		for _, text := range []string{"", "short", strings.Repeat("W", 200), strings.Repeat("é漢", 100)} {
			got := fit(text, nameSize, true, limit)
			if textWidth(got, nameSize, true) > max(limit, textWidth("…", nameSize, true)) {
				t.Errorf("%q is wider than %v", got, limit)
			}
			if textWidth(text, nameSize, true) <= limit && got != text {
				t.Errorf("%q became %q", text, got)
			}
		}
	}
}

// FuzzFromCIB: whatever the bytes, the drawing is well-formed and nothing panics.
func FuzzFromCIB(f *testing.F) {
	paths, err := filepath.Glob("../../cib/testdata/*/cib.xml")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range paths {
		cib, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		corosync, err := os.ReadFile(filepath.Join(filepath.Dir(path), "corosync.conf"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(cib, corosync)
	}
	f.Add([]byte(foreign), []byte("nodelist {\nnode {\nname: \"a\\\x01"))
	f.Add([]byte(`<cib><configuration><resources><group/><primitive/><primitive id=""/><bundle id="b"/></resources></configuration></cib>`), []byte("}"))
	f.Fuzz(func(t *testing.T, cib, corosync []byte) {
		if len(cib)+len(corosync) > 20000 {
			return // thousands of boxes take long
		}
		p, err := FromCIB(cib, corosync)
		if err != nil {
			return
		}
		wellFormed(t, "fuzz", p.SVG())
		if err := readDOT(string(p.DOT())); err != nil {
			t.Error(err)
		}
	})
}
