package cib

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// compare compares two CIBs and holds the result against their facts.
func compare(t testing.TB, before, after []byte) Changes {
	t.Helper()
	changes, err := Compare(before, after)
	if err != nil {
		t.Fatal(err)
	}
	was, err := Canonical(before)
	if err != nil {
		t.Fatal(err)
	}
	is, err := Canonical(after)
	if err != nil {
		t.Fatal(err)
	}
	if (len(changes) == 0) != (was.Diff(is) == "") {
		t.Errorf("%d changes for\n%s", len(changes), was.Diff(is))
	}
	for _, c := range changes {
		if c.Sentence == "" || strings.ContainsAny(c.String(), "\n\x00") || !slices.Contains(things, c.Thing) || (c.Action != Add && c.Action != Remove && c.Action != Modify) {
			t.Errorf("bad change %+v", c)
		}
	}
	return changes
}

const webXML = `<cib><configuration>
  <crm_config><cluster_property_set id="p"><nvpair id="p1" name="stonith-enabled" value="true"/></cluster_property_set></crm_config>
  <nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes>
  <resources>
    <primitive id="fence-n1" class="stonith" type="fence_ipmilan">
      <instance_attributes id="fi"><nvpair id="f1" name="ip" value="10.0.1.1"/><nvpair id="f2" name="password" value="hunter2"/></instance_attributes>
    </primitive>
    <group id="g">
      <primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2">
        <instance_attributes id="vi"><nvpair id="v1" name="ip" value="10.0.0.9"/></instance_attributes>
        <operations><op id="vo" name="monitor" interval="30s" timeout="20s"/></operations>
      </primitive>
      <primitive id="web" class="ocf" provider="heartbeat" type="apache"/>
    </group>
    <primitive id="app" class="systemd" type="app"><operations><op id="ao" name="start" interval="0" timeout="60"/></operations></primitive>
    <primitive id="log" class="systemd" type="log"/>
  </resources>
  <constraints>
    <rsc_order id="app-after-g" first="g" then="app"/>
    <rsc_order id="log-after-app" kind="Optional" first="app" then="log"/>
    <rsc_colocation id="app-with-g" rsc="app" with-rsc="g" score="INFINITY"/>
    <rsc_location id="g-on-n1" rsc="g" node="n1" score="50"/>
  </constraints>
  <fencing-topology><fencing-level id="fl" index="1" target="n1" devices="fence-n1"/></fencing-topology>
  <rsc_defaults><meta_attributes id="d"><nvpair id="d1" name="resource-stickiness" value="100"/></meta_attributes></rsc_defaults>
</configuration></cib>`

