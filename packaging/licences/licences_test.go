package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const top = "../.."

// TestAllowed reads the licences of everything that is linked into a binary, and
// compares what a package says of itself in its nfpm file.
func TestAllowed(t *testing.T) {
	for _, p := range packages {
		var modules []module
		if p.command != "" {
			var err error
			if modules, err = linked(top, tags, p.command); err != nil {
				t.Fatal(err)
			}
			if len(modules) < 5 || modules[0].Path == "" {
				t.Errorf("%s: only %d modules are linked into it", p.name, len(modules))
			}
		}
		want, err := expression(modules)
		if err != nil {
			t.Error(err)
			continue
		}
		description, err := os.ReadFile(filepath.Join(top, "packaging", "nfpm", p.name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(description), "\nlicense: "+want+"\n") {
			t.Errorf("packaging/nfpm/%s.yaml: want license: %s", p.name, want)
		}
		text, err := copyright(p.name, modules)
		if err != nil {
			t.Error(err)
		}
		for _, m := range modules {
			if !strings.Contains(text, "  "+m.Path+" "+m.Version+": ") {
				t.Errorf("the copyright file of %s does not name %s %s", p.name, m.Path, m.Version)
			}
		}
	}
}

// bsd is the common part of the licences that end so.
const bsd = "Redistributions of source code must retain the above copyright notice. Redistributions in binary\nform must reproduce it."

func TestClassify(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{bsd, "BSD-2-Clause"},
		{bsd + " The name may not be used; it\nmay be used to endorse or promote products with permission only.", "BSD-3-Clause"},
		{bsd + " All advertising materials must name us.", ""},
		{"Permission is hereby granted, free of\ncharge ... THE SOFTWARE IS PROVIDED \"AS IS\"", "MIT"},
		{"Permission is hereby granted, free of charge ... the software is provided “as is”", "MIT"},
		{"Mozilla Public License, version 2.0 ... GNU General Public License as a secondary one", "MPL-2.0"},
		{"GNU AFFERO GENERAL PUBLIC LICENSE", "GPL or a kin of it"},
		{"GNU LESSER GENERAL PUBLIC LICENSE Version 3", "GPL or a kin of it"},
		{"Do as you like.", ""},
	} {
		if got := strings.Join(classify(c.text), " "); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
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
		m := module{Path: "example.org/m"}
		if c.texts != "" {
			m.texts = []text{{name: "LICENSE", content: c.texts}}
		}
		if _, err := expression([]module{m}); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), m.Path) {
			t.Errorf("%q: got %v, want %q", c.texts, err, c.want)
		}
	}
}

// A text that two modules share is passed on once, with both names; the Apache
// licence's only with its owner.
func TestDistinct(t *testing.T) {
	apacheText := "Apache License\nVersion 2.0, January 2004\n... Grant of Patent License ...\nCopyright [yyyy] [name of owner]\nCopyright 2020 Someone"
	all := distinct([]module{
		{Path: "a", texts: []text{{name: "LICENSE", content: "same\r\n"}}},
		{Path: "b", texts: []text{{name: "LICENSE", content: "same"}, {name: "NOTICE", content: "a notice", notice: true}}},
		{Path: "c", texts: []text{{name: "LICENSE", content: apacheText}}},
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
