package target

import (
	"fmt"
	"slices"
	"strings"
)

// Parse reads a target: a release such as debian-12, centos-7 or sles-15; versions
// such as pcs=0.10,pacemaker=2.0.5; a release and versions that differ from its own;
// or portable, which "" means too. A version stands for all that begin with it.
//
// What versions alone leave open is what the releases have that they fit.
func Parse(text string) (Target, error) {
	var t Target
	var given []Tool
	based := false
	for i, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		name, value, pair := strings.Cut(word, "=")
		name = strings.ToLower(name)
		if !pair {
			r, ok := Named(name)
			switch {
			case i > 0:
				return Target{}, fmt.Errorf("target %q: %s does not come first: write a release, and after it versions that differ from its own", text, clip(word))
			case name == portable:
				t, based = Portable, true
			case !ok:
				return Target{}, fmt.Errorf("unknown target %q: use %s, %s, or versions such as pcs=0.10,pacemaker=2.0.5", clip(word), portable, strings.Join(Names(), ", "))
			default:
				t, based = r.Target(), true
			}
			continue
		}
		tool := Tool(name)
		at := t.at(tool)
		switch {
		case at == nil:
			return Target{}, fmt.Errorf("target: unknown program %q: use pacemaker, corosync, pcs or crmsh", clip(name))
		case slices.Contains(given, tool):
			return Target{}, fmt.Errorf("target: %s is given twice: keep one of them", name)
		}
		versions, ok := ParseRange(value)
		if !ok {
			return Target{}, fmt.Errorf("target: %q is no version of %s: write it as in %s=2.1.5", clip(value), name, name)
		}
		*at = versions
		given = append(given, tool)
	}
	if !based {
		t.fill(given)
	}
	return t, nil
}

// Names returns the names of all releases.
func Names() (names []string) {
	for _, r := range Releases {
		names = append(names, r.Name)
	}
	return names
}

// fill gives the programs that were not named the versions that go with those that
// were.
func (t *Target) fill(given []Tool) {
	found := Target{}
	for _, r := range Releases {
		of := r.Target()
		fits := !slices.ContainsFunc(given, func(tool Tool) bool { return !of.Version(tool).meets(t.Version(tool)) })
		for _, tool := range Tools {
			if fits {
				*found.at(tool) = found.Version(tool).join(of.Version(tool))
			}
		}
	}
	if len(given) == 0 || !found.Pacemaker.Known() {
		found = Portable
	}
	for _, tool := range Tools {
		if !slices.Contains(given, tool) {
			*t.at(tool) = found.Version(tool)
		}
	}
}

// clip keeps messages short.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "..."
	}
	return s
}
