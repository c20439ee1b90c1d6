package results

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

type result struct {
	Round int     `json:"round"`
	Text  string  `json:"text"`
	Away  float64 `json:"away"`
}

func TestResultsComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	want := []result{{1, "two\nlines", 0.5}, {2, strings.Repeat("long ", 1<<18), 0}, {3, "", 7}}
	for _, r := range want {
		if err := Append(path, r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read[result](path)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("read back %d of %d: %v", len(got), len(want), err)
	}
	if text, err := os.ReadFile(path); err != nil || strings.Count(string(text), "\n") != len(want) {
		t.Errorf("%d results are not %d lines: %v", len(want), len(want), err)
	}
}

// Clusters that run at once have one file.
func TestAppendAtOnce(t *testing.T) {
	const writers, each = 8, 50
	path := filepath.Join(t.TempDir(), "results.jsonl")
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := Append(path, result{Round: w*each + i, Text: strings.Repeat(fmt.Sprint(w), 500)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	all, err := Read[result](path)
	seen := map[int]bool{}
	for _, r := range all {
		seen[r.Round] = true
	}
	if err != nil || len(all) != writers*each || len(seen) != writers*each {
		t.Errorf("%d results, %d different ones, want %d: %v", len(all), len(seen), writers*each, err)
	}
}

func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, want string }{
		"half":  {"{}\n{\"round\":", "after 1 of them: unexpected EOF"},
		"other": {"{\"round\":\"one\"}\n", "after 0 of them"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read[result](path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read[result](filepath.Join(dir, "none")); err == nil {
		t.Error("a file that is not there was read")
	}
	if err := Append(filepath.Join(dir, "none", "file"), result{}); err == nil {
		t.Error("written where there is no directory")
	}
	if err := Append(filepath.Join(dir, "bad"), func() {}); err == nil {
		t.Error("what has no JSON was written")
	}
}
