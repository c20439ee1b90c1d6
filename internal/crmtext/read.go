// Package crmtext reads what "crm configure show" prints, of crmsh 3 to 5, into the CIB
// that it describes.
//
// The crm shell masks every option whose name begins with passw, a password_file too;
// such a value is [cibtext.Masked] in the CIB, with a warning. What cannot be read is a warning with its place; an error means that there
// is no CIB. No finding holds a value of the text.
package crmtext

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
	"github.com/oneha/oneha/internal/diag"
)

// directives are what a line of the crm shell can begin with.
var directives = map[string]func(*reader, *command) bool{
	"node":      (*reader).node,
	"primitive": (*reader).primitive, "rsc_template": (*reader).primitive,
	"group": (*reader).group, "clone": (*reader).clone, "ms": (*reader).clone, "master": (*reader).clone, "bundle": (*reader).bundle,
	"location": (*reader).location, "colocation": (*reader).colocation, "collocation": (*reader).colocation,
	"order": (*reader).order, "rsc_ticket": (*reader).ticket,
	"property": (*reader).options, "rsc_defaults": (*reader).options, "op_defaults": (*reader).options,
	"fencing_topology": (*reader).topology, "fencing-topology": (*reader).topology,
	"tag": (*reader).tag, "alert": (*reader).alert,
	"role": (*reader).role, "acl_target": (*reader).target, "acl_group": (*reader).target, "user": (*reader).user,
	"xml": (*reader).xml,
}

// reader holds one text while it is read.
type reader struct {
	name      string
	doc       *cibtext.Doc
	findings  diag.Findings
	nodes     []string
	resources []*resource
	byID      map[string]*resource
}

