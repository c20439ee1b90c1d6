package diag

import (
	"slices"
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"version", "cluster", "nodes", "vip", "services", "layout", "addr", "nic"}
	for _, test := range []struct{ word, want string }{
		{"clutser", "cluster"}, // two letters swapped
		{"Cluster", "cluster"},
		{"node", "nodes"},
		{"vpi", "vip"},
		{"address", "addr"}, // goes on where the known word ends
		{"serv", "services"},
		{"se", ""},
		{"banana", ""},
		{"", ""},
		{"layöut", "layout"},
		{strings.Repeat("x", 1<<16), ""},
	} {
		if got := Nearest(test.word, known); got != test.want {
			t.Errorf("Nearest(%.20q) = %q, want %q", test.word, got, test.want)
		}
	}
	if got := Nearest("x", nil); got != "" {
		t.Errorf("nothing known, but %q", got)
	}
}

func TestCount(t *testing.T) {
	for want, n := range map[string]int{"0 nodes": 0, "1 node": 1, "2 nodes": 2} {
		if got := Count(n, "node"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestFindings(t *testing.T) {
	fs := Findings{
		{File: "b", Line: 1, Column: 1, Severity: Error, What: "w"},
		{File: "a", Line: 2, Column: 1, Severity: Warning, What: "w", Fix: "f"},
		{File: "a", Line: 1, Column: 9, Severity: Warning, What: "x"},
		{File: "a", Line: 1, Column: 9, Severity: Warning, What: "w"},
		{File: "a", Severity: Warning, What: "w"},
		{ID: "F03", File: "b", Line: 1, Column: 1, Severity: Warning, What: "a", Fix: "f"},
	}
	if !fs.HasErrors() || fs[1:].HasErrors() {
		t.Error("HasErrors takes warnings for errors, or errors for warnings")
	}
	fs.Sort()
	var got []string
	for _, f := range fs {
		got = append(got, f.String())
	}
	want := []string{"a: warning: w", "a:1:9: warning: w", "a:1:9: warning: x", "a:2:1: warning: w; f", "b:1:1: error: w", "b:1:1: warning F03: a; f"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
