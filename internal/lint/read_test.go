package lint

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/diag"
)

// odd is what a CIB may hold beside the ordinary.
const odd = `<?xml version="1.0"?>
<!DOCTYPE cib>
<cib validate-with="pacemaker-3.9"><configuration>
<crm_config>
  <cluster_property_set id="rules" score="10"><rule id="r" score="1"><date_expression id="de" operation="gt" start="2020-01-01"/></rule><nvpair id="a" name="stonith-enabled" value="false"/></cluster_property_set>
  <cluster_property_set id-ref="other"/>
  <cluster_property_set id="other"><nvpair id="b" name="stonith-timeout" value="90s"/><nvpair id="c" name="cluster-recheck-interval" value="PT2M"/></cluster_property_set>
</crm_config>
<nodes><node id="1" uname="a"/><node id="2" uname="b"/><node id="3" uname="far" type="remote"/></nodes>
<resources>
  <template id="tpl" class="ocf" provider="heartbeat" type="IPaddr2">
    <instance_attributes id="tpl-i"><nvpair id="t1" name="cidr_netmask" value="24"/></instance_attributes>
    <operations><op id="t2" name="monitor" interval="20s" timeout="20s"/></operations>
  </template>
  <primitive id="ip1" template="tpl"><instance_attributes id="ip1-i"><nvpair id="i1" name="ip" value="10.0.0.1"/></instance_attributes></primitive>
  <primitive id="ip2" template="tpl"><instance_attributes id="ip2-i"><nvpair id="i2" name="ip" value="10.0.0.2"/></instance_attributes><operations id-ref="shared"/></primitive>
  <primitive id="web" class="systemd" type="nginx"><operations id="shared"><op id="s1" name="monitor" interval="30s" timeout="20s"/></operations></primitive>
  <primitive id="web2" class="systemd" type="nginx2"><operations><op id-ref="s1"/></operations><meta_attributes id="m2"><nvpair id-ref="loop" name="description"/><nvpair id="loop" id-ref="loop"/></meta_attributes></primitive>
  <clone id="pingers"><meta_attributes id="pm"><nvpair id="pm1" name="interleave" value="true"/></meta_attributes>
    <primitive id="ping" class="ocf" provider="pacemaker" type="ping"><operations><op id="pg" name="monitor" interval="30s" timeout="60s" start-delay="10"/></operations></primitive></clone>
  <bundle id="httpd"><docker image="pcmk:http" replicas="2"/><network ip-range-start="10.0.0.50"/><primitive id="apache" class="ocf" provider="heartbeat" type="apache"><operations><op id="ap" name="monitor" interval="30s"/></operations></primitive></bundle>
  <primitive id="fence" class="stonith" type="fence_xvm"><operations><op id="fm" name="monitor" interval="60s"/></operations></primitive>
</resources>
<constraints>
  <rsc_location id="l" rsc="web"><rule id-ref="lr"/><rule id="lr" score="100" boolean-op="and"><expression id="e1" attribute="pingd" operation="gt" value="0" type="number"/></rule></rsc_location>
  <rsc_location id="lp" rsc-pattern="^web" node="httpd-docker-0" score="10"/>
  <rsc_ticket id="ticket" rsc="web" ticket="t" loss-policy="stop"/>
  <rsc_order id="o"><resource_set id="os1"><resource_ref id="ip1"/><resource_ref id="web"/></resource_set><resource_set id-ref="os1"/></rsc_order>
  <rsc_colocation id="c" rsc="web" with-rsc="ip1" score="INFINITY" node-attribute="rack"/>
  <rsc_order id="empty"/><rsc_colocation id="none" rsc="" with-rsc=""><resource_set id="x"/></rsc_colocation>
</constraints>
<tags><tag id="all"><obj_ref id="web"/></tag></tags>
<acls><acl_role id="viewer"><acl_permission id="v" kind="read" xpath="/cib"/></acl_role></acls>
<alerts><alert id="al" path="/bin/true"/></alerts>
<fencing-topology><fencing-level id="fl" target-pattern="a.*" index="1" devices="fence"/></fencing-topology>
<op_defaults><meta_attributes id="od"><nvpair id="od1" name="timeout" value="60s"/></meta_attributes></op_defaults>
<rsc_defaults><meta_attributes id="rd"><rule id="rr" score="INFINITY"><op_expression id="oe" name="monitor"/></rule><nvpair id="rd1" name="resource-stickiness" value="1"/></meta_attributes></rsc_defaults>
<something-new><very-new id="n"/></something-new>
</configuration><status><node_state uname="a"><lrm><lrm_resources/></lrm></node_state></status></cib>`

