package spec

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/oneha/oneha/internal/diag"
)

// reader collects findings while it walks a file.
type reader struct {
	file     string
	mode     Mode
	lines    []string
	findings diag.Findings
	refused  bool             // an anchor, alias, merge key or tag was reported
	secret   bool             // a password stood in the file: do not ask for one as well
	excused  map[string]bool  // keys, as in Keys, that are not missing but misplaced
	running  map[string]place // services that were listed
}

func (r *reader) error(at place, what, fix string) { r.add(at, diag.Error, what, fix) }

func (r *reader) warn(at place, what, fix string) { r.add(at, diag.Warning, what, fix) }

func (r *reader) add(at place, s diag.Severity, what, fix string) {
	r.findings = append(r.findings, diag.Finding{
		File: r.file, Line: at.line, Column: at.column, Severity: s, What: what, Fix: fix,
	})
}

// errors is the number of errors found so far.
func (r *reader) errors() (n int) {
	for _, f := range r.findings {
		if f.Severity == diag.Error {
			n++
		}
	}
	return n
}

// section is a map of the file whose keys are known.
type section struct {
	r       *reader
	path    string // as in Keys: "", "bmc", "nodes.*"
	label   string // as in messages: "", "bmc", "node one-server1"
	at      place
	values  map[string]value
	dubious bool // it has an unknown key, which may stand for any that misses
}

// section reads a map and reports the keys that the table does not know there.
// A key that is nearly a known one is taken for it, so that one typing error
// does not also count as a missing key.
func (r *reader) section(path, label string, v value) section {
	s := section{r: r, path: path, label: label, at: v.at, values: map[string]value{}}
	known := keysIn(path, r.mode)
	given := make([]string, 0, len(v.fields))
	for _, f := range v.fields {
		given = append(given, f.key)
	}
	for _, f := range v.fields {
		switch {
		case f.value.kind == broken && !slices.Contains(known, f.key):
			s.dubious = true
		case slices.Contains(known, f.key):
			s.values[f.key] = f.value
		default:
			if meant := s.unknown(f, known); meant != "" && !slices.Contains(given, meant) {
				s.values[meant] = f.value
			}
		}
	}
	return s
}

// unknown reports an unknown key and returns the known one it stands for, or "".
func (s *section) unknown(f field, known []string) string {
	if isSecret(f.key) {
		s.r.refuseSecret(f.at)
		return ""
	}
	if s.otherMode(f) {
		return ""
	}
	what := fmt.Sprintf("unknown key %q", clip(f.key))
	if s.label != "" {
		what += " in " + s.label
	}
	for _, meant := range synonyms[f.key] {
		if slices.Contains(known, meant) {
			s.r.error(f.at, what, fmt.Sprintf("it is called %q here", meant))
			return meant
		}
	}
	if meant := diag.Nearest(f.key, known); meant != "" {
		s.r.error(f.at, what, fmt.Sprintf("did you mean %q?", meant))
		return meant
	}
	for _, k := range Keys {
		if k.name() == f.key && k.fits(s.r.mode) {
			s.r.excused[k.Path] = true
			s.r.error(f.at, what, "it belongs "+k.home())
			return ""
		}
	}
	s.dubious = true
	s.r.error(f.at, what, "known here: "+strings.Join(known, ", "))
	return ""
}

// get returns a key's value. A key without a value is reported and comes back
// as broken, a key that is not there as absent.
func (s *section) get(key string) value {
	v := s.values[key]
	if v.kind == null {
		s.r.error(v.at, s.name(key)+" has no value", "give it one, or remove the key to take its default")
		v.kind = broken
	}
	return v
}

// need is get for a key that has no default: if it misses, that is reported
// with hint, and it comes back as broken.
func (s *section) need(key, hint string) value {
	v := s.get(key)
	if v.kind == absent {
		if !s.r.excused[join(s.path, key)] && !(s.dubious && s.path != "") {
			s.r.error(s.at, s.name(key)+" is missing", hint)
		}
		v.kind = broken
	}
	return v
}

// name is a key as messages call it.
func (s *section) name(key string) string {
	if s.label == "" {
		return key
	}
	return key + " of " + s.label
}

// text reads a single value: one line, not empty. The word what names it in a
// message. Values keep the text they were written with, so 0x10 and yes are
// texts like any other.
func (r *reader) text(v value, what string) (string, bool) {
	switch {
	case v.kind == broken || v.kind == absent:
		return "", false
	case v.kind == list || v.kind == mapping:
		r.error(v.at, fmt.Sprintf("%s is a %s", what, v.kind), "give a single value")
	case v.text == "": // also null
		r.error(v.at, what+" is empty", "give a value")
	case strings.ContainsFunc(v.text, isControl) || !utf8.ValidString(v.text):
		r.error(v.at, what+" holds a line break or another control character", "give one line of text")
	default:
		return v.text, true
	}
	return "", false
}

// texts reads a list of single values, or, if one may stand alone, just one.
func (r *reader) texts(v value, what string, alone bool) (items []value, ok bool) {
	switch {
	case v.kind == broken || v.kind == absent:
		return nil, false
	case v.kind == scalar && alone:
		return []value{v}, true
	case v.kind == null:
		r.error(v.at, what+" is empty", "give a value")
		return nil, false
	case v.kind != list:
		r.error(v.at, fmt.Sprintf("%s is a %s", what, v.kind), "give a list, as in [a, b]")
		return nil, false
	case len(v.items) == 0:
		r.error(v.at, what+" is an empty list", "give at least one entry")
		return nil, false
	}
	return v.items, true
}

// isMap reports whether v is a map, and says so if it is something else.
func (r *reader) isMap(v value, what, form string) bool {
	switch v.kind {
	case mapping:
		return true
	case broken, absent:
	default:
		r.error(v.at, fmt.Sprintf("%s is a %s", what, v.kind), "write "+form)
	}
	return false
}

// refuseSecret reports a secret without repeating it.
func (r *reader) refuseSecret(at place) {
	r.secret = true
	r.error(at, "a password does not belong in this file",
		"write it to a file of mode 0600 on each node and name that file with password_file")
}

// isControl is the set of characters that no value of ours contains: control
// characters, Unicode's line ends, and what XML cannot carry.
func isControl(c rune) bool {
	return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || c == '\ufffe' || c == '\uffff'
}
