package cib

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// Facts is what a CIB configures, one sorted line per fact. Two CIBs whose facts
// are equal configure the same cluster.
type Facts []string

// Canonical reads the facts out of a CIB. What tools choose freely is gone from
// them: ids that nothing refers to, the order of name-value pairs and operations
// and of resources in a set without sequence, the spelling of durations, scores and
// booleans, attributes that repeat Pacemaker's default, empty sets, comments. So are the
// versions of the CIB, its status, bare nodes, and the properties that Pacemaker
// writes itself. Everything else is a fact, whether this package knows it or not.
func Canonical(cib []byte) (Facts, error) {
	r, err := read(cib)
	if err != nil {
		return nil, err
	}
	var fs Facts
	for _, f := range r {
		fs = append(fs, f.text)
	}
	return fs, nil
}

// fact is one line of Facts, and what it was read from.
type fact struct {
	text  string
	thing Thing
	path  string         // leads to what it is about: "group frontend primitive vip "
	of    string         // id of the resource that says it; the section of a default
	name  string         // of an option
	value string         // of an option as it is written; the ids of resources in their order
	again int            // how many options of that name came before
	e     *etree.Element // what it says when it is no option
}

// reading is a CIB's facts, sorted by text.
type reading []fact

func read(cib []byte) (reading, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(cib); err != nil {
		return nil, fmt.Errorf("parse CIB: %w", err)
	}
	root := doc.Root()
	if root == nil || root.Tag != "cib" {
		return nil, errors.New("parse CIB: the root element is not <cib>")
	}
	config := root.SelectElement("configuration")
	if config == nil {
		return nil, errors.New("parse CIB: <cib> has no <configuration>")
	}
	var r reading
	for _, section := range config.ChildElements() {
		switch section.Tag {
		case "crm_config":
			r.options(fact{thing: ThingProperty, path: "property "}, section)
		case "rsc_defaults", "op_defaults":
			r.options(fact{thing: ThingDefault, path: section.Tag + " ", of: section.Tag}, section)
		case "nodes":
			r.nodes(section)
		case "resources":
			r.resources(fact{}, section)
		default: // constraints, and everything that is rarer
			for _, e := range section.ChildElements() {
				r.add(fact{thing: thingOf(e), e: e})
			}
		}
	}
	slices.SortStableFunc(r, func(a, b fact) int { return strings.Compare(a.text, b.text) })
	return r, nil
}

// thingOf tells constraints and fencing levels from other elements.
func thingOf(e *etree.Element) Thing {
	switch e.Tag {
	case "rsc_order":
		return ThingOrder
	case "rsc_colocation":
		return ThingColocation
	case "rsc_location":
		return ThingLocation
	case "fencing-level":
		return ThingLevel
	}
	return ThingOther
}

// Diff returns what differs between two configurations, one line per fact: "-" and
// what only f says, "+" and what only other says. It is empty when they are equal.
func (f Facts) Diff(other Facts) string {
	var b strings.Builder
	for i, j := 0, 0; i < len(f) || j < len(other); {
		switch {
		case j == len(other) || i < len(f) && f[i] < other[j]:
			fmt.Fprintf(&b, "- %s\n", f[i])
			i++
		case i == len(f) || f[i] > other[j]:
			fmt.Fprintf(&b, "+ %s\n", other[j])
			j++
		default:
			i, j = i+1, j+1
		}
	}
	return b.String()
}

// add keeps a fact. The text of one with an element is that element's unless it has
// one.
func (r *reading) add(f fact) {
	if f.text == "" {
		f.text = f.path + inline(f.e)
	}
	*r = append(*r, f)
}

// detected are the properties that Pacemaker writes into the CIB by itself.
var detected = []string{"cluster-infrastructure", "cluster-name", "dc-version", "have-watchdog", "last-lrm-refresh"}

// IsDetected reports whether Pacemaker writes a cluster property by itself.
func IsDetected(property string) bool { return slices.Contains(detected, property) }

// options adds the sets of name-value pairs below e as facts of their owner. When a
// name comes again the first value counts in Pacemaker, so a later one is numbered.
func (r *reading) options(owner fact, e *etree.Element) {
	seen := map[string]int{}
	for _, set := range e.ChildElements() {
		if !isPlainSet(set) {
			r.add(fact{thing: ThingOther, path: owner.path, of: owner.of, e: set})
			continue
		}
		for _, nv := range set.ChildElements() {
			f := owner
			f.name, f.value = nv.SelectAttrValue("name", ""), nv.SelectAttrValue("value", "")
			if owner.thing == ThingProperty && slices.Contains(detected, f.name) {
				continue
			}
			again := ""
			f.again = seen[set.Tag+" "+f.name]
			if seen[set.Tag+" "+f.name]++; f.again > 0 {
				again = fmt.Sprintf(" (given %d times)", f.again+1)
			}
			if owner.thing == "" {
				f.thing = thingOfSet(set)
			}
			f.text = fmt.Sprintf("%s%s %s=%q%s", owner.path, kindOfSet(set), f.name, normalOption(set.Tag, f.name, f.value), again)
			r.add(f)
		}
	}
}

