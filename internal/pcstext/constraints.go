package pcstext

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
)

// constraintAttrs are the attributes of a constraint besides what its sentence says.
var constraintAttrs = map[string][]string{
	"rsc_location":   {"score", "role", "resource-discovery", "node"},
	"rsc_order":      {"score", "kind", "symmetrical", "require-all", "first-instance", "then-instance"},
	"rsc_colocation": {"score", "rsc-role", "with-rsc-role", "node-attribute", "influence", "rsc-instance", "with-rsc-instance"},
	"rsc_ticket":     {"ticket", "loss-policy", "rsc-role"},
	"resource_set":   {"sequential", "require-all", "ordering", "action", "role", "score", "kind"},
}

// sentence reads what a constraint of a kind says about its resources into e.
type sentence func(e *etree.Element, words []string) bool

// constraint reads orders, colocations and tickets: up to 0.11 all on one line, with
// those with resource sets below their own heading; since 0.12 the options are below.
func (r *reader) constraint(tag string, read sentence) func(*line) {
	return func(l *line) {
		if l.text == "Resource Sets:" {
			r.each(l, func(c *line) { r.setsOnOneLine(tag, c) })
			return
		}
		head, parens, ok := splitParens(l.text)
		id, options := idOf(parens)
		words := words(head)
		e := etree.NewElement(tag)
		if !ok || !read(e, words) {
			r.unread(l, "the constraint cannot be read")
			return
		}
		for _, o := range options {
			name, value := option(o)
			switch {
			case o == "non-symmetrical":
				e.CreateAttr("symmetrical", "false")
			case name == "Options":
				ps, _, ok := pairs(value)
				r.attrs(e, l, ps, ok)
			case name == "kind" && value == "Mandatory": // printed, too, where nothing is said
			default:
				r.attrs(e, l, []pair{{name, value}}, true)
			}
		}
		for _, c := range l.below {
			r.below(e, c)
		}
		r.addConstraint(e, l, id)
	}
}

// below reads a line below a constraint: its options, or the rules that limit it.
func (r *reader) below(e *etree.Element, l *line) {
	switch l.text {
	case "Rules:":
		r.each(l, r.rule(e))
	case "Lifetime:":
		r.each(l, r.rule(cibtext.Add(e, "lifetime")))
	default:
		ps, parens, ok := pairs(l.text)
		r.attrs(e, l, ps, ok && parens == nil)
	}
}

// attrs adds options that a constraint or a set can have.
func (r *reader) attrs(e *etree.Element, l *line, ps []pair, ok bool) {
	if !ok || slices.ContainsFunc(ps, func(p pair) bool { return !slices.Contains(constraintAttrs[e.Tag], p.name) }) {
		r.unread(l, "an option of the constraint is not known")
		return
	}
	for _, p := range ps {
		e.CreateAttr(p.name, p.value)
	}
}

// addConstraint puts a constraint into the CIB; pcs prints ids with --full, as pcs
// config does.
func (r *reader) addConstraint(e *etree.Element, l *line, id string) {
	r.at(l)
	switch {
	case id == "":
		id = r.doc.ID(e.Tag)
	case !r.doc.Claim(id):
		r.unread(l, "there is something else of that id")
		return
	}
	e.CreateAttr("id", id)
	r.doc.Section("constraints").AddChild(e)
}

// words splits a sentence; the words of 0.12 that only make it readable are left out,
// and its quotes.
func words(s string) []string {
	all := strings.Fields(s)
	return slices.DeleteFunc(all, func(w string) bool { return w == "resource" })
}

// name takes the quotes from a name that 0.12 puts there.
func name(w string) string {
	if len(w) > 1 && w[0] == '\'' && w[len(w)-1] == '\'' {
		return w[1 : len(w)-1]
	}
	return w
}

// half reads "[role] resource", as attributes of the two names.
func half(e *etree.Element, words []string, rsc, role string) bool {
	switch len(words) {
	case 2:
		e.CreateAttr(role, words[0])
	case 1:
	default:
		return false
	}
	e.CreateAttr(rsc, name(words[len(words)-1]))
	return true
}

// order reads "[action] a then [action] b".
func (r *reader) order(e *etree.Element, words []string) bool {
	i := slices.Index(words, "then")
	return i > 0 && half(e, words[:i], "first", "first-action") && half(e, words[i+1:], "then", "then-action")
}

// colocation reads "[role] a with [role] b".
func (r *reader) colocation(e *etree.Element, words []string) bool {
	i := slices.Index(words, "with")
	return i > 0 && half(e, words[:i], "rsc", "rsc-role") && half(e, words[i+1:], "with-rsc", "with-rsc-role")
}

// ticket reads "[role] a name=value ..." or "[role] a depends on ticket t".
func (r *reader) ticket(e *etree.Element, words []string) bool {
	if i := slices.Index(words, "depends"); i > 0 && len(words) == i+4 {
		e.CreateAttr("ticket", name(words[i+3]))
		return half(e, words[:i], "rsc", "rsc-role")
	}
	i := slices.IndexFunc(words, func(w string) bool { return strings.Contains(w, "=") })
	if i < 0 || !half(e, words[:i], "rsc", "rsc-role") {
		return false
	}
	for _, w := range words[i:] {
		k, v, _ := strings.Cut(w, "=")
		if !slices.Contains(constraintAttrs[e.Tag], k) {
			return false
		}
		e.CreateAttr(k, v)
	}
	return e.SelectAttr("ticket") != nil
}
