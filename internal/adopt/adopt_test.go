package adopt_test

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/adopt"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/equality"
	"github.com/oneha/oneha/test/examples"
)

// import of what generate wrote gives the same description, byte for byte, and
// nothing is left over.
func TestOwnExamples(t *testing.T) {
	for _, file := range examples.Pacemaker(t, "../../examples") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			same(t, file, data)
		})
	}
}

func TestOwnGenerated(t *testing.T) {
	for n := range uint64(100) {
		same(t, "generated.yaml", equality.Describe(11, n))
		if t.Failed() {
			t.Fatalf("number %d", n)
		}
	}
}

// same generates a description's configuration and imports it.
func same(t *testing.T, name string, data []byte) {
	t.Helper()
	c, findings := spec.Parse(name, data)
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	files, err := cib.Generate(c, "xml", "corosync")
	if err != nil {
		t.Fatal(err)
	}
	got, err := adopt.From(adopt.Source{Name: "cib.xml", CIB: files[0].Data, CorosyncName: "corosync.conf", Corosync: files[1].Data})
	if err != nil {
		t.Fatal(err)
	}
	want := adopt.Shown(c)
	raw := want.Raw != spec.Raw{}
	want.Raw = spec.Raw{}
	if diff := cmp.Diff(lines(want), lines(got.Cluster)); diff != "" || len(got.Errors) > 0 || len(got.Comments) > 0 {
		t.Errorf("-description +import\n%s%v %v\n%s\n%v", diff, got.Errors, got.Comments, data, got.Leftovers)
	}
	if len(got.Leftovers) > 0 && !raw {
		t.Errorf("left over: %+v\n%s", got.Leftovers, data)
	}
	if raw && len(got.Leftovers) == 0 {
		t.Error("what raw appends is not left over")
	}
	honest(t, files[0].Data, got)
}

func lines(c spec.Cluster) []string { return strings.Split(string(spec.Format(c, nil)), "\n") }

// honest wants every fact of the CIB that the description does not make to stand in a
// leftover, and everything that it makes in addition. It looks at what is generated
// from the result, as a user would, and only where that can be generated.
func honest(t *testing.T, given []byte, got adopt.Adoption) {
	t.Helper()
	if got.Facts == 0 || got.Said < 0 || got.Said > got.Facts {
		t.Errorf("%d of %d facts said", got.Said, got.Facts)
	}
	lost, made := map[string]int{}, map[string]int{}
	for _, l := range got.Leftovers {
		if l.What == "" || l.Why == "" || l.Kind != adopt.Renamed && len(l.Facts)+len(l.Instead) == 0 {
			t.Errorf("not a line with a reason: %+v", l)
		}
		if strings.HasPrefix(l.What, "corosync.conf: ") {
			continue
		}
		if l.Kind != adopt.Kept {
			for _, f := range l.Facts {
				lost[renamed(f, got.Names)]++
			}
		}
		for _, f := range l.Instead {
			made[renamed(f, got.Names)]++
		}
	}
	if len(got.Errors) > 0 {
		return // with gaps nothing can be generated
	}
	c, findings := spec.Parse("again", got.Description("x"))
	if findings.HasErrors() {
		t.Fatalf("not valid: %v\n%s", findings, got.Description("x"))
	}
	files, err := cib.Generate(c, "xml")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, f := range outsideGroups(t, given) {
		count[renamed(f, got.Names)]++
	}
	for _, f := range outsideGroups(t, files[0].Data) {
		count[f]--
	}
	for f, n := range count {
		if n > 0 && lost[f] == 0 {
			t.Errorf("lost in silence: %s", f)
		}
		if n < 0 && made[f] == 0 {
			t.Errorf("made in silence: %s", f)
		}
		delete(lost, f)
		delete(made, f)
	}
	if len(lost)+len(made) > 0 {
		t.Errorf("left over, but the cluster has it not, or the description: %v %v", lost, made)
	}
}

// renamed is a fact of the cluster under the names of the description, which are a
// leftover of their own.
func renamed(fact string, names map[string]string) string {
	if strings.Contains(fact, `" param `) {
		return fact
	}
	for old, name := range names {
		word := regexp.MustCompile(`(^|[ ",])` + regexp.QuoteMeta(old) + `([ ",]|$)`)
		fact = word.ReplaceAllString(fact, "${1}"+name+"${2}")
	}
	return fact
}

var grouped = regexp.MustCompile(`^group \S+ primitive `)

func outsideGroups(t *testing.T, data []byte) (facts []string) {
	t.Helper()
	all, err := cib.Canonical(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		facts = append(facts, withoutSecret(grouped.ReplaceAllString(f, "primitive ")))
	}
	return facts
}