// thingOfSet says what the pairs of a resource's set are.
func thingOfSet(set *etree.Element) Thing {
	switch set.Tag {
	case "instance_attributes":
		return ThingParameter
	case "meta_attributes":
		return ThingMeta
	}
	return ThingOther
}

// isPlainSet reports whether a set holds nothing but pairs of a name and a value:
// no rule, no score, no reference to another set.
func isPlainSet(set *etree.Element) bool {
	if !isOptionSet(set.Tag) || len(normalAttrs(set)) > 0 {
		return false
	}
	for _, nv := range set.ChildElements() {
		attrs := normalAttrs(nv)
		if nv.Tag != "nvpair" || len(attrs) != 2 || nv.SelectAttr("name") == nil || nv.SelectAttr("value") == nil || len(nv.ChildElements()) > 0 {
			return false
		}
	}
	return true
}

// isEmptySet reports whether a set says nothing: crm_attribute leaves one behind
// when it deletes the last pair.
func isEmptySet(set *etree.Element) bool {
	return isPlainSet(set) && len(set.ChildElements()) == 0
}

func isOptionSet(tag string) bool {
	return tag == "cluster_property_set" || tag == "instance_attributes" || tag == "meta_attributes" || tag == "utilization"
}

// kindOfSet names what a set holds.
func kindOfSet(set *etree.Element) string {
	switch set.Tag {
	case "instance_attributes":
		return "param"
	case "meta_attributes":
		return "meta"
	case "cluster_property_set":
		return "option"
	default:
		return set.Tag
	}
}

// nodes adds what is configured for nodes. A bare node says only that the cluster
// has met it.
func (r *reading) nodes(section *etree.Element) {
	for _, n := range section.ChildElements() {
		says := slices.ContainsFunc(n.ChildElements(), func(c *etree.Element) bool { return !isEmptySet(c) })
		if n.Tag != "node" || says || n.SelectAttrValue("type", "member") != "member" {
			r.add(fact{thing: ThingNode, e: n})
		}
	}
}

// resources adds everything that is configured below e, which belongs to a parent,
// and the order of the resources there: the members of a group start in it, and
// others are placed in it.
func (r *reading) resources(parent fact, e *etree.Element) {
	r.options(parent, optionSets(e))
	var order []string
	for _, c := range e.ChildElements() {
		switch {
		case isOptionSet(c.Tag):
		case isResource(c.Tag):
			id := c.SelectAttrValue("id", "")
			order = append(order, id)
			below := fact{path: parent.path + c.Tag + " " + id + " ", of: id}
			r.add(fact{thing: ThingResource, path: below.path, of: id, text: below.path + strings.Join(normalAttrs(c), " "), e: c})
			r.resources(below, c)
		case c.Tag == "operations" && len(normalAttrs(c)) == 0:
			for _, op := range c.ChildElements() {
				r.add(fact{thing: ThingOperation, path: parent.path, of: parent.of, e: op})
			}
		default:
			r.add(fact{thing: ThingOther, path: parent.path, of: parent.of, e: c})
		}
	}
	if len(order) > 0 {
		list := strings.Join(order, " ")
		r.add(fact{thing: ThingGroup, path: parent.path, of: parent.of, value: list, text: parent.path + "resources " + list})
	}
}

func isResource(tag string) bool {
	switch tag {
	case "primitive", "group", "clone", "master", "bundle", "template":
		return true
	}
	return false
}

// optionSets returns an element that holds copies of e's sets of pairs only.
func optionSets(e *etree.Element) *etree.Element {
	sets := etree.NewElement(e.Tag)
	for _, c := range e.ChildElements() {
		if isOptionSet(c.Tag) {
			sets.AddChild(c.Copy())
		}
	}
	return sets
}

// inline writes an element and everything below it on one line.
func inline(e *etree.Element) string {
	var b strings.Builder
	b.WriteString(e.Tag)
	for _, a := range normalAttrs(e) {
		b.WriteString(" " + a)
	}
	for _, t := range e.Child {
		if text, ok := t.(*etree.CharData); ok && !text.IsWhitespace() {
			fmt.Fprintf(&b, " %q", strings.TrimSpace(text.Data))
		}
	}
	var children []string
	for _, c := range inOrder(e) {
		if !isEmptySet(c) {
			children = append(children, inline(c))
		}
	}
	if len(children) > 0 {
		b.WriteString(" { " + strings.Join(children, "; ") + " }")
	}
	return b.String()
}

// inOrder returns the children of an element, sorted where their order means
// nothing.
func inOrder(e *etree.Element) []*etree.Element {
	by := ""
	switch {
	case isPlainSet(e):
		by = "name" // pairs of one name keep their order: the first counts
	case e.Tag == "resource_set" && normalBool(e.SelectAttrValue("sequential", "true")) == "false":
		by = "id"
	default:
		return e.ChildElements()
	}
	return slices.SortedStableFunc(slices.Values(e.ChildElements()), func(a, b *etree.Element) int {
		return strings.Compare(a.SelectAttrValue(by, ""), b.SelectAttrValue(by, ""))
	})
}
