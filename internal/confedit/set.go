package confedit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Pair is a key of a vector and its value.
type Pair struct{ Key, Value string }

// Set gives the value at a path, as Get has it. A value that is there stays in quotes,
// or without them, as it stood; a key that is not there comes behind the last of its
// vector, and an attribute that is not there to where the shipped file has it, if it
// stands there in a comment in the place of that. Setting what is set changes nothing.
func (f *File) Set(value string, names ...string) error {
	p, err := parsePath(names)
	switch {
	case err != nil:
		return err
	case f.err != nil:
		return f.err
	case p.where != "" && p.key == "":
		return fmt.Errorf("set %s: name the key to set", p)
	}
	if a, ok := f.find(p); ok {
		return f.change(p, a, value)
	}
	if i := p.top(f.all); i >= 0 {
		return f.addKey(i, p, value)
	}
	if p.where != "" {
		return fmt.Errorf("set %s: %s has no such vector", p, f.buffer.name)
	}
	if p.key != "" {
		return f.SetVector(p.name, Pair{p.key, value})
	}
	return f.together(func(f *File) error { return f.addSingle(p, value) })
}

// SetVector gives keys of a vector their values and leaves its other keys alone. A
// vector that is not there is written where the shipped file has it: if it stands
// there in a comment, with no keys but these, then in the place of that comment.
func (f *File) SetVector(name string, pairs ...Pair) error {
	p, err := parsePath([]string{name})
	switch {
	case err != nil:
		return err
	case f.err != nil:
		return f.err
	case len(pairs) == 0:
		return fmt.Errorf("set %s: a vector has one key at least", p)
	}
	for _, pair := range pairs {
		if !isName(pair.Key) {
			return fmt.Errorf("set %s: %q is not a name of letters, digits and _", p, pair.Key)
		}
	}
	return f.together(func(f *File) error {
		p.key = strings.ToUpper(pairs[0].Key) // whatever has a key is a vector
		if p.top(f.all) < 0 && p.where == "" {
			if err := f.addVector(p.name, pairs); err != nil {
				return err
			}
		}
		for _, pair := range pairs {
			if err := f.Set(pair.Value, name, pair.Key); err != nil {
				return err
			}
		}
		return nil
	})
}

// together makes all edits of do, or none.
func (f *File) together(do func(*File) error) error {
	g := *f
	g.buffer.commits, g.buffer.changes = slices.Clone(f.buffer.commits), slices.Clone(f.buffer.changes)
	g.was = maps.Clone(f.was)
	if err := do(&g); err != nil {
		return err
	}
	*f = g
	return nil
}

// apply makes splices, if the file then says what is wanted, and nothing else.
func (f *File) apply(splices []Splice, want []Attribute, changes ...Change) error {
	p, m := parse(string(f.buffer.Spliced(splices)))
	if m != nil || !slices.EqualFunc(p.all, want, means) {
		what, line := changes[0].What, f.buffer.Line(splices[0].From)
		if f.ragged {
			return fmt.Errorf("edit %s in %s: the file ends in a comment without the end of its line, of which oned reads the words; end that line or write them without the #, and repeat the edit", what, f.buffer.name)
		}
		return fmt.Errorf("edit %s in %s: it would change more than this; edit the file by hand at line %d", what, f.buffer.name, line)
	}
	f.buffer.Commit(splices, changes...)
	f.all, f.ragged = p.all, p.ragged >= 0
	return nil
}

// means reports whether an attribute is as wanted. A carriage return that oned took for
// a part of a neighbouring value, and the quotes that it kept for that, may go.
func means(is, want Attribute) bool {
	return is.Name == want.Name && is.Vector == want.Vector && slices.EqualFunc(is.Keys, want.Keys, means) &&
		(is.Value == want.Value || is.Value == plain(want.Value))
}

func plain(value string) string {
	cut := strings.TrimRight(value, "\r")
	if n := len(cut); n < len(value) && n >= 2 && cut[0] == '"' && cut[n-1] == '"' {
		return cut[1 : n-1]
	}
	return cut
}
