package pcstext

import (
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
)

// nodeNames reads the names of nodes. Their numbers are not printed: here they are
// counted, which nothing may rely on.
func (r *reader) nodeNames(l *line, kind string) {
	for _, c := range l.below {
		r.at(c)
		for _, n := range strings.Fields(c.text) {
			r.node(n, kind)
		}
	}
}

func (r *reader) node(name, kind string) *etree.Element {
	section := r.doc.Section("nodes")
	if r.nodes[name] == nil {
		id := strconv.Itoa(len(r.nodes) + 1)
		if kind == "remote" {
			id = name
		}
		r.doc.Mark(id)
		r.nodes[name] = cibtext.Add(section, "node", "id", id, "type", kind, "uname", name)
	}
	return r.nodes[name]
}

// nodeSet reads " node: name=value ...", which pcs node attribute prints.
func (r *reader) nodeSet(tag string) func(*line) {
	return func(l *line) {
		node, rest, found := strings.Cut(l.text, ":")
		if !found || strings.Contains(node, " ") {
			r.unread(l, "not a node")
			return
		}
		r.set(r.node(node, ""), tag, l, strings.TrimSpace(rest))
	}
}

// target reads the levels of a target: up to 0.11 only the text tells whether it is a
// node, a pattern or an attribute, because no name of a node holds such characters.
func (r *reader) target(l *line) {
	kind, target, _ := strings.Cut(l.text, ":")
	target = strings.TrimSpace(target)
	attrs := []string{"target", target}
	name, value, pair := strings.Cut(target, "=")
	switch {
	case kind == "Target (regexp)", kind == "Target" && strings.ContainsAny(target, `[]*+?^$|\{}`):
		attrs[0] = "target-pattern"
	case kind == "Target (attribute)" && pair, kind == "Target" && pair:
		attrs = []string{"target-attribute", name, "target-value", value}
	case kind != "Target" && kind != "Target (node)":
		r.unread(l, "not the target of a fencing level")
		return
	}
	for _, c := range l.below {
		r.at(c)
		w := strings.Fields(strings.NewReplacer(",", " ", ":", " ", " - ", " ").Replace(c.text))
		if len(w) < 3 || w[0] != "Level" {
			r.unread(c, "not a fencing level")
			continue
		}
		cibtext.Add(r.doc.Section("fencing-topology"), "fencing-level",
			append(attrs, "id", r.doc.ID("fl", target, w[1]), "index", w[1], "devices", strings.Join(w[2:], ","))...)
	}
}

// alert reads an alert agent or, below one, a recipient.
func (r *reader) alert(l *line) { r.alertPart(r.doc.Section("alerts"), "Alert", "path", l) }

func (r *reader) alertPart(parent *etree.Element, kind, attr string, l *line) {
	r.at(l)
	id, rest, found := strings.Cut(strings.TrimPrefix(l.text, kind+": "), " ("+attr+"=")
	if !found || !strings.HasPrefix(l.text, kind+": ") || !strings.HasSuffix(rest, ")") || !r.doc.Claim(id) {
		r.unread(l, "not an alert or a recipient")
		return
	}
	e := cibtext.Add(parent, strings.ToLower(kind), "id", id)
	e.CreateAttr(attr, strings.TrimSuffix(rest, ")"))
	for _, c := range l.below {
		r.at(c)
		heading, rest, _ := strings.Cut(c.text, ":")
		rest = strings.TrimSpace(rest)
		switch {
		case heading == "Description":
			e.CreateAttr("description", rest)
		case heading == "Options" || heading == "Attributes":
			r.set(e, "instance_attributes", c, rest)
		case heading == "Meta options" || heading == "Meta Attributes":
			r.set(e, "meta_attributes", c, rest)
		case heading == "Recipients" && kind == "Alert":
			for _, l := range c.below {
				r.alertPart(e, "Recipient", "value", l)
			}
		default:
			r.unread(c, "not a part of an alert")
		}
	}
}

