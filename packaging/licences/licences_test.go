package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/oneha/oneha/packaging/linked"
)

const top = "../.."

// TestAllowed reads the licences of everything that is linked into a binary, and
// compares what a package says of itself in its nfpm file.
func TestAllowed(t *testing.T) {
	for _, p := range linked.Packages {
		var modules []linked.Module
		if p.Command != "" {
			var err error
			if modules, err = linked.Modules(top, p.Command); err != nil {
				t.Fatal(err)
			}
			if len(modules) < 5 || modules[0].Path == "" {
				t.Errorf("%s: only %d modules are linked into it", p.Name, len(modules))
			}
		}
		want, err := expression(modules)
		if err != nil {
			t.Error(err)
			continue
		}
		description, err := os.ReadFile(filepath.Join(top, "packaging", "nfpm", p.Name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(description), "\nlicense: "+want+"\n") {
			t.Errorf("packaging/nfpm/%s.yaml: want license: %s", p.Name, want)
		}
		text, err := copyright(p.Name, modules)
		if err != nil {
			t.Error(err)
		}
		for _, m := range modules {
			if !strings.Contains(text, "  "+m.Path+" "+m.Version+": ") {
				t.Errorf("the copyright file of %s does not name %s %s", p.Name, m.Path, m.Version)
			}
		}
	}
}

// What is not allowed, not known or not there stops a build, and is named.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ texts, want string }{
		{"GNU General Public License", "allowed are"},
		{"Do as you like.", "is not known"},
		{"", "no file"},
	} {
		m := linked.Module{Path: "example.org/m"}
		if c.texts != "" {
			m.Texts = []linked.Text{{Name: "LICENSE", Content: c.texts}}
		}
		if _, err := expression([]linked.Module{m}); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), m.Path) {
			t.Errorf("%q: got %v, want %q", c.texts, err, c.want)
		}
	}
}

// A text that two modules share is passed on once, with both names; the Apache
// licence's only with its owner.
func TestDistinct(t *testing.T) {
	apacheText := "Apache License\nVersion 2.0, January 2004\n... Grant of Patent License ...\nCopyright [yyyy] [name of owner]\nCopyright 2020 Someone"
	all := distinct([]linked.Module{
		{Path: "a", Texts: []linked.Text{{Name: "LICENSE", Content: "same\r\n"}}},
		{Path: "b", Texts: []linked.Text{{Name: "LICENSE", Content: "same"}, {Name: "NOTICE", Content: "a notice", Notice: true}}},
		{Path: "c", Texts: []linked.Text{{Name: "LICENSE", Content: apacheText}}},
	})
	var got []string
	for _, p := range all {
		got = append(got, strings.Join(p.of, "+")+": "+p.content)
	}
	want := []string{"a, LICENSE+b, LICENSE: same", "b, NOTICE: a notice", "c, LICENSE: Licence: " + apache + ".\nCopyright 2020 Someone"}
	if strings.Join(got, "\n---\n") != strings.Join(want, "\n---\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}
