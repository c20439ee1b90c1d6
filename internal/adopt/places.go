package adopt

import (
	"slices"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/cibtext"
)

// resourceTags are the elements that are resources, or what they are made from.
var resourceTags = []string{"primitive", "group", "clone", "master", "bundle", "template"}

// byID is the resource of an id.
func (g *given) byID(id string) (found *etree.Element) {
	for _, s := range g.config.SelectElements("resources") {
		walk(s, func(e *etree.Element) {
			if found == nil && e.SelectAttrValue("id", "") == id && slices.Contains(resourceTags, e.Tag) {
				found = e
			}
		})
	}
	return found
}

// place is where stands what a change is about, as exactly as that is known.
func (g *given) place(ch cib.Change, facts []string) cibtext.Place {
	switch ch.Thing {
	case cib.ThingProperty:
		return g.placeOfPair(g.section("crm_config"), ch.Name)
	case cib.ThingDefault:
		return g.placeOfPair(g.section(ch.Of), ch.Name)
	case cib.ThingResource, cib.ThingGroup:
		return g.at[ch.Name]
	case cib.ThingParameter, cib.ThingMeta:
		if e := g.byID(ch.Of); e != nil {
			if at := g.placeOfPair([]*etree.Element{e}, ch.Name); at.Line > 0 {
				return at
			}
		}
		return g.at[ch.Of]
	case cib.ThingOperation:
		if e := g.byID(ch.Of); e != nil {
			for _, op := range e.FindElements("operations/op") {
				if slices.Contains(facts, "primitive "+ch.Of+" "+alone("crm_config", op)) {
					return g.at[op.SelectAttrValue("id", "")]
				}
			}
		}
		return g.at[ch.Of]
	}
	for _, f := range facts {
		if id, known := g.elements()[f]; known {
			return g.at[id]
		}
	}
	return g.at[ch.Of]
}

// elements are the ids of the elements outside of resources that are one fact each.
func (g *given) elements() map[string]string {
	if g.ids != nil {
		return g.ids
	}
	g.ids = map[string]string{}
	for _, s := range g.config.ChildElements() {
		for _, e := range s.ChildElements() {
			if s.Tag != "resources" {
				g.ids[alone(s.Tag, e)] = e.SelectAttrValue("id", "")
			}
		}
	}
	return g.ids
}

// placeOfPair is where the first pair of a name stands below some elements, but not in
// a resource within them.
func (g *given) placeOfPair(below []*etree.Element, name string) (at cibtext.Place) {
	var look func(e *etree.Element)
	look = func(e *etree.Element) {
		if e.Tag == "nvpair" && e.SelectAttrValue("name", "") == name && at.Line == 0 {
			at = g.at[e.SelectAttrValue("id", "")]
		}
		for _, c := range e.ChildElements() {
			if !slices.Contains(resourceTags, c.Tag) && c.Tag != "operations" {
				look(c)
			}
		}
	}
	for _, e := range below {
		look(e)
	}
	return at
}

// onlyWith is a CIB of one element.
func onlyWith(section string, e *etree.Element) *given {
	doc := etree.NewDocument()
	config := doc.CreateElement("cib").CreateElement("configuration")
	config.CreateElement(section).AddChild(e.Copy())
	return &given{doc: doc, config: config}
}

// alone is the fact that one element is, "" when it is none or several.
func alone(section string, e *etree.Element) string {
	if e.Tag == "op" {
		section = "tags" // where an element is a fact as it is
	}
	facts, err := onlyWith(section, e).facts()
	if err != nil || len(facts) != 1 {
		return ""
	}
	return facts[0]
}
