package twin

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Deed is what is done to a file.
type Deed string

// The deeds.
const (
	Make   Deed = "make"   // a directory
	Copy   Deed = "copy"   // the content
	Link   Deed = "link"   // a symbolic link
	Attrs  Deed = "attrs"  // mode and owner of what is there
	Delete Deed = "delete" // what only this server has, and was named
)

// Change is one file of this server made like the other's.
type Change struct {
	Path Path   `json:"path"`
	Deed Deed   `json:"deed"`
	Why  string `json:"why"`
	file File   // as it is to be
	here *File  // as it is, nil for nothing
}

// Left is a difference that a copy does not mend.
type Left struct {
	Path     Path   `json:"path"`
	Why      string `json:"why"`
	OnlyHere bool   `json:"only_here,omitempty"` // the other server has nothing like it
}

// Plan says what has to be done here to be like there, and what is left as it is. What
// only this server has is deleted if it is in remove; each of those must be such a file.
func Plan(here, there Facts, mode Mode, remove []Path) (changes []Change, left []Left, err error) {
	ours := byPath(here.Files)
	for _, f := range there.Files { // sorted: a directory comes before what is in it
		var have *File
		if h, ok := ours[f.Path]; ok {
			have = &h
		}
		c, why := change(have, f, mode)
		switch {
		case why != "":
			left = append(left, Left{Path: f.Path, Why: why})
		case c != nil:
			changes = append(changes, *c)
		}
	}
	deletions, more, err := deletions(here.Files, byPath(there.Files), remove)
	return append(changes, deletions...), append(left, more...), err
}

// change is what makes a file like the other; why says that it is left.
func change(have *File, f File, mode Mode) (c *Change, why string) {
	c = &Change{Path: f.Path, file: f, here: have, Why: "only there"}
	switch {
	case f.Kind == Special:
		if have != nil && have.Kind == Special {
			return nil, ""
		}
		return nil, "it is a special file there" + colon(f.Note)
	case f.Note != "":
		return nil, "the other server's " + f.Note
	case have != nil && have.Kind != f.Kind && (have.Kind == Directory || f.Kind == Directory || have.Kind == Special):
		return nil, fmt.Sprintf("it is a %s here and a %s there: move it away by hand", have.Kind, f.Kind)
	case have == nil && string(f.Path) == oned:
		return nil, "there is none on this server: install OpenNebula first"
	case have == nil || have.Kind != f.Kind:
		if have != nil {
			c.Why = "is a " + string(have.Kind)
		}
		c.Deed = map[Kind]Deed{Regular: Copy, Directory: Make, Symlink: Link}[f.Kind]
		return c, ""
	}
	same, names := sameContent(*have, f)
	switch {
	case f.Kind == Regular && (!same || have.Note != ""):
		c.Deed, c.Why = Copy, "content"
		if len(names) > 0 {
			c.Why = strings.Join(names, ", ")
		}
	case f.Kind == Symlink && have.Target != f.Target:
		c.Deed, c.Why = Link, "target"
	case have.Mode != f.Mode:
		c.Deed, c.Why = Attrs, "mode "+octal(have.Mode)+", there "+octal(f.Mode)
	case have.Owner != f.Owner || have.Group != f.Group:
		c.Deed, c.Why = Attrs, "owner "+have.Owner+":"+have.Group+", there "+f.Owner+":"+f.Group
	default:
		return nil, ""
	}
	return c, ""
}

const oned = "/etc/one/oned.conf"

func colon(note string) string {
	if note == "" {
		return ""
	}
	return ": " + note
}

// deletions are those of what only this server has, the deepest first.
func deletions(here []File, there map[Path]File, remove []Path) (changes []Change, left []Left, err error) {
	named := slices.Clone(remove)
	for i, p := range named {
		named[i] = Path(path.Clean(string(p)))
	}
	found := map[Path]bool{}
	for _, f := range slices.Backward(here) {
		if _, ok := there[f.Path]; ok {
			continue
		}
		i := slices.IndexFunc(named, func(p Path) bool { return f.Path == p || strings.HasPrefix(string(f.Path), string(p)+"/") })
		if i < 0 {
			left = append(left, Left{f.Path, "only here: --delete " + f.Path.String() + " deletes it", true})
			continue
		}
		found[named[i]] = true
		changes = append(changes, Change{Path: f.Path, Deed: Delete, Why: "only here", file: f, here: &f})
	}
	slices.Reverse(left)
	for _, p := range named {
		if !found[p] {
			return nil, nil, fmt.Errorf("--delete %s: it is not among what only this server has", p)
		}
	}
	return changes, left, nil
}