// TestSentences has each kind of change in its words.
func TestSentences(t *testing.T) {
	for name, c := range map[string]struct {
		from, to string // what is replaced in webXML
		want     []string
	}{
		"property":            {`value="true"`, `value="false"`, []string{"property stonith-enabled false, was true: no node will be fenced any more: a node that hangs can damage data"}},
		"spelling":            {`value="true"`, `value="yes"`, nil},
		"another property":    {`<nvpair id="p1"`, `<nvpair id="p0" name="no-quorum-policy" value="ignore"/><nvpair id="p1"`, []string{"adds property no-quorum-policy ignore: a partition without quorum goes on: resources can run twice"}},
		"default":             {`value="100"`, `value="INFINITY"`, []string{"resource default resource-stickiness INFINITY, was 100"}},
		"parameter":           {`10.0.0.9`, `10.0.0.8`, []string{"resource vip: ip 10.0.0.8, was 10.0.0.9: restarts vip, and with it web, app, unless its agent takes the change while it runs"}},
		"added parameter":     {`<nvpair id="v1"`, `<nvpair id="v0" name="nic" value="eth 0"/><nvpair id="v1"`, []string{`resource vip: adds nic "eth 0": restarts vip, and with it web, app, unless its agent takes the change while it runs`}},
		"removed parameter":   {`<nvpair id="v1" name="ip" value="10.0.0.9"/>`, ``, []string{`resource vip: removes ip, was 10.0.0.9: restarts vip, and with it web, app, unless its agent takes the change while it runs`}},
		"secret":              {`hunter2`, `correct horse`, []string{"resource fence-n1: password changed: it concerns fencing only, no service is touched"}},
		"removed secret":      {`<nvpair id="f2" name="password" value="hunter2"/>`, ``, []string{"resource fence-n1: removes password, a secret: it concerns fencing only, no service is touched"}},
		"stored secret":       {`hunter2`, `lrm://`, []string{"resource fence-n1: password changed: it concerns fencing only, no service is touched"}},
		"meta":                {`type="apache"/>`, `type="apache"><meta_attributes id="m"><nvpair id="m1" name="target-role" value="Stopped"/></meta_attributes></primitive>`, []string{"resource web: adds meta attribute target-role Stopped: it will be stopped"}},
		"interval":            {`interval="30s"`, `interval="15s"`, []string{"resource vip: monitor every 15 s, was 30 s: restarts nothing"}},
		"timeout":             {`timeout="20s"`, `timeout="10min"`, []string{"resource vip: monitor every 30 s: timeout 10 min, was 20 s: restarts nothing"}},
		"interval and more":   {`interval="30s" timeout="20s"`, `interval="15s" on-fail="fence"`, []string{"resource vip: monitor every 15 s, was 30 s; on-fail fence, was none; timeout none, was 20 s: restarts nothing"}},
		"start timeout":       {`timeout="60"`, `timeout="90"`, []string{"resource app: start: timeout 90 s, was 60 s: restarts nothing"}},
		"new operation":       {`<op id="vo"`, `<op id="vs" name="stop" interval="0" timeout="20"/><op id="vo"`, []string{"resource vip: adds operation stop (timeout 20 s)"}},
		"removed operation":   {`<op id="vo" name="monitor" interval="30s" timeout="20s"/>`, ``, []string{"resource vip: removes operation monitor every 30 s (timeout 20 s): restarts nothing"}},
		"removed resource":    {`<primitive id="log" class="systemd" type="log"/>`, ``, []string{"removes resource log (systemd:log): it will be stopped"}},
		"new resource":        {`<primitive id="log"`, `<primitive id="new" class="ocf" provider="x" type="y"/><primitive id="log"`, []string{"adds resource new (ocf:x:y)"}},
		"new member":          {`type="apache"/>`, `type="apache"/><primitive id="new" class="ocf" provider="x" type="y"/>`, []string{"group g: vip, then web, then new, was vip, then web", "adds resource new (ocf:x:y) in group g"}},
		"agent":               {`class="systemd" type="app"`, `class="ocf" provider="x" type="app"`, []string{"resource app: agent ocf:x:app, was systemd:app: restarts app"}},
		"constraint's id":     {`id="app-after-g"`, `id="order-1"`, nil},
		"order":               {`first="g" then="app"`, `first="g" then="log"`, []string{"order app-after-g: g, then log, was g, then app"}},
		"advisory order":      {`first="g" then="app"`, `kind="Optional" first="g" then="app"`, []string{"order app-after-g: g, then app, only when both start or stop anyway, was g, then app"}},
		"order by sets":       {`<rsc_order id="app-after-g" first="g" then="app"/>`, `<rsc_order id="all-after-g"><resource_set id="a"><resource_ref id="g"/></resource_set><resource_set id="b" sequential="false"><resource_ref id="log"/><resource_ref id="app"/></resource_set></rsc_order>`, []string{"adds order all-after-g: g, then app, log", "removes order app-after-g: g, then app"}},
		"colocation":          {`with-rsc="g" score="INFINITY"`, `with-rsc="g" score="-INFINITY"`, []string{"colocation app-with-g: app never with g, was app with g"}},
		"weaker colocation":   {`with-rsc="g" score="INFINITY"`, `with-rsc="g" score="10"`, []string{"colocation app-with-g: app with g (score 10), was app with g"}},
		"location":            {`node="n1" score="50"`, `node="n2" score="-INFINITY"`, []string{"location g-on-n1: g never on n2, was g prefers n1, score 50"}},
		"level":               {`devices="fence-n1"`, `devices="fence-n1,pdu"`, []string{"fencing level: 1 for n1: fence-n1 and pdu, was 1 for n1: fence-n1"}},
		"standby":             {`<node id="2" uname="n2"/>`, `<node id="2" uname="n2"><instance_attributes id="x"><nvpair id="y" name="standby" value="on"/></instance_attributes></node>`, []string{"node n2: sets standby to on: it runs no resources: they move to other nodes, or stop"}},
		"a remote node":       {`<node id="2" uname="n2"/>`, `<node id="2" uname="n2" type="remote"/>`, []string{`adds node id="2" type="remote" uname="n2"`}},
		"out of its group":    {`</group>`, ``, nil}, // replaced below
		"a section":           {`<rsc_defaults>`, `<alerts><alert id="a" path="/x"><instance_attributes id="i"><nvpair id="j" name="api_key" value="s3cr3t"/></instance_attributes></alert></alerts><rsc_defaults>`, []string{`adds alert id="a" path="/x" { instance_attributes { nvpair name="api_key" value="(secret)" } }`}},
		"a rule":              {`<instance_attributes id="vi">`, `<instance_attributes id="vi" score="1">`, []string{`resource vip: removes ip, was 10.0.0.9: restarts vip, and with it web, app, unless its agent takes the change while it runs`, `adds group g primitive vip instance_attributes score="1" { nvpair name="ip" value="10.0.0.9" }`}},
		"a clone for a group": {`<primitive id="log" class="systemd" type="log"/>`, `<clone id="c"><primitive id="log" class="systemd" type="log"/></clone>`, []string{"adds clone c", "moves resource log (systemd:log) into clone c"}},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(webXML, c.from) != 1 {
				t.Fatalf("%q is there %d times", c.from, strings.Count(webXML, c.from))
			}
			after := strings.Replace(webXML, c.from, c.to, 1)
			if name == "out of its group" {
				web := `<primitive id="web" class="ocf" provider="heartbeat" type="apache"/>`
				after = strings.Replace(strings.Replace(webXML, web, "", 1), "</group>", "</group>"+web, 1)
				c.want = []string{"group g: vip, was vip, then web", "takes resource web (ocf:heartbeat:apache) out of group g"}
			}
			var got []string
			changes := compare(t, []byte(webXML), []byte(after))
			for _, ch := range changes {
				got = append(got, ch.String())
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			data, err := json.Marshal(changes)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"hunter2", "horse", "s3cr3t"} {
				if strings.Contains(string(data)+changes.Diff(), secret) {
					t.Errorf("a secret is shown:\n%s\n%s", data, changes.Diff())
				}
			}
			if back := compare(t, []byte(after), []byte(webXML)); (len(back) == 0) != (len(changes) == 0) {
				t.Errorf("%d changes there, %d back", len(changes), len(back))
			}
		})
	}
}

