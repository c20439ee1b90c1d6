package pcstext

import (
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
)

// location reads one line below "Location Constraints:": up to 0.11 a resource with
// its constraints below, in 0.12 a constraint, as a sentence.
func (r *reader) location(l *line) {
	kind, value, _ := strings.Cut(l.text, ":")
	value = strings.TrimSpace(value)
	switch {
	case kind == "Resource" && value == "":
		r.unread(l, "pcs does not print the resources of a location constraint with resource sets")
	case kind == "Resource":
		r.locationsOf(l, "rsc", value)
	case kind == "Resource pattern":
		r.locationsOf(l, "rsc-pattern", value)
	default:
		r.locationSentence(l)
	}
}

// locationsOf reads what is below a resource, up to 0.11: where it is enabled or
// disabled, and the constraints with rules.
func (r *reader) locationsOf(l *line, attr, value string) {
	for _, c := range l.below {
		kind, rest, _ := strings.Cut(c.text, ":")
		rest = strings.TrimSpace(rest)
		switch kind {
		case "Enabled on", "Disabled on":
			if rest != "" { // 0.9 and the first 0.10
				r.nodeScore(c, attr, value, rest)
			}
			for _, n := range c.below {
				r.nodeScore(n, attr, value, strings.TrimPrefix(n.text, "Node: "))
			}
		case "Constraint", "Constraint (expired)":
			r.at(c)
			e := etree.NewElement("rsc_location")
			e.CreateAttr(attr, value)
			id, parens, ok := splitParens(rest)
			r.locationOptions(e, c, parens, ok)
			r.each(c, r.rule(e))
			r.addConstraint(e, c, id)
		default:
			r.unread(c, "not a location constraint")
		}
	}
}

// nodeScore reads "node (score:100) (role:Promoted) (id:x)".
func (r *reader) nodeScore(l *line, attr, value, text string) {
	node, parens, ok := splitParens(text)
	id, options := idOf(parens)
	e := etree.NewElement("rsc_location")
	e.CreateAttr(attr, value)
	e.CreateAttr("node", node)
	if node == "" || strings.Contains(node, " ") {
		r.unread(l, "the constraint cannot be read")
		return
	}
	r.locationOptions(e, l, options, ok)
	r.addConstraint(e, l, id)
}

func (r *reader) locationOptions(e *etree.Element, l *line, options []string, ok bool) {
	for _, o := range options {
		name, value := option(o)
		r.attrs(e, l, []pair{{name, value}}, true)
	}
	if !ok {
		r.unread(l, "an option of the constraint cannot be read")
	}
}

// locationSentence reads "[role] resource 'a' prefers node 'n' with score 5 (id: x)",
// "avoids" for a negative score, and "resource pattern 'p' ...". With rules below, only
// the resource is in the sentence.
func (r *reader) locationSentence(l *line) {
	e := etree.NewElement("rsc_location")
	text, id, _ := cutLast(l.text, " (id:")
	role, rest, found := strings.Cut(text, "resource ")
	attr := "rsc"
	if pattern, isPattern := strings.CutPrefix(rest, "pattern "); isPattern {
		attr, rest = "rsc-pattern", pattern
	}
	if role = strings.TrimSpace(role); role != "" {
		e.CreateAttr("role", role)
	}
	for _, verb := range []struct{ word, sign string }{{"' prefers node '", ""}, {"' avoids node '", "-"}} {
		before, after, isIt := cutLast(rest, verb.word)
		if !isIt {
			continue
		}
		node, score, scored := strings.Cut(after, "' with score ")
		found = found && scored
		rest = before + "'"
		e.CreateAttr("node", node)
		e.CreateAttr("score", verb.sign+score)
	}
	e.CreateAttr(attr, name(rest))
	if !found || strings.Contains(role, " ") {
		r.unread(l, "the constraint cannot be read")
		return
	}
	for _, c := range l.below {
		r.below(e, c)
	}
	if e.SelectAttr("node") == nil && e.SelectElement("rule") == nil {
		r.unread(l, "the constraint has neither node nor rule")
		return
	}
	r.addConstraint(e, l, strings.TrimSpace(strings.TrimSuffix(id, ")")))
}

// rule reads a rule and all below it into parent.
func (r *reader) rule(parent *etree.Element) func(*line) {
	return func(l *line) {
		text, isRule := strings.CutPrefix(l.text, "Rule")
		text = strings.TrimPrefix(strings.TrimPrefix(text, " (expired)"), " (not yet in effect)")
		text, colon := strings.CutPrefix(text, ":")
		ps, parens, ok := pairs(text)
		if !isRule || !colon || !ok {
			r.unread(l, "not a rule")
			return
		}
		id, _ := idOf(parens)
		e := cibtext.Add(parent, "rule", "id", r.given(id, parent, "rule"))
		for _, p := range ps {
			switch p.name {
			case "boolean-op", "score", "score-attribute", "role":
				e.CreateAttr(p.name, p.value)
			default:
				r.unread(l, "an option of the rule is not known")
			}
		}
		for _, c := range l.below {
			if strings.HasPrefix(c.text, "Expression:") {
				r.expression(e, c)
			} else {
				r.rule(e)(c)
			}
		}
	}
}

// given is an id that was printed, or one made for a part of parent.
func (r *reader) given(id string, parent *etree.Element, word string) string {
	if id == "" || !r.doc.Claim(id) {
		return r.doc.ID(parent.SelectAttrValue("id", parent.Tag), word)
	}
	return id
}
