package adopt

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/spec"
)

// keepable are the sections whose elements raw.xml can hold beside generated ones.
var keepable = []string{"crm_config", "nodes", "resources", "constraints", "fencing-topology", "acls", "tags", "alerts", "rsc_defaults", "op_defaults"}

// most bounds how many elements are kept, each of which is tried: a description is a
// short file.
const most = 200

// keep puts into raw.xml what the description lost, element by element, as long as
// the configuration that comes of it has no error.
func (a attempt) keep(out *Adoption, src Source) error {
	before := a.makes
	lost := missing(a.have, a.made)
	count := 0
	kept := map[string]*etree.Element{}
	for _, name := range keepable {
		for _, e := range a.given.section(name) {
			if e = a.keepableOf(name, e, lost); e == nil || count >= most {
				continue
			}
			count++
			if kept[name] == nil {
				kept[name] = etree.NewElement(name)
			}
			rename(e, a.draft.names)
			kept[name].AddChild(e)
			if !a.takes(kept) {
				kept[name].RemoveChildAt(len(kept[name].Child) - 1)
			}
		}
	}
	a.cluster.Raw.XML = written(kept)
	if a.cluster.Raw.XML == "" {
		return nil
	}
	if err := a.generate(); err != nil {
		return err
	}
	out.Cluster.Raw.XML = a.cluster.Raw.XML
	now, err := a.leftovers(src)
	if err != nil {
		return err
	}
	was := a
	was.given, was.makes = before, a.makes
	changes, err := was.changes()
	if err != nil {
		return err
	}
	left := counted(out.Leftovers)
	for _, ch := range changes {
		_, plus := ch.Facts()
		if plus = taken(left, plus); len(plus) == 0 {
			continue
		}
		at := a.given.place(ch, plus)
		now = append(now, Leftover{Kind: Kept, File: src.Name, Line: at.Line, Column: at.Column, What: ch.Sentence, Facts: plus,
			Why: "it stands in raw: {xml: ...}, so that only --format xml can be generated"})
	}
	for _, l := range out.Leftovers {
		if l.File == src.CorosyncName && src.CorosyncName != "" {
			now = append(now, l)
		}
	}
	out.Leftovers = now
	return nil
}

// counted are the facts that leftovers lose.
func counted(all []Leftover) map[string]int {
	n := map[string]int{}
	for _, l := range all {
		for _, f := range l.Facts {
			n[f]++
		}
	}
	return n
}

// keepableOf is a copy of what of an element raw.xml may hold, nil for nothing: all its
// facts are lost now and would be there, none shows a secret, and nothing is in it that
// a description refuses.
func (a attempt) keepableOf(section string, e *etree.Element, lost []string) *etree.Element {
	e = e.Copy()
	switch section {
	case "crm_config":
		if !a.allows(e) {
			return nil
		}
	case "rsc_defaults":
		// A second value of a name does not count, so a set keeps those that are alone.
		for _, nv := range e.SelectElements("nvpair") {
			begin := "rsc_defaults meta " + nv.SelectAttrValue("name", "") + "="
			if e.SelectElement("rule") == nil && slices.ContainsFunc(a.made, func(f string) bool { return hasPrefix(f, begin) }) {
				e.RemoveChild(nv)
			}
		}
		if id := e.SelectAttrValue("id", ""); a.makes.doc.FindElement("//"+e.Tag+"[@id='rsc-options']") != nil && id == "rsc-options" {
			e.CreateAttr("id", id+"-kept") // generated ones are in a set of that name
		}
	case "nodes":
		if !a.sameNode(e) {
			return nil
		}
	}
	facts, err := onlyWith(section, e).facts()
	if err != nil || len(facts) == 0 || hasSecret(e) {
		return nil
	}
	some := false
	for _, f := range facts {
		order := hasPrefix(f, "resources ")
		some = some || !order
		if !order && !slices.Contains(lost, f) {
			return nil
		}
	}
	if !some {
		return nil
	}
	return e
}

// allows reports whether a description may have every property of a set.
func (a attempt) allows(set *etree.Element) bool {
	for _, nv := range set.SelectElements("nvpair") {
		d := a.draft.copy()
		d.cluster.Properties = []spec.Option{{Name: nv.SelectAttrValue("name", ""), Value: nv.SelectAttrValue("value", "")}}
		if _, findings := d.parse(); findings.HasErrors() {
			return false
		}
	}
	return true
}

// sameNode reports whether a node has the id that the description gives it, and says
// nothing that is only how it is now.
func (a attempt) sameNode(node *etree.Element) bool {
	id, name := node.SelectAttrValue("id", ""), node.SelectAttrValue("uname", "")
	if !slices.ContainsFunc(a.cluster.Nodes, func(n spec.Node) bool { return n.Name == name && number(id) == n.ID }) {
		return false
	}
	for _, nv := range node.FindElements(".//nvpair") {
		if isState(nv.SelectAttrValue("name", "")) {
			return false
		}
	}
	return true
}

func hasSecret(e *etree.Element) (has bool) {
	walk(e, func(c *etree.Element) {
		value := c.SelectAttrValue("value", "")
		has = has || value == secretValue || value == maskedValue
	})
	return has
}

// takes reports whether a description with those elements is valid, and every
// resource that they name is there.
func (a attempt) takes(kept map[string]*etree.Element) bool {
	d := a.draft.copy()
	d.cluster.Raw.XML = written(kept)
	c, findings := d.parse()
	if findings.HasErrors() {
		return false
	}
	files, err := cib.Generate(c, "xml")
	if err != nil {
		return false
	}
	g, err := readCIB(files[0].Data)
	if err != nil {
		return false
	}
	there := map[string]bool{"": true}
	var named []string
	walk(g.config, func(e *etree.Element) {
		if slices.Contains(resourceTags, e.Tag) {
			there[e.SelectAttrValue("id", "")] = true
		}
		for _, key := range []string{"rsc", "with-rsc", "first", "then", "template"} {
			named = append(named, e.SelectAttrValue(key, ""))
		}
		if e.Tag == "resource_ref" {
			named = append(named, e.SelectAttrValue("id", ""))
		}
	})
	return !slices.ContainsFunc(named, func(id string) bool { return !there[id] })
}

// written is the text of raw.xml.
func written(kept map[string]*etree.Element) string {
	doc := etree.NewDocument()
	for _, name := range keepable {
		if e := kept[name]; e != nil && len(e.ChildElements()) > 0 {
			doc.AddChild(e.Copy())
		}
	}
	doc.Indent(2)
	s, err := doc.WriteToString()
	if err != nil || strings.TrimSpace(s) == "" {
		return ""
	}
	return strings.TrimRight(s, "\n") + "\n"
}
