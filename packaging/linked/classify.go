package linked

import (
	"fmt"
	"slices"
	"strings"
)

// Allowed are the licences under which what we link in may come, by their SPDX names:
// permissive ones, and the one that asks for no more than the sources of its own
// files, which we do not change and which path and version find. Another one is a
// decision for a person, not for a build.
var Allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"}

// sentences tell a licence by what only its text says; all of a row have to be there
// and none of without. Spaces stand for any white space.
var sentences = []struct {
	spdx    string
	has     []string
	without []string
}{
	{"Apache-2.0", []string{"apache license version 2.0, january 2004", "grant of patent license"}, nil},
	{"MIT", []string{"permission is hereby granted, free of charge", "the software is provided \"as is\""}, nil},
	{"ISC", []string{"permission to use, copy, modify, and/or distribute this software", "the software is provided \"as is\""}, nil},
	{"BSD-3-Clause", []string{"redistributions of source code must retain", "redistributions in binary form must reproduce", "may be used to endorse or promote products"}, []string{"all advertising materials"}},
	{"BSD-2-Clause", []string{"redistributions of source code must retain", "redistributions in binary form must reproduce"}, []string{"all advertising materials", "endorse or promote products"}},
	{"MPL-2.0", []string{"mozilla public license, version 2.0"}, nil},
	{"GPL or a kin of it", []string{"gnu", "general public license"}, []string{"mozilla public license"}}, // which names the GPL as another choice
}

// Classify names every licence in a text, none for one that it does not know.
func Classify(content string) []string {
	plain := strings.ToLower(strings.Join(strings.Fields(content), " "))
	plain = strings.NewReplacer("“", `"`, "”", `"`, "``", `"`, "''", `"`).Replace(plain)
	var names []string
	for _, s := range sentences {
		has := func(part string) bool { return strings.Contains(plain, part) }
		missing := func(part string) bool { return !has(part) }
		if !slices.ContainsFunc(s.has, missing) && !slices.ContainsFunc(s.without, has) {
			names = append(names, s.spdx)
		}
	}
	return names
}

// Licences returns the SPDX names of a module's licences, sorted, or why it must not
// be linked in.
func (m Module) Licences() ([]string, error) {
	var names []string
	for _, t := range m.Texts {
		if t.Notice {
			continue
		}
		found := Classify(t.Content)
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: %s is a licence that is not known: read it, and teach it to packaging/linked", m.Path, t.Name)
		}
		for _, name := range found {
			if !slices.Contains(Allowed, name) {
				return nil, fmt.Errorf("%s: %s is %s, and allowed are %s", m.Path, t.Name, name, strings.Join(Allowed, ", "))
			}
		}
		names = append(names, found...)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s has no file that looks like a licence", m.Path)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
