package adopt

import (
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/cibtext"
	"github.com/oneha/oneha/internal/spec"
)

// secretValue stands in place of every secret, and maskedValue in place of what the crm
// shell masks although it is none: the path of a password_file.
const (
	secretValue = "(secret)"
	maskedValue = "(masked)"
)

// given is a CIB without its secrets.
type given struct {
	doc    *etree.Document
	config *etree.Element
	at     cibtext.Places    // of elements with an id: where they begin
	masked []string          // secret options that the text masked: "resource option"
	ids    map[string]string // see elements
}

// readCIB reads a CIB and takes away its secrets.
func readCIB(data []byte) (*given, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		return nil, fmt.Errorf("parse CIB: %w", err)
	}
	g := &given{doc: doc, at: placesOf(data)}
	if root := doc.Root(); root != nil && root.Tag == "cib" {
		g.config = root.SelectElement("configuration")
	}
	if g.config == nil {
		return nil, errors.New("parse CIB: there is no <cib> with a <configuration>")
	}
	walk(g.config, func(e *etree.Element) {
		name, value := e.SelectAttrValue("name", ""), e.SelectAttr("value")
		switch {
		case e.Tag != "nvpair" || value == nil || value.Value == spec.StoredSecret:
		case spec.IsSecretOption(name):
			if value.Value == cibtext.Masked && e.Parent().Parent() != nil {
				g.masked = append(g.masked, e.Parent().Parent().SelectAttrValue("id", "")+" "+name)
			}
			value.Value = secretValue
		case value.Value == cibtext.Masked && hasPrefix(name, "passw"):
			value.Value = maskedValue
		}
	})
	return g, nil
}

// placesOf notes where elements with an id begin.
func placesOf(data []byte) cibtext.Places {
	places := cibtext.Places{}
	d := xml.NewDecoder(strings.NewReader(string(data)))
	for {
		line, column := d.InputPos()
		t, err := d.RawToken()
		if err != nil {
			return places
		}
		if e, ok := t.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if _, twice := places[a.Value]; a.Name.Local == "id" && !twice && e.Name.Local != "resource_ref" && e.Name.Local != "obj_ref" {
					places[a.Value] = cibtext.Place{Line: line, Column: column}
				}
			}
		}
	}
}

// walk visits an element and everything below it.
func walk(e *etree.Element, visit func(*etree.Element)) {
	visit(e)
	for _, c := range e.ChildElements() {
		walk(c, visit)
	}
}

func (g *given) facts() (cib.Facts, error) {
	data, err := g.doc.WriteToBytes()
	if err != nil {
		return nil, fmt.Errorf("write CIB: %w", err)
	}
	facts, err := cib.Canonical(data)
	if err != nil {
		return nil, err
	}
	// A resource is the same in a group and outside: the group's own facts name its
	// members.
	for i, f := range facts {
		facts[i] = inGroup.ReplaceAllString(f, "primitive ")
	}
	slices.Sort(facts)
	return facts, nil
}

var inGroup = regexp.MustCompile(`^group \S+ primitive `)

// section returns the children of a section of the configuration.
func (g *given) section(name string) (all []*etree.Element) {
	for _, s := range g.config.SelectElements(name) {
		all = append(all, s.ChildElements()...)
	}
	return all
}

