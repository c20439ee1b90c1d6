package main

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/oneha/oneha/internal/preview"
)

// row is one line of the table of failures, of one outcome or of several that
// differ only in what fails.
type row struct {
	preview.Outcome
	kind     string
	subjects []string
}

// together makes rows of outcomes: "gate or flow fails" is said once.
func together(outcomes []preview.Outcome) (rows []row) {
	for _, o := range outcomes {
		kind, subject, _ := strings.Cut(o.Failure, ":")
		same := slices.IndexFunc(rows, func(r row) bool { return r.kind == kind && alike(r, o, subject) })
		if same < 0 {
			rows = append(rows, row{o, kind, []string{subject}})
			continue
		}
		r := &rows[same]
		if r.Words != o.Words {
			r.Words = renamed(r.Words, r.subjects[0])
		}
		r.Why = renamed(r.Why, r.subjects[0])
		r.subjects = append(r.subjects, subject)
	}
	for i, r := range rows {
		if n := len(r.subjects); n > 1 {
			rows[i].Title = strings.Join(r.subjects[:n-1], ", ") + " or " + r.subjects[n-1] + strings.TrimPrefix(r.Title, r.subjects[0])
		}
	}
	return rows
}

// alike reports whether an outcome is that of a row, the name of what fails aside.
func alike(r row, o preview.Outcome, subject string) bool {
	first := r.subjects[0]
	return subject != "" && r.Blocked == o.Blocked && len(r.Stopped) == len(o.Stopped) &&
		people(r.Seconds.Typical) == people(o.Seconds.Typical) && people(r.Seconds.Worst) == people(o.Seconds.Worst) &&
		strings.HasPrefix(r.Title, first+" ") && strings.TrimPrefix(r.Title, first) == strings.TrimPrefix(o.Title, subject) &&
		(r.Words == o.Words || renamed(r.Words, first) == renamed(o.Words, subject)) && renamed(r.Why, first) == renamed(o.Why, subject)
}

// renamed says "it" for a name.
func renamed(text, name string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		bare := strings.TrimRightFunc(w, unicode.IsPunct)
		if bare == name {
			words[i] = "it" + w[len(bare):]
		}
	}
	return strings.Join(words, " ")
}

// sorted are the keys of a map.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
