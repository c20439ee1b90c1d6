// Package target knows what cluster software a cluster has: which versions of
// Pacemaker, corosync, pcs and crmsh a distribution's release carries, what those can,
// and what packages, units, ports and tools are called there.
//
// A [Target] is a range of versions for each program, because a release with minor
// releases has several and because one configuration may be meant for many machines.
// What it Can do is what all of them can. [Parse] reads it from text, [Detect] from a
// machine; [Portable] is what is common to everything current.
//
// The tables are data. Those of Debian 11 to 13 were measured; the others were not
// tried, see [Release.Measured].
package target

import (
	"slices"
	"strings"
)

// Target is the software of a cluster's nodes.
type Target struct {
	Release   string // name of the Release, such as debian-12; "" when only versions are known
	Pacemaker Range
	Corosync  Range
	PCS       Range // none where the distribution has no pcs
	Crmsh     Range // none where it has no crmsh
}

// Portable is what every current release has at least: Debian 11 to 13, Ubuntu 24.04
// and later, the Enterprise Linuxes 8 to 10, SUSE 16. It is the target of a description
// that names none.
var Portable = Target{
	Pacemaker: versions("2.0.5..3.0"),
	Corosync:  versions("3.1"),
	PCS:       versions("0.10.8..0.12"),
	Crmsh:     versions("4.0.0..5"),
}

// Version returns the versions of a program.
func (t Target) Version(tool Tool) Range {
	if p := t.at(tool); p != nil {
		return *p
	}
	return Range{}
}

// at is where the versions of a program are kept, nil for an unknown one.
func (t *Target) at(tool Tool) *Range {
	switch tool {
	case Pacemaker:
		return &t.Pacemaker
	case Corosync:
		return &t.Corosync
	case PCS:
		return &t.PCS
	case Crmsh:
		return &t.Crmsh
	}
	return nil
}

// String writes the target as Parse reads it: the release, or the versions of its
// programs; and portable for Portable.
func (t Target) String() string {
	if t == Portable {
		return portable
	}
	var words []string
	base := Target{}
	if r, ok := Named(t.Release); ok {
		words, base = append(words, r.Name), r.Target()
	}
	for _, tool := range Tools {
		if v := t.Version(tool); v != base.Version(tool) && v.Known() {
			words = append(words, string(tool)+"="+v.String())
		}
	}
	return strings.Join(words, ",")
}

// Title names the target for people.
func (t Target) Title() string {
	if t == Portable {
		return "any current distribution"
	}
	if r, ok := Named(t.Release); ok {
		return r.Title
	}
	return t.String()
}

const portable = "portable"

// Named returns the release of that name or alias, in whatever case it is written.
func Named(name string) (Release, bool) {
	name = strings.ToLower(name)
	for _, r := range Releases {
		if r.Name == name || slices.Contains(r.Aliases, name) {
			return r, true
		}
	}
	return Release{}, false
}
