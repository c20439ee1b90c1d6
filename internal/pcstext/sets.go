package pcstext

import (
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
)

// setsOnOneLine reads a constraint with resource sets as pcs up to 0.11 prints it:
// "set a b sequential=false (id:s) set c (id:t) setoptions score=5 (id:x)".
func (r *reader) setsOnOneLine(tag string, l *line) {
	e := etree.NewElement(tag)
	var set *etree.Element // nil before the first, and after setoptions
	id, ok := "", true
	for _, w := range strings.Fields(l.text) {
		name, value, isOption := strings.Cut(w, "=")
		switch {
		case w == "set":
			set = cibtext.Add(e, "resource_set")
		case w == "setoptions":
			set = nil
		case strings.HasPrefix(w, "(id:"):
			if value := strings.TrimSuffix(w[len("(id:"):], ")"); set != nil && set.SelectAttr("id") == nil {
				set.CreateAttr("id", value)
			} else {
				id = value
			}
		case isOption && set != nil:
			r.attrs(set, l, []pair{{name, value}}, true)
		case isOption:
			r.attrs(e, l, []pair{{name, value}}, true)
		case set != nil:
			cibtext.Add(set, "resource_ref", "id", w)
		default:
			ok = false
		}
	}
	if !ok || len(e.ChildElements()) == 0 {
		r.unread(l, "the resource sets cannot be read")
		return
	}
	r.addSets(e, l, id)
}

// constraintOfSets reads a constraint with resource sets as pcs 0.12 prints it, on
// many lines.
func (r *reader) constraintOfSets(tag string) func(*line) {
	return func(l *line) {
		id, found := strings.CutPrefix(l.text, "Set Constraint:")
		if !found {
			r.unread(l, "not a constraint with resource sets")
			return
		}
		e := etree.NewElement(tag)
		for _, c := range l.below {
			set, found := strings.CutPrefix(c.text, "Resource Set:")
			if !found {
				r.below(e, c)
				continue
			}
			r.resourceSet(cibtext.Add(e, "resource_set", "id", strings.TrimSpace(set)), c)
		}
		if len(e.SelectElements("resource_set")) == 0 {
			r.unread(l, "the resource sets cannot be read")
			return
		}
		if tag == "rsc_location" && e.SelectElement("rule") == nil {
			r.unread(l, "pcs 0.12 prints neither node nor score of a location constraint with resource sets")
			return
		}
		r.addSets(e, l, strings.TrimSpace(id))
	}
}

// resourceSet reads the lines of one set. pcs 0.12 sorts the resources, so that the
// order of those in a sequence is not known.
func (r *reader) resourceSet(set *etree.Element, l *line) {
	for _, c := range l.below {
		list, found := strings.CutPrefix(c.text, "Resources:")
		if !found {
			ps, parens, ok := pairs(c.text)
			r.attrs(set, c, ps, ok && parens == nil)
			continue
		}
		for w := range strings.SplitSeq(list, ",") {
			cibtext.Add(set, "resource_ref", "id", name(strings.TrimSpace(w)))
		}
	}
	if sequential := set.SelectAttrValue("sequential", "1"); len(set.ChildElements()) > 1 && (sequential == "1" || sequential == "true") {
		r.warn(l, "pcs 0.12 prints the resources of a set by name, not in their order", "compare the order with that of the CIB: cibadmin --query --scope constraints")
	}
}

func (r *reader) addSets(e *etree.Element, l *line, id string) {
	if id == "" {
		id = r.doc.ID(e.Tag)
		r.doc.Release(id)
	}
	for _, set := range e.SelectElements("resource_set") {
		if own := set.SelectAttrValue("id", ""); own == "" || !r.doc.Claim(own) {
			set.CreateAttr("id", r.doc.ID(id, "set"))
		}
	}
	r.addConstraint(e, l, id)
}
