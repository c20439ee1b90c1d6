package crmtext

import (
	"bytes"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestRead holds each directive to the CIB that the crm shell would make of it.
func TestRead(t *testing.T) {
	for text, want := range map[string]string{
		`primitive a Dummy`:                  `<primitive id="a" class="ocf" provider="heartbeat" type="Dummy"/>`,
		`primitive a ocf:pacemaker:Stateful`: `<primitive id="a" class="ocf" provider="pacemaker" type="Stateful"/>`,
		`primitive a systemd:x@y:z`:          `<primitive id="a" class="systemd" type="x@y:z"/>`,
		"primitive a @t \\\n\tmeta x=1":      `<primitive id="a" template="t"><meta_attributes id="a-meta_attributes"><nvpair id="a-meta_attributes-x" name="x" value="1"/></meta_attributes></primitive>`,
		`primitive a Dummy params $id=p x="a \"b\" c\\d \e" y='z w' z=`: `<primitive id="a" class="ocf" provider="heartbeat" type="Dummy"><instance_attributes id="p">` +
			`<nvpair id="p-x" name="x" value="a &quot;b&quot; c\d \e"/><nvpair id="p-y" name="y" value="z w"/><nvpair id="p-z" name="z" value=""/></instance_attributes></primitive>`,
		`primitive a Dummy operations $id=o op monitor interval=5s OCF_CHECK_LEVEL=10 op_meta x=y op start`: `<primitive id="a" class="ocf" provider="heartbeat" type="Dummy"><operations id="o">` +
			`<op name="monitor" interval="5s" id="a-monitor-5s"><instance_attributes id="a-op-instance_attributes"><nvpair id="a-op-instance_attributes-OCF_CHECK_LEVEL" name="OCF_CHECK_LEVEL" value="10"/></instance_attributes>` +
			`<meta_attributes id="a-monitor-5s-meta_attributes"><nvpair id="a-monitor-5s-meta_attributes-x" name="x" value="y"/></meta_attributes></op>` +
			`<op name="start" interval="0" id="a-start-0"/></operations></primitive>`,
		"ms m a\nprimitive a Dummy":                               `<master id="m"><primitive id="a" class="ocf" provider="heartbeat" type="Dummy"/></master>`,
		"location l a -inf: n":                                    `<rsc_location id="l" rsc="a" score="-INFINITY" node="n"/>`,
		"location l /^a b$/ 5: n":                                 "",
		"location l a role=Started resource-discovery=never 5: n": `<rsc_location id="l" rsc="a" role="Started" resource-discovery="never" score="5" node="n"/>`,
		"location l a rule $id=r $role=Master inf: a number:gt 5 and not_defined b rule x: date in start=1 end=2": `<rsc_location id="l" rsc="a"><rule id="r" role="Master" score="INFINITY">` +
			`<expression id="r-expression" attribute="a" operation="gt" type="number" value="5"/><expression id="r-expression-1" operation="not_defined" attribute="b"/></rule>` +
			`<rule id="l-rule" score-attribute="x"><date_expression id="l-rule-expression" operation="in_range" start="1" end="2"/></rule></rsc_location>`,
		"collocation c inf: a:Master b node-attribute=rack": `<rsc_colocation id="c" score="INFINITY" node-attribute="rack" rsc="a" rsc-role="Master" with-rsc="b"/>`,
		"colocation c 5: a [ b c ] d:Started": `<rsc_colocation id="c" score="5"><resource_set id="c-set"><resource_ref id="a"/></resource_set>` +
			`<resource_set id="c-set-1" sequential="false" require-all="false"><resource_ref id="b"/><resource_ref id="c"/></resource_set>` +
			`<resource_set id="c-set-2" role="Started"><resource_ref id="d"/></resource_set></rsc_colocation>`,
		"colocation c 5: (a b) _rsc_set_ d":     `<rsc_colocation id="c" score="5"><resource_set id="c-set" sequential="false"><resource_ref id="a"/><resource_ref id="b"/></resource_set><resource_set id="c-set-1"><resource_ref id="d"/></resource_set></rsc_colocation>`,
		"order o a b":                           `<rsc_order id="o" first="a" then="b"/>`,
		"order o 0: a:promote b symmetrical=no": `<rsc_order id="o" kind="Optional" symmetrical="no" first="a" first-action="promote" then="b"/>`,
		"order o serialize: a b:stop":           `<rsc_order id="o" kind="Serialize" first="a" then="b" then-action="stop"/>`,
		"order o inf: a ( b c ) d":              `kind="Mandatory"`,
		"rsc_ticket t x: a:Master b loss-policy=fence": `<rsc_ticket id="t" ticket="x" loss-policy="fence"><resource_set id="t-set" role="Master"><resource_ref id="a"/></resource_set>` +
			`<resource_set id="t-set-1"><resource_ref id="b"/></resource_set></rsc_ticket>`,
		"node 1: a\nnode 2: b\nfencing_topology x y,z": `<fencing-level target="a" id="fl-a-2" index="2" devices="y,z"/>`,
		"node $id=7 a:remote attributes x=1":           `<node id="7" uname="a" type="remote"><instance_attributes id="_7-instance_attributes">`,
		"property $id=p a=b":                           `<cluster_property_set id="p"><nvpair id="p-a" name="a" value="b"/></cluster_property_set>`,
		"rsc_defaults rule 5: a eq b x=1":              `<rule id="rsc_defaults-options-rule" score="5"><expression id="rsc_defaults-options-rule-expression" attribute="a" operation="eq" value="b"/></rule><nvpair`,
		"role r read type:node attribute:x write meta:a:b deny xpath:/cib": `<acl_role id="r"><acl_permission kind="read" id="r-read" object-type="node" attribute="x"/>` +
			`<acl_permission kind="write" id="r-write" xpath="//primitive[@id='a']/meta_attributes/nvpair[@name='b']"/><acl_permission kind="deny" id="r-deny" xpath="/cib"/></acl_role>`,
		"acl_target u r s": `<acl_target id="u"><role id="r"/><role id="s"/></acl_target>`,
		"tag t: a b":       `<tag id="t"><obj_ref id="a"/><obj_ref id="b"/></tag>`,
		"alert a /x select nodes attributes { b c } meta timeout=5 to { m attributes y=1 } to n": `<alert id="a" path="/x"><select><select_nodes/><select_attributes><attribute name="b"/><attribute name="c"/></select_attributes></select>` +
			`<meta_attributes id="a-meta_attributes"><nvpair id="a-meta_attributes-timeout" name="timeout" value="5"/></meta_attributes>` +
			`<recipient id="a-recipient" value="m"><instance_attributes id="a-recipient-instance_attributes"><nvpair id="a-recipient-instance_attributes-y" name="y" value="1"/></instance_attributes></recipient><recipient id="a-recipient-1" value="n"/></alert>`,
	} {
		cib, _, findings := Read("f", []byte("# comment\n\n"+text+"\n"))
		if want == "" {
			if len(findings) != 1 {
				t.Errorf("%s: %v", text, findings)
			}
			continue
		}
		if len(findings) > 0 || !strings.Contains(flat(cib), want) {
			t.Errorf("%s\n%v\n%s\nwant %s", text, findings, flat(cib), want)
		}
	}
}

// flat is XML without the blanks between elements.
func flat(cib []byte) string {
	var b strings.Builder
	for line := range strings.Lines(string(cib)) {
		b.WriteString(strings.TrimSpace(line))
	}
	return b.String()
}

// TestFindings: what cannot be read is said once, at its place.
func TestFindings(t *testing.T) {
	const byHand = "; see what the line says, and configure it by hand"
	for text, want := range map[string]string{
		"frobnicate x y": "f:2:1: warning: left out: not a word of the crm shell" + byHand,
		"primitive b Dummy \\\n\tparams p=\"******\" q=1": "f:3:9: warning: the crm shell masks the value of p of b; see it with cibadmin --query, which also shows what is no secret, such as the path of a password_file",
		"primitive b Dummy params x=\"y":                  "f:2:1: warning: left out: a quote does not end" + byHand,
		"primitive a Dummy":                               "f:2:11: warning: left out: there is something else of that id" + byHand,
		"group g a zz":                                    "f:2:11: warning: left out: this member is not there, is in another resource already, or can be in none" + byHand,
		"location l a n1":                                 "f:2:14: warning: left out: this location cannot be read from here on" + byHand,
		"order o Mandatory: a ( b c":                      "f:2:20: warning: left out: this order cannot be read from here on" + byHand,
		"order o perhaps: a b":                            "f:2:9: warning: left out: this order cannot be read from here on" + byHand,
		"colocation c a b":                                "f:2:14: warning: left out: this colocation cannot be read from here on" + byHand,
		"fencing_topology x":                              "f:2:18: warning: left out: these levels are for every node, and the text has 0 nodes" + byHand,
		"user u write xpath:/cib":                         "f:2:1: warning: left out: an ACL of Pacemaker before 1.1.12" + byHand,
		"xml <rsc_location id=\"x\"":                      "f:2:5: warning: left out: this xml cannot be read from here on" + byHand,
		"location l a rule a eq b and c or d":             "f:2:32: warning: left out: this location cannot be read from here on" + byHand,
		"primitive \xff Dummy":                            "f:2:1: warning: the text is damaged: there are characters that are no text; print it again, in UTF-8",
	} {
		cib, _, findings := Read("f", []byte("primitive a Dummy\n"+text+"\n"))
		if len(findings) != 1 || findings[0].String() != want {
			t.Errorf("%s: %v\nwant %s", text, findings, want)
		}
		if !bytes.Contains(cib, []byte(`id="a"`)) {
			t.Errorf("%s: the rest is lost", text)
		}
	}
}

func TestForeign(t *testing.T) {
	for _, text := range []string{"", "\n\n", "version: 1\ncluster: x\n", "Cluster Name: x\n", "<cib/>"} {
		cib, _, findings := Read("f", []byte(text))
		if cib != nil || len(findings) != 1 || !findings.HasErrors() {
			t.Errorf("%q: %s, %v", text, cib, findings)
		}
	}
}

// processorTime is what the test has used; what else the machine does is not in it.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestSpeed: no input of 1 MB takes seconds of a processor, so that nothing is quadratic.
func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for a while")
	}
	fill := func(head, body string) string { return head + strings.Repeat(body, (1<<20)/len(body)) }
	for name, text := range map[string]string{
		"words":       fill("primitive a Dummy params ", "x=1 "),
		"keys":        fill("primitive a Dummy params ", "x "),
		"ops":         fill("primitive a Dummy ", "op monitor "),
		"quotes":      fill("primitive a Dummy params ", `a="x `),
		"lines":       fill("", "primitive a Dummy\n"),
		"continued":   fill("property x: ", "\\\n"),
		"groups":      fill("", "group g g\n"),
		"members":     fill("primitive a Dummy\ngroup g ", "a "),
		"sets":        fill("order o inf: ", "( a ) "),
		"brackets":    fill("order o inf: ", "(("),
		"rules":       fill("location l a ", "rule a eq b "),
		"topology":    fill("node a\nnode b\nfencing_topology ", "x "),
		"recipients":  fill("alert a b ", "to x "),
		"nodes":       fill("fencing_topology x\n", "node n\n"),
		"many levels": strings.Repeat("node n\n", 50000) + fill("fencing_topology", " x"),
	} {
		start := processorTime(t)
		Read("f", []byte(text))
		took := processorTime(t) - start
		if t.Logf("%s: %v", name, took); took > 3*time.Second { // with what collects the garbage of all
			t.Errorf("%s: %v", name, took)
		}
	}
}

// FuzzRead: whatever the text, no panic, and a CIB that is XML, or an error.
func FuzzRead(f *testing.F) {
	paths, err := filepath.Glob("../../test/shown/testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no captures: %v", err)
	}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if strings.HasSuffix(file.Name, ".crm") {
				f.Add(file.Data)
			}
		}
	}
	f.Add([]byte("user u write xpath:/cib\nrole r read cib node:a\nalert a b select attributes { c } to { d }\nxml <tags><tag id=\"t\"/></tags>\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		cib, _, findings := Read("f", text)
		if (cib == nil) != findings.HasErrors() {
			t.Fatalf("%s\n%v", cib, findings)
		}
		lines := bytes.Count(text, []byte("\n")) + 1
		for _, found := range findings {
			if found.What == "" || found.Fix == "" || found.Line > lines || strings.Contains(found.String(), "\n") {
				t.Errorf("%v", found)
			}
		}
		if cib == nil {
			return
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(cib); err != nil {
			t.Fatalf("%v\n%s", err, cib)
		}
		if again, _, _ := Read("f", text); !bytes.Equal(cib, again) {
			t.Error("a second run differs")
		}
	})
}
