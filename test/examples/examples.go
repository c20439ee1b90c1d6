// Package examples finds the example descriptions for the tests that run over all of
// them, by the mode that they describe.
package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// isRaft is the line that makes a description that of a zone.
var isRaft = regexp.MustCompile(`(?m)^mode:\s*raft\b`)

// Pacemaker returns the examples that describe a cluster of Pacemaker, of the
// directory of the examples as the test sees it, such as "../../examples".
func Pacemaker(t testing.TB, dir string) []string {
	t.Helper()
	return find(t, dir, false)
}

// Raft returns the examples that describe a zone under Raft.
func Raft(t testing.TB, dir string) []string {
	t.Helper()
	return find(t, dir, true)
}

func find(t testing.TB, dir string, raft bool) (files []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if isRaft.Match(text) == raft {
			files = append(files, file)
		}
	}
	if len(files) < 3 {
		t.Fatalf("%d examples in %s: is that the directory?", len(files), dir)
	}
	return files
}