// TestChanged imports generated configurations that somebody changed by hand, by
// chance: nothing of it is lost in silence.
func TestChanged(t *testing.T) {
	imported, complete := 0, 0
	for n := range uint64(120) {
		c, findings := spec.Parse("generated.yaml", equality.Describe(13, n%40))
		if findings.HasErrors() {
			t.Fatal(findings)
		}
		files, err := cib.Generate(c, "xml", "corosync")
		if err != nil {
			t.Fatal(err)
		}
		given := changed(t, rand.New(rand.NewPCG(13, n)), files[0].Data)
		for _, raw := range []bool{false, true} {
			got, err := adopt.From(adopt.Source{Name: "cib.xml", CIB: given, CorosyncName: "corosync.conf", Corosync: files[1].Data, KeepRaw: raw})
			if err != nil {
				t.Fatal(err)
			}
			imported++
			if len(got.Errors) == 0 {
				complete++
			}
			nothingLost(t, given, got)
			if honest(t, given, got); t.Failed() {
				t.Fatalf("number %d, raw %v\n%s\n%s\n%v", n, raw, given, got.Description("x"), got.Leftovers)
			}
		}
	}
	if complete < imported/2 {
		t.Errorf("of %d only %d are complete: too little is compared", imported, complete)
	}
}

// extras are what others have in a CIB, by the section that they are put into.
var extras = map[string][]string{
	"resources": {
		`<primitive id="web" class="ocf" provider="heartbeat" type="apache"><operations><op id="web-op" name="monitor" interval="10"/></operations></primitive>`,
		`<clone id="ping-clone"><primitive id="ping" class="ocf" provider="pacemaker" type="ping"/></clone>`,
		`<group id="g"><primitive id="g1" class="ocf" provider="pacemaker" type="Dummy"/><primitive id="g2" class="systemd" type="nginx"/></group>`,
		`<primitive id="apc" class="stonith" type="fence_apc"><instance_attributes id="apc-i"><nvpair id="apc-p" name="ip" value="10.0.0.9"/></instance_attributes></primitive>`,
	},
	"constraints": {
		`<rsc_location id="l1" rsc="oned" node="elsewhere" score="-100"/>`,
		`<rsc_order id="o1" first="vip" then="oned" kind="Optional"/>`,
		`<rsc_ticket id="t1" rsc="oned" ticket="T" loss-policy="stop"/>`,
	},
	"alerts":      {`<alert id="mail" path="/bin/mail"/>`},
	"op_defaults": {`<meta_attributes id="op-o"><nvpair id="op-t" name="timeout" value="99s"/></meta_attributes>`},
	"crm_config":  {`<cluster_property_set id="more"><nvpair id="more-1" name="maintenance-mode" value="true"/><nvpair id="more-2" name="symmetric-cluster" value="false"/></cluster_property_set>`},
}

// changed changes one to four things in a CIB.
func changed(t *testing.T, r *rand.Rand, data []byte) []byte {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		t.Fatal(err)
	}
	for range 1 + r.IntN(4) {
		all := doc.FindElements("//configuration/*//*")
		e := all[r.IntN(len(all))]
		switch r.IntN(4) {
		case 0:
			e.Parent().RemoveChild(e)
		case 1:
			if a := e.SelectAttr("value"); a != nil && !slices.Contains([]string{"ip", "pcmk_host_list", "pcmk_host_map"}, e.SelectAttrValue("name", "")) {
				a.Value = []string{"7", "true", "INFINITY", "x y"}[r.IntN(4)]
			} else if a := e.SelectAttr("score"); a != nil {
				a.Value = "17"
			}
		case 2:
			if e.Tag == "op" {
				e.CreateAttr("on-fail", "block")
			}
		default:
			names := slices.Sorted(maps.Keys(extras))
			name := names[r.IntN(len(names))]
			of := extras[name]
			more := etree.NewDocument()
			if err := more.ReadFromString(of[r.IntN(len(of))]); err != nil {
				t.Fatal(err)
			}
			id := more.Root().SelectAttrValue("id", "")
			if doc.FindElement("//*[@id='"+id+"']") != nil {
				continue
			}
			config := doc.FindElement("//configuration")
			section := config.SelectElement(name)
			if section == nil {
				section = config.CreateElement(name)
			}
			section.AddChild(more.Root())
		}
	}
	out, err := doc.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// FuzzFrom: whatever is given, there is an error or an honest description, and nothing is
// lost in silence.
func FuzzFrom(f *testing.F) {
	for _, pattern := range []string{"testdata/*.xml", "../lint/testdata/*.xml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data, []byte("totem {\n  cluster_name: c\n}\nnodelist {\n  node {\n    ring0_addr: 10.0.0.1\n    nodeid: 1\n  }\n}\n"))
		}
	}
	for n := range uint64(5) {
		c, _ := spec.Parse("f", equality.Describe(3, n))
		files, err := cib.Generate(c, "xml", "corosync")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(files[0].Data, files[1].Data)
	}
	f.Fuzz(func(t *testing.T, data, conf []byte) {
		got, err := adopt.From(adopt.Source{Name: "f", CIB: data, CorosyncName: "c", Corosync: conf})
		if err != nil {
			return
		}
		for _, x := range got.Findings() {
			if x.What == "" || x.Fix == "" || strings.ContainsAny(x.String(), "\n\r") {
				t.Errorf("not one line with what and fix: %q", x)
			}
		}
		_, findings := spec.Parse("f", got.Description("f"))
		if len(got.Errors) == 0 && findings.HasErrors() {
			t.Errorf("it says nothing of %v\n%s", findings, got.Description("f"))
		}
		nothingLost(t, data, got)
	})
}
