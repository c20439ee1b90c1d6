// Package diag is the form in which oneha tells a person what is wrong: a
// finding says what, where (file, line, column) and how to mend it.
package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity orders findings; errors stop a command, warnings do not.
type Severity string

const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Finding is one thing that is wrong, at one place.
type Finding struct {
	ID       string   `json:"id,omitempty"` // of the rule that found it, such as F03; "" for a mistake in the form
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`   // from 1; 0 when there is no place
	Column   int      `json:"column,omitempty"` // from 1, in characters
	Severity Severity `json:"severity"`
	What     string   `json:"what"` // one line
	Fix      string   `json:"fix"`  // one line: what to do
}

// String renders a finding as "file:line:column: severity: what" and the fix on
// the same line, the form editors and CI systems parse.
func (f Finding) String() string {
	where := f.File
	if f.Line > 0 {
		where = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	s := fmt.Sprintf("%s: %s: %s", where, f.Label(), f.What)
	if f.Fix != "" {
		s += "; " + f.Fix
	}
	return s
}

// Label is the severity with the rule's id, if there is one: "error F03".
func (f Finding) Label() string {
	if f.ID == "" {
		return string(f.Severity)
	}
	return string(f.Severity) + " " + f.ID
}

// Findings is a report in the order of the file.
type Findings []Finding

// Sort orders findings by place, then by rule and text, so that a report is stable.
func (fs Findings) Sort() {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.ID, b.ID), cmp.Compare(a.What, b.What))
	})
}

// HasErrors reports whether any finding is an error.
func (fs Findings) HasErrors() bool {
	return slices.ContainsFunc(fs, func(f Finding) bool { return f.Severity == Error })
}
