package pcstext

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
)

var (
	comparisons = []string{"lt", "gt", "lte", "gte", "eq", "ne"}
	valueTypes  = []string{"string", "integer", "number", "version"}
)

// expression reads one expression of a rule (Pacemaker Explained, "Rules"):
// "a eq b", "defined a", "date gt d", "date in_range a to b", with a duration or a date
// specification on the line below, "op monitor interval=10s" and "resource c:p:t".
func (r *reader) expression(parent *etree.Element, l *line) {
	text := strings.TrimPrefix(l.text, "Expression:")
	text, id, _ := cutLast(text, "(id:")
	text, id = strings.TrimSpace(text), strings.TrimSpace(strings.TrimSuffix(id, ")"))
	e := etree.NewElement("expression")
	w := strings.Fields(text)
	ok := true
	switch {
	case len(w) == 0:
		e.Tag = "date_expression"
		e.CreateAttr("operation", "date_spec")
	case w[0] == "date":
		e.Tag = "date_expression"
		ok = dates(e, w[1:])
	case len(w) == 2 && (w[0] == "defined" || w[0] == "not_defined"):
		e.CreateAttr("operation", w[0])
		e.CreateAttr("attribute", w[1])
	case w[0] == "op" && len(w) > 1 && len(w) < 4 && (len(w) == 2 || strings.HasPrefix(w[2], "interval=")):
		e.Tag = "op_expression"
		e.CreateAttr("name", w[1])
		if len(w) == 3 {
			e.CreateAttr("interval", strings.TrimPrefix(w[2], "interval="))
		}
	case w[0] == "resource" && len(w) == 2 && strings.Count(w[1], ":") == 2:
		e.Tag = "rsc_expression"
		for i, part := range strings.Split(w[1], ":") {
			if part != "" {
				e.CreateAttr([]string{"class", "provider", "type"}[i], part)
			}
		}
	case len(w) > 1 && slices.Contains(comparisons, w[1]):
		compare(e, text)
	default:
		ok = false
	}
	if !ok {
		r.unread(l, "the expression cannot be read, so that the rule says something else")
		return
	}
	e.CreateAttr("id", r.given(id, parent, "expression"))
	parent.AddChild(e)
	for _, c := range l.below {
		r.dateSpec(e, c)
	}
}

// compare reads "attribute operation [type] value"; the value may hold blanks.
func compare(e *etree.Element, text string) {
	attribute, rest, _ := strings.Cut(text, " ")
	operation, value, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	e.CreateAttr("attribute", attribute)
	e.CreateAttr("operation", operation)
	if first, rest, found := strings.Cut(value, " "); found && slices.Contains(valueTypes, first) {
		e.CreateAttr("type", first)
		value = rest
	}
	e.CreateAttr("value", unquote(value))
}

func dates(e *etree.Element, w []string) bool {
	if len(w) == 0 {
		return false
	}
	e.CreateAttr("operation", w[0])
	switch {
	case w[0] == "gt" && len(w) == 2:
		e.CreateAttr("start", w[1])
	case w[0] == "lt" && len(w) == 2:
		e.CreateAttr("end", w[1])
	case w[0] == "in_range":
		to := slices.Index(w, "to")
		switch {
		case to == 2:
			e.CreateAttr("start", w[1])
		case to < 0 && len(w) == 2: // up to 0.11, without a start
			e.CreateAttr("end", w[1])
			return true
		case to != 1:
			return false
		}
		if end := w[to+1:]; len(end) == 1 && end[0] != "duration" {
			e.CreateAttr("end", end[0])
		} else {
			return len(end) == 1 // the duration is below
		}
	default:
		return false
	}
	return true
}

// dateSpec reads "Date Spec: hours=9-16 (id:x)" or "Duration: ...".
func (r *reader) dateSpec(e *etree.Element, l *line) {
	tag := map[string]string{"Date Spec": "date_spec", "Duration": "duration"}
	kind, rest, _ := strings.Cut(l.text, ":")
	ps, parens, ok := pairs(rest)
	if tag[kind] == "" || !ok || slices.ContainsFunc(ps, func(p pair) bool { return !slices.Contains(dateUnits, p.name) }) {
		r.unread(l, "the date cannot be read, so that the rule says something else")
		return
	}
	id, _ := idOf(parens)
	spec := cibtext.Add(e, tag[kind], "id", r.given(id, e, "date"))
	for _, p := range ps {
		spec.CreateAttr(p.name, p.value)
	}
}

var dateUnits = []string{"seconds", "minutes", "hours", "monthdays", "weekdays", "yeardays", "yearsdays", "months", "weeks", "years", "weekyears", "moon", "days"}