// defaults reads the defaults of resources or operations: sets with an id, a score and
// rules, or up to the first 0.10, bare "name: value" or "name=value".
func (r *reader) defaults(l *line, tag string) {
	var plain *etree.Element
	for _, c := range l.below {
		if strings.HasPrefix(c.text, "No defaults set") {
			continue
		}
		r.at(c)
		if strings.HasPrefix(c.text, "Meta Attrs") {
			r.defaultSet(c, tag)
			continue
		}
		p, ok := onePair(c.text)
		if name, value, found := strings.Cut(c.text, ": "); !ok && found && !strings.Contains(name, " ") {
			p, ok = pair{name, value}, true
		}
		if !ok {
			r.unread(c, "not a default")
			continue
		}
		if plain == nil {
			plain = cibtext.Add(r.doc.Section(tag), "meta_attributes", "id", r.doc.ID(tag, "options"))
		}
		r.doc.Pair(plain, p.name, p.value)
	}
}

func (r *reader) defaultSet(l *line, tag string) {
	_, rest, _ := strings.Cut(l.text, ":")
	id, options, _ := strings.Cut(strings.TrimSpace(rest), " ")
	ps, _, ok := pairs(options)
	set := cibtext.Add(r.doc.Section(tag), "meta_attributes", "id", r.given(id, r.doc.Section(tag), "options"))
	for _, p := range ps {
		if ok = ok && p.name == "score"; ok {
			set.CreateAttr("score", p.value)
		}
	}
	if !ok {
		r.warn(l, "an option of this set of defaults is not known", "see what the line says, and configure it by hand")
	}
	isRule := func(c *line) bool { return strings.HasPrefix(c.text, "Rule:") || strings.HasPrefix(c.text, "Rule (") }
	for _, c := range l.below { // in the CIB a rule stands before the pairs
		if isRule(c) {
			r.rule(set)(c)
		}
	}
	for _, c := range l.below {
		r.at(c)
		if p, ok := onePair(c.text); ok && !isRule(c) {
			r.doc.Pair(set, p.name, p.value)
		} else if !isRule(c) {
			r.unread(c, "not a default")
		}
	}
}

// properties reads " name: value" or, in 0.12, with the set's id in the heading,
// " name=value".
func (r *reader) properties(l *line, id string) {
	if id != "" || r.props == nil {
		if id == "" {
			id = "cib-bootstrap-options"
		}
		r.props = cibtext.Add(r.doc.Section("crm_config"), "cluster_property_set", "id", r.given(id, r.doc.Section("crm_config"), "set"))
	}
	for _, c := range l.below {
		r.at(c)
		name, value, colon := strings.Cut(c.text, ": ")
		if plain, ends := strings.CutSuffix(c.text, ":"); ends && !colon {
			name, value, colon = plain, "", true
		}
		if colon && !strings.ContainsAny(name, " =") {
			r.property(name, value)
			continue
		}
		p, ok := onePair(c.text)
		if !ok {
			r.unread(c, "not a property with a value")
			continue
		}
		r.property(p.name, p.value)
	}
}

func (r *reader) property(name, value string) {
	if r.props == nil {
		r.props = cibtext.Add(r.doc.Section("crm_config"), "cluster_property_set", "id", r.doc.ID("cib-bootstrap-options"))
	}
	r.clusterNamed = r.clusterNamed || name == "cluster-name"
	r.doc.Pair(r.props, name, value)
}

// tag reads a tag with what has it below.
func (r *reader) tag(l *line) {
	if len(l.below) == 0 || strings.Contains(l.text, " ") || !r.doc.Claim(l.text) {
		r.unread(l, "not a tag")
		return
	}
	e := cibtext.Add(r.doc.Section("tags"), "tag", "id", l.text)
	for _, c := range l.below {
		for _, id := range strings.Fields(c.text) {
			cibtext.Add(e, "obj_ref", "id", id)
		}
	}
}
