package fence

import (
	"bytes"
	"encoding/xml"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMetadata(t *testing.T) {
	var all []string
	for _, c := range []call{
		{stdin: "action=metadata"}, {stdin: "action=meta-data"}, {stdin: "action=manpage"},
		{args: []string{"-o", "metadata"}}, {args: []string{"--action=meta-data"}},
	} {
		got := invoke(&fakeDevice{}, c)
		if got.code != 0 || got.stderr != "" {
			t.Fatalf("%+v: %+v", c, got)
		}
		all = append(all, got.stdout)
	}
	if n := len(slices.Compact(slices.Clone(all))); n != 1 {
		t.Fatalf("%d different texts", n)
	}
	const golden = "testdata/metadata.xml"
	if *update {
		if err := os.WriteFile(golden, []byte(all[0]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), all[0]); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

// What consumers rely on: every name that is understood is listed once, old
// names as deprecated, and list is not offered.
func TestMetadataNames(t *testing.T) {
	var doc struct {
		Parameters []struct {
			Name       string `xml:"name,attr"`
			Deprecated string `xml:"deprecated,attr"`
			Obsoletes  string `xml:"obsoletes,attr"`
			Required   string `xml:"required,attr"`
		} `xml:"parameters>parameter"`
		Actions []struct {
			Name string `xml:"name,attr"`
		} `xml:"actions>action"`
		Long string `xml:"longdesc"`
	}
	var out bytes.Buffer
	a := testAgent(nil)
	table := newTable(&a)
	writeMetadata(&out, &a, table)
	if err := xml.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Long != a.Long {
		t.Errorf("longdesc %q, want %q", doc.Long, a.Long)
	}
	seen := map[string]bool{}
	for _, p := range doc.Parameters {
		o := table.byName[p.Name]
		switch {
		case o == nil || seen[p.Name]:
			t.Errorf("%s is unknown or listed twice", p.Name)
		case (o.Name != p.Name) != (p.Deprecated == "1"):
			t.Errorf("%s: deprecated is %q", p.Name, p.Deprecated)
		case o.Name == p.Name && len(o.Old) > 0 && p.Obsoletes != o.Old[0]:
			t.Errorf("%s: obsoletes %q", p.Name, p.Obsoletes)
		case (p.Required == "1") != (p.Name == "action"):
			t.Errorf("%s: required is %q", p.Name, p.Required)
		}
		seen[p.Name] = true
	}
	for name, o := range table.byName {
		if !seen[name] && !o.Hidden {
			t.Errorf("%s is missing", name)
		}
	}
	var actions []string
	for _, a := range doc.Actions {
		actions = append(actions, a.Name)
	}
	want := []string{"on", "off", "reboot", "status", "monitor", "metadata", "manpage", "validate-all", "diag"}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

func TestHelpAndVersion(t *testing.T) {
	for _, c := range []call{{args: []string{"-h"}}, {args: []string{"--help", "-o", "off"}}, {stdin: "help=1"}} {
		dev := &fakeDevice{state: On}
		got := invoke(dev, c)
		if got.code != 0 || !strings.Contains(got.stdout, "-a, --ip=[ip]") || strings.Contains(got.stdout, "nodename") || len(dev.log) > 0 {
			t.Errorf("%+v: %+v", c, got)
		}
	}
	for _, c := range []call{{args: []string{"-V"}}, {stdin: "version=1"}} {
		if got := invoke(&fakeDevice{}, c); got.code != 0 || got.stdout != "1.2.3\n" {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

func TestOutputOptions(t *testing.T) {
	fails := func(options string) string {
		return invoke(&fakeDevice{noLogin: -1}, call{stdin: device + "action=off\n" + options}).stderr
	}
	if got := fails(""); strings.Count(got, "\n") != 1 {
		t.Errorf("plain: %q, want one line", got)
	}
	if got := fails("quiet=1"); got != "" {
		t.Errorf("quiet: %q", got)
	}
	if got := fails("quiet=0"); got == "" {
		t.Error("quiet=0 silenced the agent")
	}
	for _, verbose := range []string{"verbose=1", "verbose_level=2", "quiet=1\nverbose=1"} {
		if got := fails(verbose); !strings.Contains(got, "trying once more") || !strings.Contains(got, "Failed: ") {
			t.Errorf("%s: %q", verbose, got)
		}
	}
	if got := fails("verbose=1\nverbose_level=0"); strings.Count(got, "\n") != 1 {
		t.Errorf("verbose_level=0: %q", got)
	}
	if got := fails("debug_file=/nonexistent/x"); !strings.Contains(got, "Warning: debug_file") || !strings.Contains(got, "Failed: ") {
		t.Errorf("debug_file: %q", got)
	}
}