// Recognise reports whether a text looks like what crm configure show prints: its
// first line that is no comment begins with a word of the crm shell, and what such a
// line has at least.
func Recognise(text []byte) bool {
	lines, _ := cibtext.Lines(text)
	for _, s := range lines {
		s = strings.TrimSpace(s)
		if s == "" || s[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(s, " ")
		// fencing_topology \ and property \ are whole first lines, as are words of English.
		return directives[word] != nil && (rest != "" || word == "property") && !strings.HasPrefix(rest, "=")
	}
	return false
}

// Read reads a text into a CIB. name is that of the file, for the findings; places says
// where what is in the CIB stands in the text. The CIB is nil when nothing in the text
// is of the crm shell.
func Read(name string, text []byte) (cib []byte, places cibtext.Places, findings diag.Findings) {
	r := &reader{name: name, doc: cibtext.New(), byID: map[string]*resource{}}
	lines, damaged := cibtext.Lines(text)
	if damaged > 0 {
		r.warn(token{line: damaged, column: 1}, "the text is damaged: there are characters that are no text", "print it again, in UTF-8")
	}
	understood := false
	// Levels without a target are for all nodes: they are read when these are known.
	var later []*command
	for _, c := range commands(lines) {
		read := directives[strings.ToLower(c.tokens[0].text)]
		switch {
		case read == nil:
			r.unread(c.tokens[0], "not a word of the crm shell")
			continue
		case strings.HasPrefix(strings.ToLower(c.tokens[0].text), "fencing"):
			later = append(later, c)
		default:
			r.read(c, read)
		}
		understood = true
	}
	for _, c := range later {
		r.read(c, (*reader).topology)
	}
	if !understood {
		return nil, nil, diag.Findings{{File: name, Severity: diag.Error, What: "this is not what crm configure show prints: no line begins with a word of the crm shell",
			Fix: "give the whole output of crm configure show"}}
	}
	r.nest()
	r.findings.Sort()
	return r.doc.Bytes(), r.doc.Places(), r.findings
}

// at notes that what is read now stands at a token.
func (r *reader) at(t token) { r.doc.At(t.line, t.column) }

// read reads one command. What a reader leaves is not understood.
func (r *reader) read(c *command, read func(*reader, *command) bool) {
	r.at(c.next()) // the word itself
	switch {
	case c.unclosed:
		r.unread(c.tokens[0], "a quote does not end")
	case !read(r, c):
		if c.said {
			return
		}
		r.unread(c.at(), "this "+strings.ToLower(c.tokens[0].text)+" cannot be read from here on")
	case !c.done():
		r.unread(c.at(), "the rest of this "+strings.ToLower(c.tokens[0].text)+" cannot be read")
	}
}

func (r *reader) warn(at token, what, fix string) {
	r.findings = append(r.findings, diag.Finding{File: r.name, Line: at.line, Column: at.column, Severity: diag.Warning, What: what, Fix: fix})
}

func (r *reader) unread(at token, why string) {
	r.warn(at, "left out: "+why, "see what the line says, and configure it by hand")
}

// Masks begins the finding of a masked value.
const Masks = "the crm shell masks the value of "

// pair adds a name and a value to a set. One that is masked stays as it is: that the
// option is there is known.
func (r *reader) pair(set *etree.Element, at token, name, value string) {
	r.at(at)
	if value == cibtext.Masked {
		owner := set.Parent()
		of := ""
		if owner != nil && owner.SelectAttr("id") != nil {
			of = " of " + owner.SelectAttrValue("id", "")
		}
		r.warn(at, Masks+name+of, "see it with cibadmin --query, which also shows what is no secret, such as the path of a password_file")
	}
	r.doc.Pair(set, name, value)
}

// claim takes an id for e; a second use of it is a finding, which says all about the
// command.
func (r *reader) claim(c *command, e *etree.Element, at token, id string) bool {
	r.at(at)
	if id == "" || !r.doc.Claim(id) {
		r.unread(at, "there is something else of that id")
		c.said = true
		return false
	}
	e.CreateAttr("id", id)
	return true
}

// section of the CIB that holds elements of a tag.
func section(tag string) string {
	switch {
	case slices.Contains([]string{"primitive", "template", "group", "clone", "master", "bundle"}, tag):
		return "resources"
	case strings.HasPrefix(tag, "rsc_") && tag != "rsc_defaults":
		return "constraints"
	case strings.HasPrefix(tag, "acl_"):
		return "acls"
	case tag == "cluster_property_set":
		return "crm_config"
	case tag == "node", tag == "tag", tag == "alert":
		return tag + "s"
	}
	return ""
}

// xml reads an element that the crm shell cannot say in its own words.
func (r *reader) xml(c *command) bool {
	_, raw, _ := strings.Cut(c.raw, " ")
	doc := etree.NewDocument()
	if err := doc.ReadFromString(raw); err != nil || doc.Root() == nil {
		return false
	}
	e := doc.Root()
	c.position = len(c.tokens)
	if cibtext.IsSection(e.Tag) {
		for _, child := range e.ChildElements() {
			r.claimAll(child)
			r.doc.Section(e.Tag).AddChild(child)
		}
		return true
	}
	to := section(e.Tag)
	switch {
	case e.Tag == "meta_attributes" && e.FindElement(".//op_expression") != nil:
		to = "op_defaults" // rules about operations are only there
	case e.Tag == "meta_attributes":
		r.unread(c.tokens[0], "defaults of resources or of operations: the crm shell does not say which")
		return true
	case to == "":
		r.unread(c.tokens[0], "XML that belongs to no section of the configuration")
		return true
	}
	r.claimAll(e)
	if to == "resources" {
		r.add(&resource{e: e, at: c.tokens[0]})
		return true
	}
	r.doc.Section(to).AddChild(e)
	return true
}

// claimAll takes the ids of an element and all below it.
func (r *reader) claimAll(e *etree.Element) {
	for _, x := range append(e.FindElements(".//*[@id]"), e) {
		r.doc.Claim(x.SelectAttrValue("id", ""))
	}
}
