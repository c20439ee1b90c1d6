package shown

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/cibtext"
	"github.com/oneha/oneha/internal/crmtext"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/pcstext"
)

// captured is one text of testdata with the CIB that it shows.
type captured struct {
	config, release, tool string
	cib, text             []byte
}

// captures reads testdata: of each configuration RELEASE.pcs, RELEASE.crm and, unless
// it is an example, RELEASE.cib.xml.
func captures(t testing.TB) (all []captured) {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d files in testdata, %v: run go test -update", len(paths), err)
	}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		config := strings.TrimSuffix(filepath.Base(path), ".txtar")
		files := map[string][]byte{}
		for _, f := range a.Files {
			files[f.Name] = f.Data
		}
		for _, f := range a.Files {
			release, tool, _ := strings.Cut(f.Name, ".")
			if tool == "cib.xml" {
				continue
			}
			c := captured{config, release, tool, files[release+".cib.xml"], f.Data}
			if c.cib == nil {
				c.cib = generated(t, "../../examples/"+config+".yaml")[0].Data
			}
			all = append(all, c)
		}
	}
	return all
}

func (c captured) read() (cib []byte, findings diag.Findings) {
	if c.tool == "crm" {
		cib, _, findings = crmtext.Read(c.config, c.text)
	} else {
		cib, _, findings = pcstext.Read(c.config, c.text)
	}
	return cib, findings
}

// TestTextsSayWhatTheirCIBsSay: what is read from what a tool prints has the facts of
// the CIB that it printed, but those that it does not print (see unsaid).
func TestTextsSayWhatTheirCIBsSay(t *testing.T) {
	used := map[string]bool{}
	for _, c := range captures(t) {
		t.Run(fmt.Sprintf("%s/%s/%s", c.config, c.release, c.tool), func(t *testing.T) {
			check(t, c, used)
		})
	}
	if t.Failed() {
		return
	}
	for _, u := range unsaid {
		if !used[u.why] {
			t.Errorf("no capture needs this any more: %s", u.why)
		}
	}
}

func check(t *testing.T, c captured, used map[string]bool) {
	t.Helper()
	read, findings := c.read()
	if findings.HasErrors() || read == nil {
		t.Fatal(findings)
	}
	want, got := c.cib, read
	for _, u := range unsaid {
		if !u.of(c) {
			continue
		}
		less, changed := u.without(t, want)
		want = less
		got, _ = u.without(t, got)
		used[u.why] = used[u.why] || changed
		if changed && u.finding != "" && !mentions(findings, u.finding) {
			t.Errorf("no finding says %q:\n%v", u.finding, findings)
		}
	}
	for _, f := range findings {
		if f.Line == 0 || f.Column == 0 || f.Fix == "" || f.File == "" {
			t.Errorf("a finding without a place or a way out: %v", f)
		}
		expected := false
		for _, u := range unsaid {
			expected = expected || u.of(c) && u.finding != "" && strings.Contains(f.What, u.finding)
		}
		if !expected {
			t.Errorf("not expected: %v", f)
		}
	}
	if diff := facts(t, want).Diff(facts(t, got)); diff != "" {
		t.Errorf("-the CIB +the text\n%s\n%v", diff, findings)
	}
}

// TestPlaces: what is read from a text is known by the line in which it stands: that of
// a resource or a constraint has its id, that of an option its name.
func TestPlaces(t *testing.T) {
	placed := 0
	for _, c := range captures(t) {
		var data []byte
		var places cibtext.Places
		if c.tool == "crm" {
			data, places, _ = crmtext.Read(c.config, c.text)
		} else {
			data, places, _ = pcstext.Read(c.config, c.text)
		}
		lines := strings.Split(string(c.text), "\n")
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(data); err != nil {
			t.Fatal(err)
		}
		for _, e := range doc.FindElements("//configuration//*[@id]") {
			id, want := e.SelectAttrValue("id", ""), ""
			switch e.Tag {
			case "primitive", "group", "clone", "master", "bundle", "template", "rsc_location", "rsc_colocation", "rsc_order", "rsc_ticket", "alert", "tag":
				want = id
			case "nvpair":
				if e.Parent().Parent().Tag == "op" { // is where the operation is
					continue
				}
				want = e.SelectAttrValue("name", "")
			case "op":
				want = e.SelectAttrValue("name", "")
			default:
				continue
			}
			at := places[id]
			if at.Line < 1 || at.Line > len(lines) || at.Column < 1 {
				t.Errorf("%s %s %s: %s has no place: %v", c.config, c.release, c.tool, id, at)
				continue
			}
			// A line that pcs broke for a terminal is one.
			here := lines[at.Line-1]
			for n := at.Line; c.tool == "wrapped" && n < len(lines) && n < at.Line+12; n++ {
				here += " " + lines[n]
			}
			inXML := c.tool == "crm" && strings.HasPrefix(here, "xml <") // which is placed as a whole
			if placed++; !strings.Contains(here, want) && !inXML && !strings.HasPrefix(id, "cib-bootstrap-options-cluster-name") {
				t.Errorf("%s %s %s: %s is said to be in line %d: %s", c.config, c.release, c.tool, id, at.Line, here)
			}
			if c.tool == "crm" && e.Tag == "nvpair" && !inXML && !strings.Contains(here, "$") && !strings.HasPrefix(string([]rune(here)[at.Column-1:]), want) {
				t.Errorf("%s %s: %s is said to be at %v: %s", c.config, c.release, id, at, here)
			}
		}
	}
	if placed < 1000 {
		t.Errorf("only %d places", placed)
	}
}

func mentions(findings diag.Findings, what string) bool {
	for _, f := range findings {
		if strings.Contains(f.What, what) {
			return true
		}
	}
	return false
}

func facts(t testing.TB, data []byte) cib.Facts {
	t.Helper()
	f, err := cib.Canonical(data)
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	return f
}

// TestRecognise: each reader knows its own texts, and no other's.
func TestRecognise(t *testing.T) {
	for _, c := range captures(t) {
		if got := pcstext.Recognise(c.text); got != (c.tool != "crm") {
			t.Errorf("pcstext.Recognise of %s %s %s: %v", c.config, c.release, c.tool, got)
		}
		if got := crmtext.Recognise(c.text); got != (c.tool == "crm") && len(c.text) > 1 {
			t.Errorf("crmtext.Recognise of %s %s %s: %v", c.config, c.release, c.tool, got)
		}
	}
	for _, path := range []string{"../../examples/stock.yaml", "../../README.md", "foreign/rare.xml", "shown_test.go"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if pcstext.Recognise(text) || crmtext.Recognise(text) {
			t.Errorf("%s is recognised", path)
		}
	}
}

// TestNoSecretInFindings: whatever is not understood, no value comes out.
func TestNoSecretInFindings(t *testing.T) {
	secrets := []string{"top secret", "hush hush", "very secret"}
	seen := false
	for _, c := range captures(t) {
		for _, s := range secrets {
			seen = seen || strings.Contains(string(c.text), s)
		}
		lines := strings.SplitAfter(string(c.text), "\n")
		for i := range lines { // damage each line in turn
			broken := strings.Join(lines[:i], "") + "x" + strings.TrimLeft(lines[i], " ") + strings.Join(lines[i+1:], "")
			c.text = []byte(broken)
			_, findings := c.read()
			for _, f := range findings {
				for _, s := range secrets {
					if strings.Contains(f.String(), s) {
						t.Fatalf("%s %s line %d: %v", c.config, c.release, i+1, f)
					}
				}
			}
		}
	}
	if !seen {
		t.Error("no capture holds a secret")
	}
}