// properties are the cluster's options as they are written, the first of a name, but
// not those that Pacemaker sets itself.
func (g *given) properties() (all []spec.Option) {
	for _, set := range g.section("crm_config") {
		for _, nv := range set.SelectElements("nvpair") {
			o := spec.Option{Name: nv.SelectAttrValue("name", ""), Value: nv.SelectAttrValue("value", "")}
			if o.Value != "" && !slices.ContainsFunc(all, func(p spec.Option) bool { return p.Name == o.Name }) {
				all = append(all, o)
			}
		}
	}
	slices.SortFunc(all, func(a, b spec.Option) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// resource is a primitive of the configuration, outside of clones and templates.
type resource struct {
	id, class, provider, kind string
	group                     string // "" outside of groups
	params                    []spec.Option
	element                   *etree.Element
}

func (r resource) agent() string {
	if r.provider == "" {
		return r.class + ":" + r.kind
	}
	return r.class + ":" + r.provider + ":" + r.kind
}

func (r resource) param(name string) string {
	for _, o := range r.params {
		if o.Name == name {
			return o.Value
		}
	}
	return ""
}

// resources are the primitives, in the order of the CIB.
func (g *given) resources() (all []resource) {
	add := func(e *etree.Element, group string) {
		r := resource{id: e.SelectAttrValue("id", ""), class: e.SelectAttrValue("class", ""), provider: e.SelectAttrValue("provider", ""),
			kind: e.SelectAttrValue("type", ""), group: group, element: e}
		for _, set := range e.SelectElements("instance_attributes") {
			for _, nv := range set.SelectElements("nvpair") {
				o := spec.Option{Name: nv.SelectAttrValue("name", ""), Value: nv.SelectAttrValue("value", "")}
				if r.param(o.Name) == "" {
					r.params = append(r.params, o)
				}
			}
		}
		all = append(all, r)
	}
	for _, e := range g.section("resources") {
		switch e.Tag {
		case "primitive":
			add(e, "")
		case "group":
			for _, p := range e.SelectElements("primitive") {
				add(p, e.SelectAttrValue("id", ""))
			}
		}
	}
	return all
}

// rename gives resources other ids, wherever they are named.
func (g *given) rename(names map[string]string) { rename(g.config, names) }

func rename(root *etree.Element, names map[string]string) {
	if len(names) == 0 {
		return
	}
	to := func(id string) string {
		if n, ok := names[id]; ok {
			return n
		}
		return id
	}
	walk(root, func(e *etree.Element) {
		for i, a := range e.Attr {
			switch {
			case a.Key == "id" && slices.Contains([]string{"primitive", "group", "resource_ref", "obj_ref"}, e.Tag),
				slices.Contains([]string{"rsc", "with-rsc", "first", "then"}, a.Key):
				e.Attr[i].Value = to(a.Value)
			case e.Tag == "fencing-level" && a.Key == "devices":
				var ids []string
				for id := range strings.SplitSeq(a.Value, ",") {
					ids = append(ids, to(strings.TrimSpace(id)))
				}
				e.Attr[i].Value = strings.Join(ids, ",")
			}
		}
	})
}

// remove takes resources away, with everything that names them.
func (g *given) remove(ids ...string) {
	named := func(id string) bool { return slices.Contains(ids, id) }
	var goes []*etree.Element
	walk(g.config, func(e *etree.Element) {
		switch e.Tag {
		case "primitive", "resource_ref":
			if named(e.SelectAttrValue("id", "")) {
				goes = append(goes, e)
			}
		case "rsc_location", "rsc_colocation", "rsc_order":
			for _, key := range []string{"rsc", "with-rsc", "first", "then"} {
				if named(e.SelectAttrValue(key, "")) {
					goes = append(goes, e)
					return
				}
			}
		case "fencing-level":
			for id := range strings.SplitSeq(e.SelectAttrValue("devices", ""), ",") {
				if named(id) {
					goes = append(goes, e)
					return
				}
			}
		}
	})
	for _, e := range goes {
		if p := e.Parent(); p != nil {
			p.RemoveChild(e)
		}
	}
}

// missing returns what of a is not in b.
func missing(a, b cib.Facts) (lost []string) {
	count := map[string]int{}
	for _, f := range b {
		count[f]++
	}
	for _, f := range a {
		if count[f]--; count[f] < 0 {
			lost = append(lost, f)
		}
	}
	return lost
}

func hasPrefix(s, prefix string) bool { return strings.HasPrefix(s, prefix) }
