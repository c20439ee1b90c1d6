// Package confedit edits configuration files without touching what it does not edit:
// comments, order, spacing, quotes and ends of lines stay byte for byte. A File is one
// in OpenNebula's own grammar (oned.conf, monitord.conf, sched.conf, rank.conf and
// the templates of objects); package yamledit is for the YAML of the other services;
// Write puts either in its place.
//
// The grammar is oned's, rule by rule, with its oddities, so that what a File says is
// what oned has: names in any case, the first of several wins, what oned cannot make
// sense of it passes over. Parse refuses what oned refuses, and what oned takes in
// a way that nobody means it warns of. Every edit is read back before it counts: one
// that would change anything else is refused.
package confedit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/oneha/oneha/internal/diag"
)

// maxSize bounds a file, in bytes; oned.conf has some 40 thousand.
const maxSize = 1 << 20

// File is a file in OpenNebula's grammar.
type File struct {
	buffer Buffer
	all    []Attribute
	was    map[string]original // of the values that were changed, by their place
	ragged bool                // it ends in a comment without the end of its line
	err    error               // why it cannot be edited, nil if it can
}

// Parse reads a file; name is for the findings. When oned would refuse it there is an
// error among the findings, and the File has what stands before the mistake, to be
// looked at, but not edited.
func Parse(name string, text []byte) (*File, diag.Findings) {
	f := &File{buffer: NewBuffer(name, text), was: map[string]original{}}
	if len(text) > maxSize {
		return f, f.refuse(diag.Finding{File: name, What: fmt.Sprintf("the file has more than %d bytes", maxSize), Fix: "see whether this is the right file"})
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return f, f.refuse(f.finding(i, "there is a zero byte, at which oned ends a value", "remove it"))
	}
	p, m := parse(string(text))
	f.all, f.ragged = p.all, p.ragged >= 0
	findings := f.warnings(p)
	if m != nil {
		findings = append(findings, f.refuse(f.finding(m.at, m.what, m.fix))...)
	}
	findings.Sort()
	return f, findings
}

// refuse makes a finding the reason that the file is not edited.
func (f *File) refuse(why diag.Finding) diag.Findings {
	why.Severity = diag.Error
	f.err = fmt.Errorf("edit %s: %s", f.buffer.name, why)
	return diag.Findings{why}
}

// finding is about the place at an offset of the text.
func (f *File) finding(at int, what, fix string) diag.Finding {
	text := f.buffer.text[:at]
	line := bytes.LastIndexByte(text, '\n') + 1
	return diag.Finding{
		File: f.buffer.name, Line: bytes.Count(text, []byte("\n")) + 1, Column: utf8.RuneCount(text[line:]) + 1,
		Severity: diag.Warning, What: what, Fix: fix,
	}
}

// Bytes is the file with its edits.
func (f *File) Bytes() []byte { return f.buffer.Bytes() }

// Edits says what the edits amount to.
func (f *File) Edits() []Edit { return f.buffer.Edits() }

// All returns the attributes in the order of the file.
func (f *File) All() []Attribute { return clone(f.all) }

func clone(all []Attribute) []Attribute {
	all = slices.Clone(all)
	for i := range all {
		all[i].Keys = slices.Clone(all[i].Keys)
	}
	return all
}

// Get returns the value that oned has at a path; false if the file does not set it.
// A path is the name of a single value, as "PORT", or those of a vector and a key in
// it, as "FEDERATION", "SERVER_ID". Of vectors that are there several times the first
// counts; "VM_MAD[NAME=kvm]" means the first that has that value of that key.
func (f *File) Get(path ...string) (string, bool) {
	p, err := parsePath(path)
	if err != nil {
		return "", false
	}
	a, ok := f.find(p)
	if !ok {
		return "", false
	}
	return a.Value, true
}

// find returns the attribute or the key at a path.
func (f *File) find(p path) (Attribute, bool) {
	i := p.top(f.all)
	if i < 0 || p.key == "" {
		return element(f.all, i)
	}
	return element(f.all[i].Keys, slices.IndexFunc(f.all[i].Keys, p.isKey))
}

// element is the i-th attribute, if i is not negative.
func element(all []Attribute, i int) (Attribute, bool) {
	if i < 0 {
		return Attribute{}, false
	}
	return all[i], true
}

// path is a place in a file.
type path struct {
	name, key     string // in upper case; key is "" for a single value
	where, equals string // the key and the value that choose among vectors
}

func parsePath(words []string) (path, error) {
	var p path
	if len(words) == 0 || len(words) > 2 {
		return p, fmt.Errorf("find attribute: a path has one name or two, not %d", len(words))
	}
	name, choice, chosen := strings.Cut(words[0], "[")
	p.name = strings.ToUpper(name)
	if chosen {
		where, equals, ok := strings.Cut(strings.TrimSuffix(choice, "]"), "=")
		if !ok || !strings.HasSuffix(choice, "]") || !isName(where) {
			return p, fmt.Errorf("find attribute %s: want NAME[KEY=value]", name)
		}
		p.where, p.equals = strings.ToUpper(where), equals
	}
	if len(words) == 2 {
		p.key = strings.ToUpper(words[1])
	}
	if !isName(p.name) || len(words) == 2 && !isName(p.key) {
		return p, fmt.Errorf("find attribute %q: a name has letters, digits and _", strings.Join(words, " "))
	}
	return p, nil
}

func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf || !isNameByte(byte(r)) })
}

// top is the index of the attribute at the top: the first of that name and form, which
// is the one that oned takes (std::multimap keeps the order of equal names, and
// include/Template.h passes over those of the other form).
func (p path) top(all []Attribute) int {
	return slices.IndexFunc(all, func(a Attribute) bool {
		if a.Name != p.name || a.Vector != (p.key != "") {
			return false
		}
		if p.where == "" {
			return true
		}
		i := slices.IndexFunc(a.Keys, func(k Attribute) bool { return k.Name == p.where })
		return i >= 0 && a.Keys[i].Value == p.equals
	})
}

func (p path) isKey(k Attribute) bool { return k.Name == p.key }

// String names the place as a person would.
func (p path) String() string {
	s := p.name
	if p.where != "" {
		s += "[" + p.where + "=" + p.equals + "]"
	}
	if p.key != "" {
		s += " " + p.key
	}
	return s
}
