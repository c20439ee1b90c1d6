package spec

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

const examples = "../../examples"

// node is the file system of a machine that has oneha's password files.
var nodeFiles = fstest.MapFS{
	"etc/oneha/bmc":  {Data: []byte("x\n"), Mode: 0o600},
	"etc/oneha/bmc2": {Data: []byte("x\n"), Mode: 0o600},
}

// report is everything that is found in an example.
func report(t *testing.T, file string) (c Cluster, report string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, findings := Parse(filepath.Base(file), data)
	findings = append(findings, CheckFiles(c, nodeFiles)...)
	for _, f := range findings {
		report += f.String() + "\n"
	}
	return c, report
}

func glob(t *testing.T, pattern string, atLeast int) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(examples, pattern))
	if err != nil || len(files) < atLeast {
		t.Fatalf("%d files match %s, want %d at least (%v)", len(files), pattern, atLeast, err)
	}
	return files
}

func TestExamplesAreClean(t *testing.T) {
	for _, file := range glob(t, "*.yaml", 5) {
		if _, got := report(t, file); got != "" {
			t.Errorf("%s:\n%s", file, got)
		}
	}
}

// Each invalid example has one mistake, and gets the one finding of the golden
// file beside it.
func TestInvalidExamples(t *testing.T) {
	for _, file := range glob(t, "invalid/*.yaml", 30) {
		golden := strings.TrimSuffix(file, ".yaml") + ".golden"
		_, got := report(t, file)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
		if n := strings.Count(got, "\n"); n != 1 {
			t.Errorf("%s: %d findings, want one:\n%s", file, n, got)
		}
		if strings.Contains(got, "not-shown") {
			t.Errorf("%s: the report repeats a password:\n%s", file, got)
		}
	}
}

func TestEveryKeyHasAnExample(t *testing.T) {
	// Alternatives of keys that the examples have, and what the other mode's have.
	other := map[string]bool{"timing": true, "password_script": true, "mode": true}
	for mode, file := range map[Mode]string{Pacemaker: "every-key.yaml", Raft: "raft-five.yaml"} {
		data, err := os.ReadFile(filepath.Join(examples, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range Keys {
			only := k.Only()
			if only == "" && mode == Raft || only != "" && only != mode {
				continue
			}
			if name := k.name(); !other[name] && !strings.Contains(string(data), name+":") && !strings.Contains(string(data), name+"=") {
				t.Errorf("%s lacks %s", file, k.Path)
			}
		}
	}
}