// What Pacemaker's grammar offers and few use is read as Pacemaker reads it, and
// gives no finding by being there.
func TestOddCIB(t *testing.T) {
	c, bad := ReadCIB("odd.xml", []byte(odd))
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	if findings := Check(Facts{CIB: c}, nil); len(findings) > 0 {
		t.Error(lines(findings))
	}
	if p, ok := c.property("stonith-timeout"); !ok || p.value != "90s" {
		t.Errorf("a set by reference: %v", p)
	}
	if p, ok := c.property("stonith-enabled"); ok {
		t.Errorf("a set with a rule counts always: %v", p)
	}
	ip := c.byResource["ip1"]
	if ip.param("cidr_netmask") != "24" || ip.agent() != "ocf:heartbeat:IPaddr2" || len(ip.ops) != 1 {
		t.Errorf("a template's: %+v", ip)
	}
	if ops := c.byResource["ip2"].ops; len(ops) != 2 || ops[0].interval != 30*time.Second {
		t.Errorf("operations by reference: %+v", ops)
	}
	if ops := c.byResource["web2"].ops; len(ops) != 1 || ops[0].name != "monitor" {
		t.Errorf("an operation by reference: %+v", ops)
	}
}

func TestPlaces(t *testing.T) {
	c, bad := ReadCIB("x", []byte("<cib>\n\t<configuration><crm_config>\n <cluster_property_set id='ü'><nvpair id='a' name='stonith-enabled' value='false'/></cluster_property_set></crm_config></configuration></cib>"))
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	if p, _ := c.property("stonith-enabled"); p.place != (Place{"x", 3, 31}) {
		t.Errorf("%+v", p.place)
	}
	for text, want := range map[string]string{
		"":                                   "x:1:1: error: the file cannot be read as a CIB: there is no element",
		"<cib>":                              "x:1:6: error: the file cannot be read as a CIB: unexpected EOF",
		"<cib>\n<a></b></cib>":               "x:2:8: error: the file cannot be read as a CIB: element <a> closed by </b>",
		"<html/>":                            "x:1:1: error: the root element is html",
		"<cib/>":                             "x:1:1: error: the root element is cib",
		"<cib/><cib/>":                       "x:1:13: error: the file cannot be read as a CIB: a second root",
		strings.Repeat("<a>", 1<<16):         "x:1:196: error: the file cannot be read as a CIB: elements are nested",
		"<cib><configuration>&x;</cib>":      "x:1:24: error: the file cannot be read as a CIB: invalid character entity &x;",
		"<?xml version='1.0' encoding='x'?>": "x:1:35: error: the file cannot be read as a CIB: xml: encoding",
	} {
		if _, bad := ReadCIB("x", []byte(text)); len(bad) != 1 || !strings.HasPrefix(bad[0].String(), want) {
			t.Errorf("%.30q: %v, want %s", text, bad, want)
		}
	}
}

func TestCorosyncDialects(t *testing.T) {
	const one = `compatibility: whitetank
totem {
	version: 2
	secauth: off
	interface {
		member {
			memberaddr: 10.3.4.20
		}
		ringnumber: 0
		bindnetaddr: 10.3.4.0
		mcastport: 5405
	}
	transport: udpu
}
service {
	name: pacemaker
	ver: 1
}
`
	const two = `totem {
	version: 2
	crypto_cipher: aes256
	rrp_mode: passive
	interface {
		ringnumber: 0
		bindnetaddr: 10.3.4.0
		mcastaddr: 239.255.1.1
	}
	interface {
		ringnumber: 1
		bindnetaddr: 10.9.4.0
		mcastaddr: 239.255.2.1
	}
}
quorum {
	provider: corosync_votequorum
	expected_votes: 2
	two_node: 1
}
`
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"corosync 1": {one, []string{"Q04", "Q04", "Q04"}}, // udpu, no encryption, one ring
		"corosync 2": {two, []string{"Q04"}},
		"corosync 3": {fixture(t, "healthy.conf"), nil},
	} {
		c, bad := ReadCorosync("corosync.conf", []byte(test.text))
		if len(bad) > 0 {
			t.Errorf("%s: %v", name, bad)
		}
		var got []string
		for _, f := range Check(Facts{Corosync: c}, nil) {
			got = append(got, f.ID)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	_, bad := ReadCorosync("x", []byte("totem {\n  version 2\n\ttoken: 3000\n}\n}\nquorum {\n"))
	var got []string
	for _, f := range bad {
		got = append(got, fmt.Sprintf("%d:%d %s", f.Line, f.Column, strings.Fields(f.What)[2]))
	}
	if want := []string{"2:3 is", "5:1 brace", "6:1 is"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q: %s", got, want, lines(bad))
	}
}

func TestValues(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30": 30 * time.Second, "30s": 30 * time.Second, " 5 min ": 5 * time.Minute, "1500ms": 1500 * time.Millisecond, "2h": 2 * time.Hour,
		"PT10M": 10 * time.Minute, "P1DT1S": 86401 * time.Second, "0": 0, "7us": 7 * time.Microsecond, "9223372036854775807h": 1<<63 - 1,
		"": -1, "s": -1, "30 parsecs": -1, "-5s": -1, "1.5s": -1, "P": -1, "PT": -1, "99999999999999999999s": -1,
	} {
		got, ok := parseDuration(text)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string]int{"100": 100, "INFINITY": infinity, "+INFINITY": infinity, "-INFINITY": -infinity, "-infinity": -infinity, "-5": -5, "2000000": infinity, "red": 0} {
		if got, ok := parseScore(text); !ok || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, ok, want)
		}
	}
	if got := hostMap("n1:1;n2:2,3 n4=5;x"); len(got) != 3 || got[1] != [2]string{"n2", "2,3"} || got[2] != [2]string{"n4", "5"} {
		t.Errorf("%q", got)
	}
	if v, ok := parseVersion("2.1.5-8.el9-a3f44794f94"); !ok || v != (version{2, 1, 5}) || !v.before(version{2, 1, 6}) || v.before(version{2, 1, 5}) {
		t.Errorf("%v %v", v, ok)
	}
	if (version{}).before(version{9}) {
		t.Error("an unknown version is old")
	}
}

