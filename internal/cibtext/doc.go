// Package cibtext is what the readers of printed configurations share: a CIB that is
// built from pieces in any order, with ids for what was printed without one, and the
// lines of a text without what XML cannot hold.
package cibtext

import (
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// sections are those of a configuration, in the order of Pacemaker's schema.
var sections = []string{
	"crm_config", "nodes", "resources", "constraints", "tags", "acls", "alerts", "fencing-topology", "rsc_defaults", "op_defaults",
}

// Place is where something stands in a text, line and column from 1.
type Place struct{ Line, Column int }

// Places are where the things of a CIB stand in the text that it was read from, by id.
type Places map[string]Place

// Masked is what the crm shell prints in place of every option whose name begins with
// passw (crmsh 4.2 to 5.0).
const Masked = "******"

// Doc is a CIB that grows.
type Doc struct {
	byTag map[string]*etree.Element
	ids   map[string]known
	at    Place
}

// known is what is known of an id.
type known struct {
	wanted int   // how often
	at     Place // when it was first; the zero Place while nothing said where
}

// New returns an empty CIB.
func New() *Doc {
	return &Doc{byTag: map[string]*etree.Element{}, ids: map[string]known{}}
}

// At says where in the text what is added from now on stands.
func (d *Doc) At(line, column int) { d.at = Place{line, column} }

// Mark notes the place of an id that is neither claimed nor made here.
func (d *Doc) Mark(id string) { d.want(id, 0) }

// want counts an id, and returns how often it was wanted before.
func (d *Doc) want(id string, times int) (before int) {
	k := d.ids[id]
	before = k.wanted
	if k.wanted += times; k.at == (Place{}) {
		k.at = d.at
	}
	d.ids[id] = k
	return before
}

// Places returns where the ids were that were claimed, made or marked.
func (d *Doc) Places() Places {
	places := make(Places, len(d.ids))
	for id, k := range d.ids {
		if k.at.Line > 0 {
			places[id] = k.at
		}
	}
	return places
}

// Section returns a section of the configuration.
func (d *Doc) Section(tag string) *etree.Element {
	if d.byTag[tag] == nil {
		d.byTag[tag] = etree.NewElement(tag)
	}
	return d.byTag[tag]
}

// IsSection reports whether a configuration has sections of that name.
func IsSection(tag string) bool { return slices.Contains(sections, tag) }

// Claim takes an id that was printed, and reports whether it was free.
func (d *Doc) Claim(id string) bool {
	return d.want(id, 1) == 0
}

// Release gives an id back that was claimed.
func (d *Doc) Release(id string) {
	d.ids[id] = known{wanted: d.ids[id].wanted - 1}
}

// ID makes an id of words, which nothing else has.
func (d *Doc) ID(words ...string) string {
	id := strings.Map(func(r rune) rune {
		if r < 0x80 && !isNameByte(byte(r)) {
			return '-'
		}
		return r
	}, strings.Join(words, "-"))
	if id == "" || !isLetter(id[0]) {
		id = "_" + id
	}
	for n := d.ids[id].wanted; !d.Claim(id); n++ {
		if next := id + "-" + strconv.Itoa(n); d.ids[next].wanted == 0 {
			id = next
		}
	}
	return id
}

func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

func isNameByte(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '-' || c == '.'
}

// Add adds an element with attributes given as name, value, name, value; those with an
// empty value are left out.
func Add(parent *etree.Element, tag string, attrs ...string) *etree.Element {
	e := parent.CreateElement(tag)
	for i := 0; i+1 < len(attrs); i += 2 {
		if attrs[i+1] != "" {
			e.CreateAttr(attrs[i], attrs[i+1])
		}
	}
	return e
}

// Pair adds a name and its value to a set of them.
func (d *Doc) Pair(set *etree.Element, name, value string) *etree.Element {
	pair := set.CreateElement("nvpair")
	pair.CreateAttr("id", d.ID(set.SelectAttrValue("id", set.Tag), name))
	pair.CreateAttr("name", name)
	pair.CreateAttr("value", value)
	return pair
}

// Bytes writes the CIB. It has the schema and the feature set that are the oldest to
// know what can be in it, so that every Pacemaker since 2.0 takes it.
func (d *Doc) Bytes() []byte {
	doc := etree.NewDocument()
	doc.WriteSettings.CanonicalAttrVal = true
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	cib := Add(&doc.Element, "cib", "crm_feature_set", "3.0.14", "validate-with", "pacemaker-3.0", "admin_epoch", "0", "epoch", "1", "num_updates", "0")
	config := cib.CreateElement("configuration")
	for _, tag := range sections {
		if s := d.byTag[tag]; s != nil {
			config.AddChild(s)
		} else if slices.Index(sections, tag) < 4 { // these have to be there
			config.CreateElement(tag)
		}
	}
	cib.CreateElement("status")
	doc.Indent(2)
	data, _ := doc.WriteToBytes() // a buffer does not fail
	return data
}
