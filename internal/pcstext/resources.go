package pcstext

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
)

// kinds are the words that a resource begins with. What pcs calls a clone can be a
// <master> in the CIB; pcs 0.9 has a word for it.
var kinds = map[string]string{"Resource": "primitive", "Group": "group", "Clone": "clone", "Master": "master", "Bundle": "bundle"}

func isResource(s string) bool {
	kind, rest, found := strings.Cut(s, ": ")
	return found && kinds[kind] != "" && rest != ""
}

// resource reads a resource and all below it into parent.
func (r *reader) resource(parent *etree.Element) func(*line) {
	return func(l *line) {
		if !isResource(l.text) {
			r.unread(l, "not a resource")
			return
		}
		r.at(l)
		kind, rest, _ := strings.Cut(l.text, ": ")
		id, rest, _ := strings.Cut(strings.TrimSpace(rest), " ")
		attrs, ok := resourceAttrs(rest)
		switch {
		case !ok:
			r.unread(l, "the type of the resource cannot be read")
			return
		case !r.doc.Claim(id):
			r.unread(l, "there is something else of that id")
			return
		}
		e := cibtext.Add(parent, kinds[kind], "id", id)
		for _, p := range attrs {
			e.CreateAttr(p.name, p.value)
		}
		if e.Tag == "primitive" && e.SelectAttr("type") == nil && e.SelectAttr("template") == nil {
			r.warn(l, "the type of the resource is not there", "add the part in parentheses: pcs config prints it")
		}
		if e.SelectAttr("template") != nil {
			r.warn(l, "the resource is made from a template, which pcs does not print", "give the CIB instead: cibadmin --query")
		}
		for _, c := range l.below {
			r.part(e, c)
		}
	}
}

// resourceAttrs reads (class=ocf provider=heartbeat type=Dummy).
func resourceAttrs(s string) ([]pair, bool) {
	if s = strings.TrimSpace(s); s == "" {
		return nil, true
	}
	if !strings.HasPrefix(s, "(") || !strings.HasSuffix(s, ")") {
		return nil, false
	}
	ps, parens, ok := pairs(s[1 : len(s)-1])
	for _, p := range ps {
		ok = ok && slices.Contains([]string{"class", "provider", "type", "template", "description"}, p.name)
	}
	return ps, ok && parens == nil
}

// part reads a line that belongs to a resource.
func (r *reader) part(e *etree.Element, l *line) {
	r.at(l)
	heading, rest, _ := strings.Cut(l.text, ":")
	rest = strings.TrimSpace(rest)
	switch heading {
	case "Description":
		e.CreateAttr("description", rest)
	case "Attributes":
		r.set(e, "instance_attributes", l, rest)
	case "Meta Attrs", "Meta Attributes":
		r.set(e, "meta_attributes", l, rest)
	case "Utilization":
		r.set(e, "utilization", l, rest)
	case "Operations":
		r.operations(e, l, rest)
	case "Docker", "Podman", "Rkt", "Network", "Port Mapping", "Storage Mapping":
		if e.Tag != "bundle" {
			r.unread(l, "only a bundle has this")
			return
		}
		r.bundle(e, l, heading, rest)
	default:
		r.resource(e)(l)
	}
}

// set reads pairs into a set of them. Up to 0.10 they are on the line; since 0.11 the
// set's id is there, and the pairs are below.
func (r *reader) set(parent *etree.Element, tag string, l *line, rest string) {
	ps, parens, ok := pairs(rest)
	if !ok && len(strings.Fields(rest)) != 1 || parens != nil {
		r.unread(l, "the options cannot be read")
		return
	}
	id := ""
	if !ok {
		id = rest
	}
	if id == "" || !r.doc.Claim(id) {
		id = r.doc.ID(parent.SelectAttrValue("id", parent.Tag), tag)
	}
	set := cibtext.Add(parent, tag, "id", id)
	for _, p := range ps {
		r.doc.Pair(set, p.name, p.value)
	}
	for _, c := range l.below {
		p, ok := onePair(c.text)
		if !ok {
			r.unread(c, "not an option with a value")
			continue
		}
		r.at(c)
		r.doc.Pair(set, p.name, p.value)
	}
}

// operationAttrs are the options of an operation that are attributes of it; others are
// parameters for the agent.
var operationAttrs = []string{"interval", "start-delay", "interval-origin", "timeout", "enabled", "record-pending", "role", "on-fail", "description"}

// operations reads "monitor interval=10s (id)", the first on the line itself, as pcs
// up to 0.10 prints; or since 0.11, "monitor: id" with the options below.
func (r *reader) operations(parent *etree.Element, l *line, rest string) {
	ops := l.below
	if rest != "" {
		ops = append([]*line{{text: rest, number: l.number, indent: l.indent + len(l.text) - len(rest)}}, ops...)
	}
	all := parent.SelectElement("operations")
	if all == nil {
		all = cibtext.Add(parent, "operations")
	}
	for _, o := range ops {
		r.at(o)
		name, rest, _ := strings.Cut(o.text, " ")
		id, text := "", rest
		if plain, isNew := strings.CutSuffix(name, ":"); isNew {
			name, id, text = plain, rest, ""
			for _, c := range o.below {
				text += " " + c.text
			}
		}
		ps, parens, ok := pairs(text)
		if !ok || name == "" || len(parens) > 1 {
			r.unread(o, "the operation cannot be read")
			continue
		}
		if len(parens) == 1 {
			id = parens[0]
		}
		r.operation(all, name, id, ps)
	}
}

func (r *reader) operation(all *etree.Element, name, id string, ps []pair) {
	interval := "0s"
	if i := slices.IndexFunc(ps, func(p pair) bool { return p.name == "interval" }); i >= 0 {
		interval = ps[i].value
	}
	if id == "" || !r.doc.Claim(id) {
		id = r.doc.ID(all.Parent().SelectAttrValue("id", ""), name, interval)
	}
	op := cibtext.Add(all, "op", "id", id, "name", name, "interval", interval)
	var set *etree.Element
	for _, p := range ps {
		if slices.Contains(operationAttrs, p.name) {
			op.CreateAttr(p.name, p.value)
			continue
		}
		if set == nil {
			set = cibtext.Add(op, "instance_attributes", "id", r.doc.ID(id, "instance_attributes"))
		}
		r.doc.Pair(set, p.name, p.value)
	}
}
