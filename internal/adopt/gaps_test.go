package adopt_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/adopt"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/equality"
)

// filled is a description in which somebody wrote what its comments ask for, with
// values that occur nowhere else, and the ids of the resources that come of that.
func filled(text string) (whole string, added []string) {
	n := 0
	fill := regexp.MustCompile(`\b(NAME|ADDRESS|PREFIX)\b`)
	value := func(word string) string {
		n++
		switch word {
		case "NAME":
			return fmt.Sprintf("filled-%d", n)
		case "PREFIX":
			return "31"
		}
		return fmt.Sprintf("203.0.%d.%d", 112+n/200, 1+n%200)
	}
	var out []string
	lines := strings.Split(text, "\n")
	node := ""
	var below []string // nodes to add
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		if strings.HasSuffix(line, ":") && len(indent) == 2 {
			node = strings.Trim(line, " :\"'")
		}
		if len(below) > 0 && indent == "" && line != "nodes:" { // behind the others
			out, below = append(out, below...), nil
		}
		if !strings.HasPrefix(line, indent+"# MISSING: ") {
			out = append(out, line)
			continue
		}
		for !strings.HasSuffix(strings.ToLower(lines[i]), "write") {
			i++
		}
		under := strings.HasSuffix(lines[i], "Below nodes, write")
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], indent+"# ") && !strings.HasPrefix(lines[i+1], indent+"# MISSING") {
			i++
			said := strings.TrimPrefix(lines[i], indent+"# ")
			vip, oned := strings.HasPrefix(said, "vip: ADDRESS"), strings.HasPrefix(said, "services: ")
			said = indent + fill.ReplaceAllStringFunc(said, value)
			switch {
			case under:
				below = append(below, said)
				added = append(added, "fence-"+newNode.FindStringSubmatch(said)[1])
				continue
			case vip:
				said = indent + "vip: 203.0.111.1/31"
				added = append(added, "vip")
			case oned:
				added = append(added, "oned")
			case strings.HasPrefix(said, indent+"bmc: \""):
				added = append(added, "fence-"+node)
			}
			out = append(out, said)
			if m := newNode.FindStringSubmatch(said); m != nil {
				added = append(added, "fence-"+m[1])
			}
		}
	}
	return strings.Join(out, "\n"), added
}

// nothingLost wants every fact of a CIB to be one that the description says, once its
// gaps are filled, or one that a leftover names; and no leftover to name a fact that the
// description says. It reports whether the description could be filled.
func nothingLost(t *testing.T, given []byte, got adopt.Adoption) bool {
	t.Helper()
	text, standIns := filled(string(got.Description("x")))
	c, findings := spec.Parse("filled", []byte(text))
	made := map[string]int{}
	if !findings.HasErrors() {
		files, err := cib.Generate(c, "xml")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range outsideGroups(t, original(t, files[0].Data, got.Names, standIns)) {
			made[f]++
		}
	}
	have, lost := map[string]int{}, map[string]int{}
	for _, f := range outsideGroups(t, given) {
		have[f]++
	}
	for _, l := range got.Leftovers {
		if !strings.HasPrefix(l.What, "corosync.conf: ") && l.Kind != adopt.Kept {
			for _, f := range l.Facts {
				lost[f]++
			}
		}
	}
	for f, n := range have {
		if n > made[f]+lost[f] {
			t.Errorf("lost in silence: %s", f)
		}
		if !findings.HasErrors() && lost[f] > max(0, n-made[f]) {
			t.Errorf("said, and listed as not said: %s", f)
		}
	}
	for f := range lost {
		if have[f] == 0 {
			t.Errorf("not of the cluster: %s", f)
		}
	}
	return !findings.HasErrors()
}

var newNode = regexp.MustCompile(`^  (filled-\d+):`)

var secretFact = regexp.MustCompile(`(?:( (?:param|option|meta) )([^ =]+)=|( nvpair name)="([^"]*)" value=)"([^"]*)"`)

// withoutSecret is a fact as leftovers name it.
func withoutSecret(fact string) string {
	return secretFact.ReplaceAllStringFunc(fact, func(pair string) string {
		m := secretFact.FindStringSubmatch(pair)
		if value := m[5]; !spec.IsSecretOption(m[2]+m[4]) || value == spec.StoredSecret {
			return pair
		}
		return strings.TrimSuffix(pair, `"`+m[5]+`"`) + `"(secret)"`
	})
}

