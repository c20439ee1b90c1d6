package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneha/oneha/agents"
)

// Every page is taken by the tools that show and check manuals, without a word.
func TestPagesAreTaken(t *testing.T) {
	found := false
	for _, args := range [][]string{
		{"groff", "-man", "-Tutf8", "-ww", "-z"},
		{"mandoc", "-Tlint", "-Wwarning"},
	} {
		if _, err := exec.LookPath(args[0]); err != nil {
			continue
		}
		found = true
		for name, page := range pages("1.0", "2026-02-03") {
			cmd := exec.Command(args[0], args[1:]...)
			cmd.Stdin = bytes.NewReader(page)
			if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s: %v: %v\n%s", name, args, err, out)
			}
		}
	}
	switch {
	case found:
	case os.Getenv("CI") == "true":
		t.Fatal("neither groff nor mandoc is here: apt-get install groff-base")
	default:
		t.Skip("neither groff nor mandoc is here")
	}
}

func TestEveryAgentHasAPageThatNamesItsParameters(t *testing.T) {
	all := pages("1.0", "2026-02-03")
	if len(all) != len(agents.All()) {
		t.Errorf("%d pages of %d agents", len(all), len(agents.All()))
	}
	for _, a := range agents.All() {
		page := string(all["ocf_opennebula_"+a.Name+".7"])
		for _, p := range a.Params {
			if !strings.Contains(page, "\n.TP\n\\fB"+p.Name+"\\fR (") {
				t.Errorf("%s: no parameter %s", a.Name, p.Name)
			}
			if p.Required && p.Example == "" {
				t.Errorf("%s: required parameter %s has no Example, so the examples cannot be used", a.Name, p.Name)
			}
		}
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man")
	for _, pages := range []map[string][]byte{
		{"a.7": []byte("1"), "b.7": []byte("1")},
		{"a.7": []byte("2"), "c.7": []byte("1")},
		{"a.7": []byte("2"), "c.7": []byte("1")},
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
