package adopt

import (
	"bytes"
	"fmt"
	"maps"
	"strings"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
)

// Description is the description as a file: gaps are comments where their keys belong,
// and the leftovers are comments at its end.
func (a Adoption) Description(from string) []byte {
	comments := maps.Clone(a.Comments)
	if comments == nil {
		comments = spec.Comments{}
	}
	head := "Imported by oneha from " + from + "."
	switch {
	case !a.FrontEnd:
		head += "\nNo front-end of OpenNebula's: nothing in it runs oned. This is a draft."
	case len(a.Errors) > 0:
		head += fmt.Sprintf("\nIncomplete: %s. Fill in what is marked MISSING.", diag.Count(len(a.Errors), "error"))
	}
	comments[""] = head
	var b bytes.Buffer
	b.Write(spec.Format(a.Cluster, comments))
	groups := []struct {
		kind  Kind
		title string
	}{
		{Lost, "What the cluster has and this description does not say; applying it changes that:"},
		{Added, "What this description says in addition; applying it makes that:"},
		{Renamed, "What has another name here:"},
		{Kept, "What raw: {xml: ...} says as the cluster has it:"},
	}
	for _, g := range groups {
		title := "\n# " + g.title + "\n"
		for _, l := range a.Leftovers {
			if l.Kind == g.kind {
				fmt.Fprintf(&b, "%s# - %s\n", title, oneLine(l.What))
				title = ""
			}
		}
	}
	return b.Bytes()
}

// Findings are the errors of the description and its leftovers, which are warnings.
func (a Adoption) Findings() (all diag.Findings) {
	all = append(all, a.Errors...)
	for _, l := range a.Leftovers {
		f := diag.Finding{File: l.File, Line: l.Line, Column: l.Column, Severity: diag.Warning, What: oneLine(l.What), Fix: oneLine(l.Why)}
		all = append(all, f)
	}
	return all
}

// oneLine keeps a text on one line, whatever a CIB holds.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c >= 0x80 && c < 0xa0 || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s, "?"))
}
