package compare

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneha/oneha/test/lab"
)

// document is where the tables are, between the marks.
const (
	document = "../../docs/compatibility.md"
	begin    = "<!-- vip-table begin -->\n"
	end      = "<!-- end -->\n"
)

// TestVIPBesideIPaddr2 runs both agents and holds what they did against the
// deliberate differences and the document.
func TestVIPBesideIPaddr2(t *testing.T) {
	t.Parallel()
	r := runInside(t)
	for _, wrong := range append(judge(r, deliberates), missed(r, defects)...) {
		t.Error(wrong)
	}
	for _, row := range sorted(r[programsTable]) {
		if p := r[programsTable][row][outcome]; p.Ours != "0" {
			t.Errorf("vip starts %s programs in %s", p.Ours, row)
		}
	}
	for _, row := range sorted(r[situationsTable]) {
		for _, action := range actions {
			did, reason := r[situationsTable][row][action].Ours, r[reasonsTable][row][action].Ours
			expected := (action == probe || action == "status") && did == "7" // that is no failure
			if did != "0" && !expected && reason == "" {
				t.Errorf("%s, %s: vip exits with %q and says no reason", row, action, did)
			}
		}
	}
	compareDocument(t, render(r))
}

// runInside runs TestInside in a machine and returns what it wrote down.
func runInside(t *testing.T) results {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	machine(t, lab.Command{
		Args:  []string{"/mnt/compare.test", "-test.run", "^TestInside$", "-test.parallel", "4", "-test.timeout", "4m"},
		Env:   []string{resultsVariable + "=/mnt/results/results.json", "CI=true"},
		Binds: []lab.Bind{{Host: self, Inside: "/mnt/compare.test", ReadOnly: true}, {Host: dir, Inside: "/mnt/results"}},
	})
	text, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r results
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// compareDocument compares the tables in the document, or writes them.
func compareDocument(t *testing.T, tables string) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	old, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no lines %q and %q", document, begin, end)
	}
	if old == "\n"+tables+"\n" {
		return
	}
	if *update {
		if err := os.WriteFile(document, []byte(before+begin+"\n"+tables+"\n"+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is not what was seen: go test ./test/compare -update, and read the difference", document)
	want := strings.Split(old, "\n")
	for _, line := range strings.Split(tables, "\n") {
		if !slices.Contains(want, line) {
			t.Errorf("new: %s", line)
		}
	}
}