// original is a generated CIB under the names of the cluster, without what only fills a
// gap.
func original(t *testing.T, data []byte, names map[string]string, standIns []string) []byte {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		t.Fatal(err)
	}
	for _, id := range standIns {
		for _, key := range []string{"rsc", "with-rsc", "first", "then"} {
			for _, e := range doc.FindElements("//constraints/*[@" + key + "='" + id + "']") {
				e.Parent().RemoveChild(e)
			}
		}
		for _, e := range doc.FindElements("//*[@id='" + id + "']") {
			e.Parent().RemoveChild(e)
		}
		for _, e := range doc.FindElements("//fencing-level") {
			if slices.Contains(strings.Split(e.SelectAttrValue("devices", ""), ","), id) {
				e.Parent().RemoveChild(e)
			}
		}
	}
	back := func(name string) string {
		for _, old := range slices.Sorted(func(yield func(string) bool) {
			for old, new := range names {
				if new == name && !yield(old) {
					return
				}
			}
		}) {
			return old
		}
		return name
	}
	for _, e := range doc.FindElements("//configuration//*") {
		for i, a := range e.Attr {
			switch {
			case slices.Contains([]string{"rsc", "with-rsc", "first", "then"}, a.Key), a.Key == "id" && slices.Contains([]string{"primitive", "group", "resource_ref"}, e.Tag):
				e.Attr[i].Value = back(a.Value)
			case a.Key == "devices":
				var ids []string
				for id := range strings.SplitSeq(a.Value, ",") {
					ids = append(ids, back(id))
				}
				e.Attr[i].Value = strings.Join(ids, ",")
			}
		}
	}
	out, err := doc.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestGaps imports configurations that leave something open: the seeds, foreign ones,
// and all of them after chance changed them, with and without a corosync.conf.
func TestGaps(t *testing.T) {
	type given struct {
		name      string
		cib, conf []byte
	}
	var all []given
	for _, f := range foreign {
		g := given{name: f.name, cib: read(t, f.name+".xml")}
		if f.corosync != "" {
			g.conf = read(t, f.corosync)
		}
		all = append(all, g)
	}
	for n := range uint64(6) {
		c, findings := spec.Parse("generated.yaml", equality.Describe(17, n))
		if findings.HasErrors() {
			t.Fatal(findings)
		}
		files, err := cib.Generate(c, "xml", "corosync")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, given{fmt.Sprintf("generated %d", n), files[0].Data, files[1].Data}, given{fmt.Sprintf("generated %d alone", n), files[0].Data, nil})
	}
	imported, fit := 0, 0
	for i, g := range all {
		for n := range uint64(12) {
			data := g.cib
			r := rand.New(rand.NewPCG(uint64(i), n))
			if n > 0 {
				data = changed(t, r, data)
			}
			if n > 5 {
				data = ruined(t, r, data)
			}
			got, err := adopt.From(adopt.Source{Name: "cib.xml", CIB: data, CorosyncName: "corosync.conf", Corosync: g.conf, KeepRaw: n%2 == 1})
			if err != nil {
				t.Fatal(err)
			}
			imported++
			if nothingLost(t, data, got) {
				fit++
			} else if n == 0 {
				t.Errorf("%s: not valid when the gaps are filled", g.name)
			}
			if t.Failed() {
				text, _ := filled(string(got.Description("x")))
				_, findings := spec.Parse("filled", []byte(text))
				t.Fatalf("%s, change %d: %v\n%s\n%s\n%s", g.name, n, findings, text, got.Description("x"), data)
			}
		}
	}
	if t.Logf("%d imported, %d valid when filled", imported, fit); fit < imported*9/10 {
		t.Errorf("of %d only %d are valid when their gaps are filled: too little is compared", imported, fit)
	}
}

// ruined takes something away that a description needs, or makes it unfit.
func ruined(t *testing.T, r *rand.Rand, data []byte) []byte {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		t.Fatal(err)
	}
	remove := func(path string) {
		if all := doc.FindElements(path); len(all) > 0 {
			e := all[r.IntN(len(all))]
			e.Parent().RemoveChild(e)
		}
	}
	for range 1 + r.IntN(2) {
		switch r.IntN(7) {
		case 0:
			remove("//primitive[@type='oned']")
		case 1:
			remove("//primitive[@class='stonith']")
		case 2:
			remove("//nvpair[@name='pcmk_host_list']")
		case 3:
			remove("//nvpair[@name='ip']")
		case 4:
			remove("//nvpair[@name='cidr_netmask']")
		case 5:
			remove("//nodes/node")
		default:
			for _, e := range doc.FindElements("//nvpair[@name='ip']") {
				e.CreateAttr("value", "not an address")
			}
		}
	}
	out, err := doc.WriteToBytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}
