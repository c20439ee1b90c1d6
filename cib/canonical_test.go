package cib

import (
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/spec"
)

func facts(t *testing.T, cib []byte) Facts {
	t.Helper()
	f, err := Canonical(cib)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// render returns the CIB of a cluster.
func render(t testing.TB, c spec.Cluster) []byte {
	t.Helper()
	files, err := Generate(c, "xml")
	if err != nil {
		t.Fatal(err)
	}
	return files[0].Data
}

// TestSameConfiguration holds a CIB as other tools would write it against ours.
func TestSameConfiguration(t *testing.T) {
	ours := `<cib epoch="1"><configuration>
	  <crm_config><cluster_property_set id="cib-bootstrap-options">
	    <nvpair id="a" name="stonith-enabled" value="true"/><nvpair id="b" name="stonith-timeout" value="120s"/>
	  </cluster_property_set></crm_config>
	  <nodes/>
	  <resources><primitive id="vip" class="ocf" provider="opennebula" type="vip">
	    <instance_attributes id="i"><nvpair id="i1" name="ip" value="10.0.0.1"/><nvpair id="i2" name="nic" value="eth0"/></instance_attributes>
	    <meta_attributes id="m"><nvpair id="m1" name="failure-timeout" value="10min"/><nvpair id="m2" name="critical" value="false"/></meta_attributes>
	    <operations><op id="o1" name="start" interval="0s" timeout="20s"/><op id="o2" name="monitor" interval="10s" timeout="20s"/></operations>
	  </primitive></resources>
	  <constraints>
	    <rsc_order id="x" kind="Mandatory"><resource_set id="x0"><resource_ref id="vip"/></resource_set>
	      <resource_set id="x1" sequential="false"><resource_ref id="a"/><resource_ref id="b"/></resource_set></rsc_order>
	    <rsc_order id="y" kind="Mandatory" first="vip" then="a"/>
	    <rsc_location id="l" rsc="vip" node="n1" score="-INFINITY"/>
	  </constraints>
	</configuration><status/></cib>`
	theirs := `<?xml version="1.0"?><cib epoch="77" crm_feature_set="3.16.1" have-quorum="1"><configuration>
	  <crm_config><cluster_property_set id="other"><!-- a remark -->
	    <nvpair name="have-watchdog" id="w" value="false"/><nvpair name="dc-version" id="d" value="2.1.5"/>
	    <nvpair name="cluster-name" id="c" value="lab"/><nvpair name="cluster-infrastructure" id="ci" value="corosync"/>
	    <nvpair id="b" value="2min" name="stonith-timeout"/><nvpair id="a" value="yes" name="stonith-enabled"/>
	  </cluster_property_set></crm_config>
	  <nodes><node id="1" uname="n1"/><node id="2" uname="n2"><instance_attributes id="nodes-2"/></node></nodes>
	  <resources><primitive type="vip" class="ocf" id="vip" provider="opennebula">
	    <operations><op id="p2" timeout="20000ms" interval="10" name="monitor"/><op id="p1" timeout="20" name="start" interval="0"><meta_attributes id="p1-m"/></op></operations>
	    <instance_attributes id="vip-i"><nvpair id="q2" name="nic" value="eth0"/><nvpair id="q1" name="ip" value="10.0.0.1"/></instance_attributes>
	    <meta_attributes id="vip-m"><nvpair id="r1" name="critical" value="False"/><nvpair id="r2" name="failure-timeout" value="600s"/></meta_attributes>
	  </primitive></resources>
	  <constraints>
	    <rsc_location id="loc" node="n1" rsc="vip" score="-1000000"/>
	    <rsc_order id="z" first="vip" first-action="start" then="a" then-action="start"/>
	    <rsc_order id="set"><resource_set id="s0" sequential="true"><resource_ref id="vip"/></resource_set>
	      <resource_set id="s1" sequential="false" require-all="true"><resource_ref id="b"/><resource_ref id="a"/></resource_set></rsc_order>
	  </constraints>
	</configuration><status><node_state id="1"/></status></cib>`
	if diff := facts(t, []byte(ours)).Diff(facts(t, []byte(theirs))); diff != "" {
		t.Errorf("-ours +theirs:\n%s", diff)
	}
}

// TestEveryMutationShows changes every attribute, removes every attribute and
// element and swaps every two siblings of real configurations, and wants each
// change noticed unless it is one that means nothing.
func TestEveryMutationShows(t *testing.T) {
	for name, c := range goldens {
		t.Run(name, func(t *testing.T) {
			doc := etree.NewDocument()
			if err := doc.ReadFromBytes(render(t, c)); err != nil {
				t.Fatal(err)
			}
			base := facts(t, render(t, c))
			changed := func(what string, meaningless bool) {
				data, err := doc.WriteToBytes()
				if err != nil {
					t.Fatal(err)
				}
				f, err := Canonical(data)
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if diff := base.Diff(f); (diff == "") != meaningless {
					t.Errorf("%s: meaningless should be %v; diff:\n%s", what, meaningless, diff)
				}
			}
			count := 0
			for _, e := range doc.FindElements("/cib/configuration//*") {
				if e.Tag == "nodes" {
					continue
				}
				where := e.GetPath() + " " + e.SelectAttrValue("id", "")
				for i := range e.Attr {
					a := e.Attr[i]
					toolsOnly := a.Key == "id" && e.Tag != "primitive" && e.Tag != "group" && e.Tag != "resource_ref"
					e.Attr[i].Value = "1" + a.Value
					changed("change "+where+" "+a.Key, toolsOnly)
					e.Attr[i] = a
					implied := a.Key == "kind" || a.Key == "interval" && a.Value == "0s"
					e.RemoveAttr(a.Key)
					changed("remove "+where+" "+a.Key, toolsOnly || implied)
					e.Attr = append(e.Attr[:i:i], append([]etree.Attr{a}, e.Attr[i:]...)...)
					count += 2
				}
				parent, at := e.Parent(), e.Index()
				if next := e.NextSibling(); next != nil && next.Tag == e.Tag {
					ordered := e.Tag == "primitive" || e.Tag == "resource_set"
					j := next.Index()
					parent.RemoveChildAt(j)
					parent.InsertChildAt(at, next)
					changed("swap "+where, !ordered)
					parent.RemoveChildAt(at)
					parent.InsertChildAt(j, next)
					count++
				}
				empty := len(e.ChildElements()) == 0 && (e.Tag == "resources" || e.Tag == "constraints")
				parent.RemoveChildAt(at)
				changed("remove "+where, empty)
				parent.InsertChildAt(at, e)
				count++
			}
			changed("nothing", true)
			t.Logf("%d mutations", count)
		})
	}
}

// TestDifferencesShow has the pairs that a careless normaliser would take for equal.
func TestDifferencesShow(t *testing.T) {
	in := func(section, body string) string {
		return "<cib><configuration><" + section + ">" + body + "</" + section + "></configuration></cib>"
	}
	prim := func(body string) string {
		return in("resources", `<primitive id="p" class="ocf" type="t">`+body+`</primitive>`)
	}
	op := func(attrs string) string {
		return prim(`<operations><op id="o" name="monitor" ` + attrs + `/></operations>`)
	}
	nv := func(set, name, value string) string {
		return prim(`<` + set + ` id="s"><nvpair id="n" name="` + name + `" value="` + value + `"/></` + set + `>`)
	}
	order := func(attrs string) string {
		return in("constraints", `<rsc_order id="o" first="a" then="b" `+attrs+`/>`)
	}
	for name, pair := range map[string][2]string{
		"an agent's own number":            {nv("instance_attributes", "timeout", "10"), nv("instance_attributes", "timeout", "10s")},
		"an agent's own boolean":           {nv("instance_attributes", "nodad", "true"), nv("instance_attributes", "nodad", "1")},
		"parameter for meta":               {nv("instance_attributes", "critical", "false"), nv("meta_attributes", "critical", "false")},
		"seconds for minutes":              {op(`interval="10s"`), op(`interval="10min"`)},
		"seconds for milliseconds":         {op(`interval="10s"`), op(`interval="10ms"`)},
		"no interval":                      {op(`interval="10s"`), op(``)},
		"disabled operation":               {op(`interval="10s"`), op(`interval="10s" enabled="false"`)},
		"on-fail":                          {op(`interval="10s"`), op(`interval="10s" on-fail="ignore"`)},
		"optional order":                   {order(`kind="Mandatory"`), order(`kind="Optional"`)},
		"order by score":                   {order(``), order(`score="0"`)},
		"mandatory with a score":           {order(`kind="Mandatory" score="0"`), order(`score="0"`)},
		"asymmetrical order":               {order(``), order(`symmetrical="false"`)},
		"then follows first":               {order(`first-action="stop"`), order(`first-action="stop" then-action="start"`)},
		"a shadowed value":                 {prim(`<meta_attributes id="s"><nvpair id="a" name="x" value="1"/><nvpair id="b" name="x" value="2"/></meta_attributes>`), prim(`<meta_attributes id="s"><nvpair id="b" name="x" value="2"/><nvpair id="a" name="x" value="1"/></meta_attributes>`)},
		"a shadowed value of an operation": {op(`><instance_attributes id="s"><nvpair id="a" name="x" value="1"/><nvpair id="b" name="x" value="2"/></instance_attributes></op><op id="z" name="q"`), op(`><instance_attributes id="s"><nvpair id="b" name="x" value="2"/><nvpair id="a" name="x" value="1"/></instance_attributes></op><op id="z" name="q"`)},
		"a remote node":                    {in("nodes", `<node id="1" uname="n"/>`), in("nodes", `<node id="1" uname="n" type="remote"/>`)},
		"a rule":                           {nv("meta_attributes", "x", "1"), prim(`<meta_attributes id="s"><rule id="r" score="0"><expression id="e" attribute="#uname" operation="eq" value="n1"/></rule><nvpair id="n" name="x" value="1"/></meta_attributes>`)},
		"a set's score":                    {nv("meta_attributes", "x", "1"), prim(`<meta_attributes id="s" score="2"><nvpair id="n" name="x" value="1"/></meta_attributes>`)},
		"a reference to a set":             {prim(``), prim(`<meta_attributes id-ref="other"/>`)},
		"a clone":                          {prim(``), in("resources", `<clone id="c"><primitive id="p" class="ocf" type="t"/></clone>`)},
		"something unknown":                {prim(``), prim(`<novelty/>`)},
		"something unknown at the top":     {in("resources", ""), in("resources", "<novelty/>")},
		"a section":                        {in("alerts", ""), in("alerts", `<alert id="a" path="/x"/>`)},
		"fencing levels":                   {in("fencing-topology", `<fencing-level id="f" index="1" target="n" devices="a"/>`), in("fencing-topology", `<fencing-level id="f" index="2" target="n" devices="a"/>`)},
		"a node in standby":                {in("nodes", `<node id="1" uname="n"/>`), in("nodes", `<node id="1" uname="n"><instance_attributes id="i"><nvpair id="s" name="standby" value="on"/></instance_attributes></node>`)},
		"operation defaults":               {in("op_defaults", ""), in("op_defaults", `<meta_attributes id="m"><nvpair id="t" name="timeout" value="1s"/></meta_attributes>`)},
		"text":                             {in("acls", `<acl_role id="r"/>`), in("acls", `<acl_role id="r">text</acl_role>`)},
		"colocation the other way":         {in("constraints", `<rsc_colocation id="c" rsc="a" with-rsc="b" score="INFINITY"/>`), in("constraints", `<rsc_colocation id="c" rsc="b" with-rsc="a" score="INFINITY"/>`)},
		"a sequence of set members":        {in("constraints", `<rsc_order id="o"><resource_set id="s"><resource_ref id="a"/><resource_ref id="b"/></resource_set></rsc_order>`), in("constraints", `<rsc_order id="o"><resource_set id="s"><resource_ref id="b"/><resource_ref id="a"/></resource_set></rsc_order>`)},
		"sets for members of one set":      {in("constraints", `<rsc_order id="o"><resource_set id="s"><resource_ref id="a"/><resource_ref id="b"/></resource_set></rsc_order>`), in("constraints", `<rsc_order id="o"><resource_set id="s"><resource_ref id="a"/></resource_set><resource_set id="t"><resource_ref id="b"/></resource_set></rsc_order>`)},
		"a constraint written twice":       {order(``), in("constraints", `<rsc_order id="o" first="a" then="b"/><rsc_order id="q" first="a" then="b"/>`)},
		"stickiness":                       {nv("meta_attributes", "resource-stickiness", "100"), nv("meta_attributes", "resource-stickiness", "INFINITY")},
		"a delay per node":                 {nv("instance_attributes", "pcmk_delay_base", "n1:5s"), nv("instance_attributes", "pcmk_delay_base", "n1:6s")},
	} {
		t.Run(name, func(t *testing.T) {
			if facts(t, []byte(pair[0])).Diff(facts(t, []byte(pair[1]))) == "" {
				t.Errorf("no difference between\n%s\n%s", pair[0], pair[1])
			}
		})
	}
}

// TestLevelsHaveFreeIDs: pcs, crm and we name levels as we like; nothing refers to them.
func TestLevelsHaveFreeIDs(t *testing.T) {
	level := func(id, devices string) []byte {
		return []byte(`<cib><configuration><fencing-topology><fencing-level id="` + id + `" index="1" target="n" devices="` + devices + `"/></fencing-topology></configuration></cib>`)
	}
	if diff := facts(t, level("a", "x,y")).Diff(facts(t, level("b", "x,y"))); diff != "" {
		t.Error(diff)
	}
	if facts(t, level("a", "x,y")).Diff(facts(t, level("a", "y,x"))) == "" {
		t.Error("the order of a level's devices does not show")
	}
}

func TestDiffReads(t *testing.T) {
	got := Facts{"a", "b", "d", "d"}.Diff(Facts{"b", "c", "d"})
	if want := "- a\n+ c\n- d\n"; got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	if got := (Facts{}).Diff(Facts{"x"}); got != "+ x\n" {
		t.Errorf("got %q", got)
	}
}

func TestCanonicalRefuses(t *testing.T) {
	for _, text := range []string{"", "no xml", "<cib>", "<other/>", "<cib/>", `<cib><status/></cib>`} {
		if f, err := Canonical([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), "parse CIB") {
			t.Errorf("%q: %d facts, error %v", text, len(f), err)
		}
	}
}

func TestDurations(t *testing.T) {
	for in, want := range map[string]string{
		"10": "10000ms", "10s": "10000ms", "10sec": "10000ms", "10ms": "10ms", "5msec": "5ms", "1m": "60000ms", "10min": "600000ms",
		"1h": "3600000ms", "2hr": "7200000ms", " 7s ": "7000ms", "0": "0ms", "3S": "3000ms",
		"PT10M": "PT10M", "10us": "10us", "-1": "-1", "1.5s": "1.5s", "": "", "99999999999999999999s": "99999999999999999999s",
	} {
		if got := normalDuration(in); got != want {
			t.Errorf("normalDuration(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestScores(t *testing.T) {
	for in, want := range map[string]string{
		"INFINITY": "INFINITY", "+INFINITY": "INFINITY", "infinity": "INFINITY", "-infinity": "-INFINITY", "1000000": "INFINITY",
		"-2000000": "-INFINITY", "999999": "999999", "050": "50", "-7": "-7", "inf": "inf", "": "",
	} {
		if got := normalScore(in); got != want {
			t.Errorf("normalScore(%q) = %q, want %q", in, got, want)
		}
	}
}