func TestReadNode(t *testing.T) {
	n := healthyNode("one-server1", "02:00:00:00:00:01", "10.3.4.20/24")
	data, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadNode(data)
	if err != nil || again.Units[0] != n.Units[0] {
		t.Errorf("%v\n%+v", err, again)
	}
	for _, text := range []string{"", "{}", `{"format":2,"name":"x"}`, `{"format":1}`, "[1]"} {
		if _, err := ReadNode([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), "read node facts: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func seeds(f *testing.F, patterns ...string) {
	f.Helper()
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no seeds in %s: %v", pattern, err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
}

// complete wants every finding to say something on one line.
func complete(t *testing.T, findings diag.Findings) {
	t.Helper()
	for _, f := range findings {
		if f.What == "" || strings.ContainsAny(f.String(), "\n\r") || len(f.String()) > 4000 {
			t.Errorf("finding %q", f.String())
		}
	}
}

// FuzzCIB: whatever the bytes, no panic, and findings of one line each.
func FuzzCIB(f *testing.F) {
	seeds(f, "testdata/*.xml", "../../cib/testdata/*/cib.xml")
	f.Add([]byte(odd))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, bad := ReadCIB("x", data)
		complete(t, bad)
		if (c == nil) != (len(bad) > 0) {
			t.Fatalf("CIB %v, findings %v", c, bad)
		}
		if c != nil {
			n := healthyNode("one-server1", "02:00:00:00:00:01", "10.3.4.20/24")
			complete(t, Check(Facts{CIB: c, Node: n, Peer: n, PacemakerVersion: "1.1.12"}, nil))
			Facts{CIB: c}.Wanted()
		}
	})
}

// FuzzCorosync: the same for a corosync.conf.
func FuzzCorosync(f *testing.F) {
	seeds(f, "testdata/*.conf", "../../cib/testdata/*/corosync.conf")
	healthy, bad := ReadCIB("healthy.xml", []byte(fixture(f, "healthy.xml")))
	if len(bad) > 0 {
		f.Fatal(bad)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, bad := ReadCorosync("x", data)
		complete(t, bad)
		complete(t, Check(Facts{CIB: healthy, Corosync: c, CorosyncVersion: "2.4.0"}, nil))
	})
}

// large is a CIB of a frontend and n services beside it, as pcs writes one.
func large(t testing.TB, n int) []byte {
	t.Helper()
	var resources, members strings.Builder
	for i := range n {
		fmt.Fprintf(&resources, `<primitive id="s%d" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="s%[1]d-i"><nvpair id="s%[1]d-a" name="ip" value="10.%[2]d.%[3]d.1"/><nvpair id="s%[1]d-b" name="cidr_netmask" value="24"/></instance_attributes><operations><op id="s%[1]d-m" name="monitor" interval="20s" timeout="20s"/><op id="s%[1]d-s" name="stop" interval="0s" timeout="20s"/></operations></primitive>`+"\n", i, 100+i/250, i%250)
		fmt.Fprintf(&members, `<rsc_colocation id="c%d" rsc="s%[1]d" with-rsc="frontend" score="INFINITY"/><rsc_order id="o%[1]d" first="frontend" then="s%[1]d"/>`+"\n", i)
	}
	text := edits{"    </resources>", resources.String() + "    </resources>", "    </constraints>", members.String() + "    </constraints>"}.in(&testing.T{}, fixture(t, "healthy.xml"))
	return []byte(text)
}

func checkLarge(t testing.TB, data []byte) {
	c, bad := ReadCIB("cib.xml", data)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	if findings := Check(Facts{CIB: c}, nil); len(findings) > 0 {
		t.Fatal(lines(findings))
	}
}

func BenchmarkCheck500(b *testing.B)  { benchmarkCheck(b, 500) }
func BenchmarkCheck5000(b *testing.B) { benchmarkCheck(b, 5000) }

func benchmarkCheck(b *testing.B, n int) {
	data := large(b, n)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		checkLarge(b, data)
	}
}
