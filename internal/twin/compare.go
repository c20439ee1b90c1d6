package twin

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Topic is what a difference is about.
type Topic string

// The topics.
const (
	AboutFile    Topic = "file"
	AboutAccount Topic = "account"
	AboutPackage Topic = "package"
	AboutUnit    Topic = "unit"
	AboutTime    Topic = "time"
)

// Difference is one thing in which two servers differ. It has digests, never contents.
type Difference struct {
	Topic Topic    `json:"topic"`
	Item  string   `json:"item"`
	What  string   `json:"what"`            // "content", "mode", "owner", "only there", "version" and so on
	Here  string   `json:"here"`            // "" for none
	There string   `json:"there"`           // "" for none
	Names []string `json:"names,omitempty"` // of the values in a configuration file that differ
}

// Comparison is how another server differs from this one.
type Comparison struct {
	Server      string       `json:"server"`
	Differences []Difference `json:"differences"`
	Clock       *Clock       `json:"clock,omitempty"`
	Unknown     []string     `json:"unknown,omitempty"` // what could not be compared, and why
}

// Same reports whether nothing differs and all was compared.
func (c Comparison) Same() bool { return len(c.Differences) == 0 && len(c.Unknown) == 0 }

// clockBound is how far apart two clocks may be: tokens and certificates, and the times in
// two servers' logs, bear that much.
const clockBound = time.Second

// Compare says how there differs from here. Both looked with the same request.
func Compare(server string, here, there Facts, clock *Clock) Comparison {
	c := Comparison{Server: server, Differences: []Difference{}, Clock: clock}
	c.files(here.Files, there.Files)
	c.account(here.Account, there.Account)
	c.each(AboutPackage, "version", here.Packages, there.Packages)
	c.each(AboutUnit, "state", here.Units, there.Units)
	if here.Zone != there.Zone && here.Zone != "" && there.Zone != "" {
		c.differs(AboutTime, "time zone", "value", here.Zone, there.Zone)
	}
	if clock != nil && clock.Offset.Abs()-clock.Within > clockBound {
		c.differs(AboutTime, "clock", "offset", "", fmt.Sprintf("%+.1f s", clock.Offset.Seconds()))
	}
	for _, u := range here.Unknown {
		c.Unknown = append(c.Unknown, "here: "+u)
	}
	for _, u := range there.Unknown {
		c.Unknown = append(c.Unknown, "there: "+u)
	}
	return c
}

func (c *Comparison) differs(topic Topic, item, what, here, there string, names ...string) {
	c.Differences = append(c.Differences, Difference{topic, item, what, here, there, names})
}

// files compares two sorted lists.
func (c *Comparison) files(here, there []File) {
	others := byPath(there)
	ours := byPath(here)
	all := slices.Collect(maps.Keys(others))
	for p := range ours {
		if _, ok := others[p]; !ok {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	for _, p := range all {
		a, haveA := ours[p]
		b, haveB := others[p]
		item := p.String()
		switch {
		case !haveA:
			c.differs(AboutFile, item, "only there", "", brief(b))
		case !haveB:
			c.differs(AboutFile, item, "only here", brief(a), "")
		default:
			c.file(item, a, b)
		}
	}
}

func byPath(files []File) map[Path]File {
	all := make(map[Path]File, len(files))
	for _, f := range files {
		all[f.Path] = f
	}
	return all
}

// file compares a file that both have.
func (c *Comparison) file(item string, a, b File) {
	if a.Kind != b.Kind {
		c.differs(AboutFile, item, "kind", string(a.Kind), string(b.Kind))
		return
	}
	switch same, names := sameContent(a, b); {
	case a.Note != "" || b.Note != "":
		c.Unknown = append(c.Unknown, fmt.Sprintf("%s: %s", item, notes(a.Note, b.Note)))
	case a.Kind == Symlink && a.Target != b.Target:
		c.differs(AboutFile, item, "target", a.Target.String(), b.Target.String())
	case !same:
		c.differs(AboutFile, item, "content", brief(a), brief(b), names...)
	}
	if a.Mode != b.Mode {
		c.differs(AboutFile, item, "mode", octal(a.Mode), octal(b.Mode))
	}
	if a.Owner != b.Owner || a.Group != b.Group {
		c.differs(AboutFile, item, "owner", a.Owner+":"+a.Group, b.Owner+":"+b.Group)
	}
}

func notes(here, there string) string {
	var all []string
	if here != "" {
		all = append(all, here+" here")
	}
	if there != "" {
		all = append(all, there+" there")
	}
	return strings.Join(all, ", ")
}

// sameContent compares by what the files say, if both could be read so; names are those
// of what differs.
func sameContent(a, b File) (same bool, names []string) {
	if a.Digest == b.Digest {
		return true, nil
	}
	if a.Meaning == nil || b.Meaning == nil {
		return false, nil
	}
	for name := range a.Meaning {
		if other, ok := b.Meaning[name]; !ok || other != a.Meaning[name] {
			names = append(names, name)
		}
	}
	for name := range b.Meaning {
		if _, ok := a.Meaning[name]; !ok {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return true, nil
	}
	slices.Sort(names)
	if slices.Equal(names, []string{"content"}) {
		names = nil // a form whose values have no names
	}
	return false, names
}

// brief is a file in a word: the start of its digest, or its kind.
func brief(f File) string {
	if len(f.Digest) >= 8 {
		return f.Digest[:8]
	}
	return string(f.Kind)
}

func octal(mode uint32) string { return fmt.Sprintf("%04o", mode) }

func (c *Comparison) account(a, b *Account) {
	switch {
	case a == nil && b == nil:
		return
	case a == nil:
		c.differs(AboutAccount, "oneadmin", "only there", "", strconv.Itoa(b.UID))
		return
	case b == nil:
		c.differs(AboutAccount, "oneadmin", "only here", strconv.Itoa(a.UID), "")
		return
	}
	if a.UID != b.UID {
		c.differs(AboutAccount, "oneadmin", "uid", strconv.Itoa(a.UID), strconv.Itoa(b.UID))
	}
	if a.GID != b.GID {
		c.differs(AboutAccount, "oneadmin", "gid", strconv.Itoa(a.GID), strconv.Itoa(b.GID))
	}
	if a.Home != b.Home {
		c.differs(AboutAccount, "oneadmin", "home", a.Home, b.Home)
	}
}

// each compares two lists of names and values.
func (c *Comparison) each(topic Topic, what string, here, there map[string]string) {
	if here == nil || there == nil {
		return // it is among the unknown
	}
	all := slices.Collect(maps.Keys(here))
	all = append(all, slices.Collect(maps.Keys(there))...)
	slices.Sort(all)
	for _, name := range slices.Compact(all) {
		if a, b := here[name], there[name]; a != b {
			c.differs(topic, name, what, a, b)
		}
	}
}
