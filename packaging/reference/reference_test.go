package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/oneha/oneha/test/commandtree"
)

// The pages in docs/reference say what the programs do now, and there are no others.
func TestPagesAreNotStale(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "reference")
	made := pages(commandtree.Load(t))
	for name, want := range made {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("docs/reference/%s is stale: run make docs, and look at the difference: -want +got:\n%s", name, diff)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if made[e.Name()] == "" {
			t.Errorf("docs/reference/%s is made by nothing", e.Name())
		}
	}
}

func TestMarkdown(t *testing.T) {
	p := newPage("Title", "Intro.")
	p.text("a * b <c> [d] `e*<` | f, docs/raft.md")
	p.text(strings.Repeat("word ", 19) + "wordy - 1 2 +x #y > z then")
	p.table([]string{"x", "y"}, [][]string{{"`a|b`", "two\nlines"}})
	p.table([]string{"x"}, nil)
	p.literal("<as> it", "is")
	want := `<!-- Written by make docs: change what it is made from. -->

# Title

Intro.

a \* b \<c> \[d\] ` + "`e*<`" + ` | f, [docs/raft.md](../raft.md)

` + strings.TrimSpace(strings.Repeat("word ", 19)) + ` wordy - 1 2 +x #y >
z then

| x | y |
|---|---|
| ` + "`a\\|b`" + ` | two lines |

` + "```\n<as> it\nis\n```\n"
	if diff := cmp.Diff(want, p.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := plain("one ` alone"); got != "one \\` alone" {
		t.Errorf("%q", got)
	}
}