func TestChangesDiff(t *testing.T) {
	after := strings.NewReplacer("hunter2", "other", `interval="30s"`, `interval="15s"`, `type="apache"`, `type="nginx"`, `value="true"`, `value="false"`).Replace(webXML)
	want := `@@ property @@
- property option stonith-enabled="true"
+ property option stonith-enabled="false"
@@ resource fence-n1 @@
- primitive fence-n1 param password=(secret)
+ primitive fence-n1 param password=(secret)
@@ resource vip @@
- group g primitive vip op interval="30000ms" name="monitor" timeout="20000ms"
+ group g primitive vip op interval="15000ms" name="monitor" timeout="20000ms"
@@ resource web @@
- group g primitive web class="ocf" id="web" provider="heartbeat" type="apache"
+ group g primitive web class="ocf" id="web" provider="heartbeat" type="nginx"
`
	if got := compare(t, []byte(webXML), []byte(after)).Diff(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestUnmanagedIsNotRestarted: what Pacemaker leaves alone is not said to restart.
func TestUnmanagedIsNotRestarted(t *testing.T) {
	for name, meta := range map[string]string{"resource": `<primitive id="vip" `, "group": `<group id="g">`} {
		set := `<meta_attributes id="m"><nvpair id="m1" name="is-managed" value="false"/></meta_attributes>`
		before := strings.Replace(webXML, meta, meta+set, 1)
		if name == "resource" {
			before = strings.Replace(webXML, `<instance_attributes id="vi">`, set+`<instance_attributes id="vi">`, 1)
		}
		changes := compare(t, []byte(before), []byte(strings.Replace(before, "10.0.0.9", "10.0.0.8", 1)))
		if len(changes) != 1 || changes[0].Effect != "" || changes[0].Restarts != nil {
			t.Errorf("%s: %+v", name, changes)
		}
	}
}

// TestCompareMutations takes away, renames and swaps every part of the
// configurations that between them have every kind of part.
func TestCompareMutations(t *testing.T) {
	count, unsaid := 0, map[string]int{}
	for _, name := range []string{"every-key", "colocation"} {
		base := render(t, examples(t)[name])
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(base); err != nil {
			t.Fatal(err)
		}
		try := func(what string) {
			t.Helper()
			data, err := doc.WriteToBytes()
			if err != nil {
				t.Fatal(err)
			}
			changes := compare(t, base, data)
			if strings.HasPrefix(what, "removed") {
				changes = append(changes, compare(t, data, base)...)
			}
			for _, ch := range changes {
				if ch.Thing == ThingOther && strings.Contains(ch.Sentence, `="`) {
					unsaid[what]++
				}
			}
			if t.Failed() {
				t.Fatalf("%s: %s", name, what)
			}
			count++
		}
		for _, e := range doc.FindElements("/cib/configuration//*") {
			for i, a := range e.Attr {
				e.Attr[i].Value = "1" + a.Value
				try(e.Tag + " " + a.Key)
				e.Attr[i] = a
			}
			parent, at := e.Parent(), e.Index()
			parent.RemoveChildAt(at)
			try("removed " + e.Tag)
			parent.InsertChildAt(at, e)
			if next := e.NextSibling(); next != nil {
				j := next.Index()
				parent.RemoveChildAt(j)
				parent.InsertChildAt(at, next)
				try("swapped " + e.Tag)
				parent.RemoveChildAt(at)
				parent.InsertChildAt(j, next)
			}
		}
	}
	t.Logf("%d mutations; without words: %v", count, unsaid)
}

// TestCompareExamples compares every example with every other.
func TestCompareExamples(t *testing.T) {
	all := map[string][]byte{}
	for name, c := range examples(t) {
		all[name] = render(t, c)
	}
	for a, before := range all {
		for b, after := range all {
			changes := compare(t, before, after)
			if (a == b) != (len(changes) == 0) {
				if a == b {
					t.Errorf("%s differs from itself: %v", a, changes)
				} else if facts(t, before).Diff(facts(t, after)) != "" {
					t.Errorf("no changes from %s to %s", a, b)
				}
			}
			again, err := Compare(before, after)
			if err != nil || again.Diff() != changes.Diff() {
				t.Errorf("%s to %s: a second run differs: %v", a, b, err)
			}
		}
	}
}

func TestCompareRefuses(t *testing.T) {
	if _, err := Compare([]byte("no"), []byte(webXML)); err == nil {
		t.Error("no error for the first")
	}
	if _, err := Compare([]byte(webXML), []byte("no")); err == nil {
		t.Error("no error for the second")
	}
}

// TestCompareFromNothing: a first configuration adds, and takes nothing away.
func TestCompareFromNothing(t *testing.T) {
	changes := compare(t, []byte(`<cib><configuration/></cib>`), render(t, examples(t)["two-node"]))
	if len(changes) == 0 {
		t.Error("no changes")
	}
	for _, ch := range changes {
		if ch.Action != Add || ch.Before != "" {
			t.Errorf("%+v", ch)
		}
	}
}

func mustRead(t testing.TB, name string) []byte {
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzCompare: whatever the bytes, there are changes exactly when facts differ.
func FuzzCompare(f *testing.F) {
	paths, err := filepath.Glob("testdata/*/cib.xml")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, p := range paths {
		f.Add(mustRead(f, p), []byte(webXML))
	}
	f.Add([]byte(`<cib><configuration><resources><clone><primitive/></clone><primitive id="g"/><primitive id="g"/></resources></configuration></cib>`), []byte(`<cib><configuration/></cib>`))
	f.Add([]byte(`<cib><configuration><resources><group id="g"><primitive id="rsc_defaults"/></group></resources><constraints><rsc_order/></constraints></configuration></cib>`), []byte(webXML))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if _, err := Canonical(a); err != nil {
			return
		}
		if _, err := Canonical(b); err != nil {
			return
		}
		_ = compare(t, a, b).Diff()
		compare(t, a, a)
	})
}

// TestFacts: the facts behind the changes are those that Canonical tells apart, without
// the values of secrets.
func TestFacts(t *testing.T) {
	const before = `<cib><configuration><resources><primitive id="a" class="stonith" type="fence_x"><instance_attributes id="i"><nvpair id="p" name="passwd" value="s3cr3t"/><nvpair id="q" name="ip" value="10.0.0.1"/></instance_attributes></primitive></resources></configuration></cib>`
	const after = `<cib><configuration><resources><primitive id="a" class="stonith" type="fence_x"><instance_attributes id="i"><nvpair id="q" name="ip" value="10.0.0.2"/></instance_attributes></primitive></resources></configuration></cib>`
	changes, err := Compare([]byte(before), []byte(after))
	if err != nil {
		t.Fatal(err)
	}
	var minus, plus []string
	for _, c := range changes {
		m, p := c.Facts()
		minus, plus = append(minus, m...), append(plus, p...)
	}
	if want := []string{`primitive a param ip="10.0.0.1"`, `primitive a param passwd=(secret)`}; !slices.Equal(minus, want) {
		t.Errorf("%q, want %q", minus, want)
	}
	if want := []string{`primitive a param ip="10.0.0.2"`}; !slices.Equal(plus, want) {
		t.Errorf("%q, want %q", plus, want)
	}
}
