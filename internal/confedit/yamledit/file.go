// Package yamledit edits single values in the YAML files of OpenNebula's services
// (oneflow-server.conf, onegate-server.conf, fireedge-server.conf and their like) and
// leaves every other byte as it is. It knows values at the top and one map below, under
// keys as Ruby writes them (":port") or plain ("port"), which is as deep as the
// settings of a cluster lie; whatever else is in the file is carried along.
//
// Two readers look at each edit: this package's own, which knows where in the bytes a
// value stands, and goccy's YAML parser, which knows the language. An edit counts only
// when that one finds the new value, and nothing else changed.
package yamledit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/diag"
)

// maxSize bounds a file, in bytes.
const maxSize = 1 << 20

// File is a YAML file.
type File struct {
	buffer  confedit.Buffer
	entries []entry
	was     map[string]original // of the values that were changed, by their place
	err     error               // why it cannot be edited, nil if it can
}

// original is how a value stood in the file, with what is between it and its colon.
type original struct{ value, raw string }

// Parse reads a file; name is for the findings. One that cannot be edited safely has an
// error among the findings.
func Parse(name string, text []byte) (*File, diag.Findings) {
	f := &File{buffer: confedit.NewBuffer(name, text), was: map[string]original{}}
	refuse := func(at int, what, fix string) (*File, diag.Findings) {
		line := bytes.LastIndexByte(text[:at], '\n') + 1
		why := diag.Finding{File: name, Line: bytes.Count(text[:at], []byte("\n")) + 1, Column: utf8.RuneCount(text[line:at]) + 1, Severity: diag.Error, What: what, Fix: fix}
		f.err = fmt.Errorf("edit %s: %s", name, why)
		return f, diag.Findings{why}
	}
	if len(text) > maxSize {
		return refuse(0, fmt.Sprintf("the file has more than %d bytes", maxSize), "see whether this is the right file")
	}
	if !utf8.Valid(text) {
		return refuse(0, "the file is not in UTF-8, as YAML must be", "save it in UTF-8")
	}
	entries, m := scan(string(text))
	f.entries = entries
	if m != nil {
		return refuse(m.at, m.what, m.fix)
	}
	if _, err := meaning(text); err != nil {
		_, why := refuse(0, "this file cannot be edited safely: "+err.Error(), "edit it by hand")
		if place := (*refusal)(nil); errors.As(err, &place) && place.line > 0 {
			why[0].Line, why[0].Column = place.line, place.column
		}
		return f, why
	}
	return f, nil
}

// Bytes is the file with its edits.
func (f *File) Bytes() []byte { return f.buffer.Bytes() }

// Edits says what the edits amount to.
func (f *File) Edits() []confedit.Edit { return f.buffer.Edits() }

// Get returns the single value at a path of one key or two, such as ":port", or
// ":server", ":port"; "" for a key without a value, false for none, or for what is no
// single value.
func (f *File) Get(path ...string) (string, bool) {
	e, ok := f.find(path)
	if !ok || e.form == opaque || e.form == parent {
		return "", false
	}
	return e.value, true
}

func (f *File) find(path []string) (entry, bool) {
	i := slices.IndexFunc(f.entries, func(e entry) bool { return slices.Equal(e.path, path) })
	if i < 0 {
		return entry{}, false
	}
	return f.entries[i], true
}

// Set gives a single value. Numbers, true and false are written as such, and anything
// else as text, in the quotes that the old value has. A key that is not there comes
// behind the last of its map, or to the end of the file; one that stands there in a
// comment of its own at the top comes in the place of that. Setting what is set changes
// nothing.
func (f *File) Set(value string, path ...string) error {
	if err := f.editable(path); err != nil {
		return fmt.Errorf("set %s: %w", strings.Join(path, " "), err)
	}
	e, ok := f.find(path)
	switch {
	case ok && (e.form == opaque || e.form == parent):
		return fmt.Errorf("set %s: it is no single value in one line (line %d of %s); edit it by hand", strings.Join(path, " "), f.buffer.Line(e.from), f.buffer.Name())
	case ok && e.value == value:
		return nil
	case ok:
		return f.replace(e, value)
	}
	return f.add(path, value)
}

// Remove takes a key with a single value away, with its line and so with the comment in
// that.
func (f *File) Remove(path ...string) error {
	if err := f.editable(path); err != nil {
		return fmt.Errorf("remove %s: %w", strings.Join(path, " "), err)
	}
	e, ok := f.find(path)
	if !ok {
		return nil
	}
	siblings := func(o entry) bool { return len(o.path) == 2 && len(path) == 2 && o.path[0] == path[0] }
	switch {
	case e.form == opaque || e.form == parent:
		return fmt.Errorf("remove %s: it is no single value in a line of its own (line %d of %s); edit it by hand", strings.Join(path, " "), f.buffer.Line(e.from), f.buffer.Name())
	case len(path) == 2 && len(slices.DeleteFunc(slices.Clone(f.entries), func(o entry) bool { return !siblings(o) })) == 1:
		return fmt.Errorf("remove %s: it is the only key of %s; edit that by hand", strings.Join(path, " "), path[0])
	}
	clear(f.was) // what comes in its place later is no return to it
	text := f.buffer.Bytes()
	start := bytes.LastIndexByte(text[:e.from], '\n') + 1
	return f.apply([]confedit.Splice{{From: start, To: lineEnd(string(text), e.from)}}, path, confedit.Change{What: strings.Join(path, " "), Was: &e.value})
}

func (f *File) editable(path []string) error {
	if f.err != nil {
		return f.err
	}
	if len(path) == 0 || len(path) > 2 {
		return fmt.Errorf("a path has one key or two, not %d", len(path))
	}
	for _, key := range path {
		if !isKey(key) {
			return fmt.Errorf("%q is no key of letters, digits, _ and -, with or without a colon before it", key)
		}
	}
	return nil
}

func isKey(s string) bool {
	s = strings.TrimPrefix(s, ":")
	return s != "" && s[0] != '-' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

var errOther = errors.New("the edit would change more than this; edit the file by hand")

// apply makes splices, if the file then has what the change says at the path, and
// everything else as before.
func (f *File) apply(splices []confedit.Splice, path []string, change confedit.Change) error {
	fail := func(err error) error { return fmt.Errorf("edit %s in %s: %w", change.What, f.buffer.Name(), err) }
	text := f.buffer.Spliced(splices)
	entries, m := scan(string(text))
	if m != nil {
		return fail(errOther)
	}
	was, err := meaning(f.buffer.Bytes())
	if err != nil {
		return fail(err)
	}
	is, err := meaning(text)
	if err != nil {
		return fail(errOther)
	}
	g := &File{entries: entries}
	got, ok := g.Get(path...)
	if change.Is == nil && ok || change.Is != nil && (!ok || got != *change.Is || !is.has(path, got)) || !was.equalBut(is, path) {
		return fail(errOther)
	}
	f.buffer.Commit(splices, change)
	f.entries = entries
	return nil
}
