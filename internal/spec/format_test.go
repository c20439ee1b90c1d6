package spec_test

import (
	"bytes"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/test/equality"
)

// same compares clusters without the places of what they were read from.
var same = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmpopts.IgnoreFields(spec.Raw{}, "At"),
	cmpopts.IgnoreFields(spec.FileRef{}, "File", "Line", "Column"),
	cmpopts.SortSlices(func(a, b spec.FileRef) bool { return a.Path < b.Path }),
	cmpopts.EquateEmpty(),
}

// holds wants Format to give c back, the same bytes the second time.
func holds(t *testing.T, c spec.Cluster) {
	t.Helper()
	text := spec.Format(c, nil)
	again, findings := spec.Parse("again.yaml", text)
	if findings.HasErrors() {
		t.Fatalf("%v\n%s", findings, text)
	}
	if diff := cmp.Diff(c, again, same); diff != "" {
		t.Fatalf("another cluster: -before +after\n%s\n%s", diff, text)
	}
	if twice := spec.Format(again, nil); !bytes.Equal(text, twice) {
		t.Fatalf("another text: %s", cmp.Diff(string(text), string(twice)))
	}
}

func TestFormatExamples(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, findings := spec.Parse(file, data)
			if findings.HasErrors() {
				t.Fatal(findings)
			}
			holds(t, c)
			golden(t, filepath.Join("testdata", "format", filepath.Base(file)), spec.Format(c, nil))
		})
	}
}

func TestFormatGenerated(t *testing.T) {
	for n := range uint64(1000) {
		text := equality.Describe(7, n)
		c, findings := spec.Parse("generated.yaml", text)
		if findings.HasErrors() {
			t.Fatalf("number %d: %v\n%s", n, findings, text)
		}
		holds(t, c)
	}
}

// FuzzFormat: whatever Parse takes, Format gives back.
func FuzzFormat(f *testing.F) {
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for n := range uint64(20) {
		f.Add(equality.Describe(7, n))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, findings := spec.Parse("f", data); !findings.HasErrors() {
			holds(t, c)
		}
	})
}

// TestFormatComments: a comment stands above its key, or where the key would be, and
// changes nothing.
func TestFormatComments(t *testing.T) {
	data, err := os.ReadFile("../../examples/two-node.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, _ := spec.Parse("two-node.yaml", data)
	got := spec.Format(c, spec.Comments{
		"": "The front-ends.\n\nTwo of them.", "vip": "where users go", "qdevice": "no third machine",
		"nodes.one-server2.bmc": "its iLO", "bmc.power_wait": "power_wait: 2", "raw.xml": "nothing\x00",
	})
	golden(t, filepath.Join("testdata", "format", "comments.golden"), got)
	again, findings := spec.Parse("again.yaml", got)
	if findings.HasErrors() || cmp.Diff(c, again, same) != "" {
		t.Errorf("comments change the cluster: %v\n%s", findings, got)
	}
}

// TestFormatGaps: what is not there is left out, and nothing panics.
func TestFormatGaps(t *testing.T) {
	got := string(spec.Format(spec.Cluster{Nodes: []spec.Node{{Name: "a"}, {Name: "b"}}, Agents: spec.Ours, Layout: spec.Staged},
		spec.Comments{"nodes.a.addr": "addr: ADDRESS", "cluster": "cluster: NAME"}))
	want := "version: 1\n# cluster: NAME\nnodes:\n  a:\n    # addr: ADDRESS\n  b: {}\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	spec.Format(spec.Cluster{}, nil)
}

// TestFormatText: every text is read back as it was.
func TestFormatText(t *testing.T) {
	for _, s := range []string{"a", "two words", "it's", `say "hi"`, `back\slash`, "# none", "a #b", "a: b", "- a", "*x", "&x", "!x", "%x", "@x", "`x`", "~", "null",
		"true", "on", "0x10", "1_000", "1e3", ".inf", "2026-01-01", "[a]", "{a}", "a,b", "a]", "'", `"`, `'"\`, "é", "💡", "<<", "=", "?", "|", ">", "-", "--- a", "... a", "C:\\x", "\u00a0x\u00a0"} {
		c, _ := spec.Parse("f", slices.Concat(two, []byte("properties: {batch-limit: 1}\n")))
		c.Properties[0].Value = s
		holds(t, c)
	}
}

var two = []byte("version: 1\ncluster: c\nnodes: {a: {addr: 10.0.0.1, bmc: 'ipmi://10.1.0.1'}, b: {addr: 10.0.0.2, bmc: 'ipmi://10.1.0.2'}}\nbmc: {username: u, password_file: /p}\nvip: 10.0.0.3/24\n")

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if flag.Lookup("update").Value.String() == "true" { // declared by the tests inside the package
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is another now (see it with go test -update): %s", file, cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")))
	}
}
