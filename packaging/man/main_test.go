package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneha/oneha/agents"
	"github.com/oneha/oneha/internal/fenceagent"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -update rewrites it); got:\n%s", path, got)
	}
}

// tools show or check manual pages.
var tools = [][]string{
	{"groff", "-man", "-Tutf8", "-ww", "-rLL=80n", "-P-cbou"},
	{"mandoc", "-Tlint", "-Wwarning"},
}

// isTaken gives a page to the tools that are here. None has a word to say against
// it, and no line of what groff shows is wider than a terminal.
func isTaken(t *testing.T, name string, page []byte) {
	t.Helper()
	found := false
	for _, args := range tools {
		if _, err := exec.LookPath(args[0]); err != nil {
			continue
		}
		found = true
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdin = bytes.NewReader(page)
		var out, warnings strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &warnings
		err := cmd.Run()
		if args[0] == "mandoc" { // it reports on standard output
			warnings.WriteString(out.String())
		}
		if err != nil || warnings.Len() > 0 {
			t.Errorf("%s: %v: %v\n%s", name, args, err, warnings.String())
		}
		for line := range strings.Lines(out.String()) {
			if width := len([]rune(strings.TrimSuffix(line, "\n"))); args[0] == "groff" && width > 80 {
				t.Errorf("%s: a line is %d columns wide: %s", name, width, line)
			}
		}
	}
	switch {
	case found:
	case os.Getenv("CI") == "true":
		t.Fatal("neither groff nor mandoc is here: apt-get install groff-base")
	default:
		t.Skip("neither groff nor mandoc is here: apt-get install groff-base")
	}
}

func TestPagesOfAgentsAreTaken(t *testing.T) {
	all := agentPages(edition{"oneha 1.0", "2026-02-03"})
	if want := len(agents.All()) + len(fenceagent.All()); len(all) != want {
		t.Errorf("%d pages of %d agents", len(all), want)
	}
	for name, page := range all {
		isTaken(t, name, page)
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man")
	for _, pages := range []map[string][]byte{
		{"a.7": []byte("1"), "b.8": []byte("1")},
		{"a.7": []byte("2"), "c.8": []byte("1")},
		{"a.7": []byte("2"), "c.8": []byte("1")},
	} {
		if err := write(dir, pages); err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != len(pages) {
			t.Errorf("directory holds %v, want %d pages", files, len(pages))
		}
		for name, want := range pages {
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
}
