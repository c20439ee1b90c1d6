// Package pcstext reads what "pcs config" prints into the CIB that it describes: of
// pcs 0.10, 0.11 and 0.12, and of 0.9 (CentOS 7), of which only the documented form
// was at hand. What pcs resource, stonith, constraint and so on print alone is read
// too.
//
// The text says less than the CIB: no ACLs, templates and node attributes, nothing of
// a location constraint with a resource set but the resources, and see the findings.
// What is printed and cannot be read is a warning with its place; an error means that
// there is no CIB. No finding holds a value of the text.
package pcstext

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
	"github.com/oneha/oneha/internal/diag"
)

// reader holds one text while it is read.
type reader struct {
	name     string
	doc      *cibtext.Doc
	findings diag.Findings
	cluster  string // name, "" while not printed
	nodes    map[string]*etree.Element
	props    *etree.Element // the set of cluster properties that is filled

	clusterNamed bool // among the properties
}

// Recognise reports whether a text looks like what pcs config prints, or one of the
// commands that print a part of it: it has a heading of pcs's.
func Recognise(text []byte) bool {
	lines, _ := cibtext.Lines(text)
	return slices.ContainsFunc(lines, func(s string) bool {
		if heading, _, found := strings.Cut(s, ":"); found && slices.Contains(headings, heading) {
			return true
		}
		return isResource(strings.TrimLeft(s, " "))
	})
}

// headings are those of pcs, of all its releases.
var headings = []string{
	"Cluster Name", "Corosync Nodes", "Pacemaker Nodes", "Remote Nodes", "Resources", "Stonith Devices", "Fencing Levels",
	"Location Constraints", "Location Set Constraints", "Ordering Constraints", "Order Constraints", "Order Set Constraints",
	"Colocation Constraints", "Colocation Set Constraints", "Ticket Constraints", "Ticket Set Constraints", "Alerts",
	"Resources Defaults", "Operations Defaults", "Cluster Properties", "Node Attributes", "Node Utilization", "Tags", "Quorum",
}

// Read reads a text into a CIB. name is that of the file, for the findings; places says
// where what is in the CIB stands in the text. The CIB is nil when nothing in the text
// is of pcs.
func Read(name string, text []byte) (cib []byte, places cibtext.Places, findings diag.Findings) {
	r := &reader{name: name, doc: cibtext.New(), nodes: map[string]*etree.Element{}}
	if !Recognise(text) {
		return nil, nil, diag.Findings{{File: name, Severity: diag.Error, What: "this is not what pcs config prints: it has none of its headings",
			Fix: "give the whole output of pcs config"}}
	}
	lines, damaged := cibtext.Lines(text)
	if damaged > 0 {
		r.warn(&line{number: damaged}, "the text is damaged: there are characters that are no text", "print it again, in UTF-8")
	}
	for _, l := range tree(lines) {
		r.section(l)
	}
	if r.cluster != "" && !r.clusterNamed {
		r.property("cluster-name", r.cluster)
	}
	r.findings.Sort()
	return r.doc.Bytes(), r.doc.Places(), r.findings
}

// at notes that what is read now stands in a line.
func (r *reader) at(l *line) { r.doc.At(l.number, l.indent+1) }

// section reads a line at the margin and what is below it.
func (r *reader) section(l *line) {
	r.at(l)
	heading, rest, _ := strings.Cut(l.text, ":")
	rest = strings.TrimSpace(rest)
	switch heading {
	case "Cluster Name":
		r.cluster = rest
	case "Corosync Nodes", "Pacemaker Nodes":
		r.nodeNames(l, "")
	case "Remote Nodes", "Pacemaker Remote Nodes":
		r.nodeNames(l, "remote")
	case "Resources", "Stonith Devices":
		r.each(l, r.resource(r.doc.Section("resources")))
	case "Fencing Levels":
		r.each(l, r.target)
	case "Location Constraints":
		r.each(l, r.location)
	case "Ordering Constraints", "Order Constraints":
		r.each(l, r.constraint("rsc_order", r.order))
	case "Colocation Constraints":
		r.each(l, r.constraint("rsc_colocation", r.colocation))
	case "Ticket Constraints":
		r.each(l, r.constraint("rsc_ticket", r.ticket))
	case "Location Set Constraints":
		r.each(l, r.constraintOfSets("rsc_location"))
	case "Order Set Constraints":
		r.each(l, r.constraintOfSets("rsc_order"))
	case "Colocation Set Constraints":
		r.each(l, r.constraintOfSets("rsc_colocation"))
	case "Ticket Set Constraints":
		r.each(l, r.constraintOfSets("rsc_ticket"))
	case "Alerts":
		r.each(l, r.alert)
	case "Resources Defaults":
		r.defaults(l, "rsc_defaults")
	case "Operations Defaults":
		r.defaults(l, "op_defaults")
	case "Cluster Properties":
		r.properties(l, rest)
	case "Node Attributes":
		r.each(l, r.nodeSet("instance_attributes"))
	case "Node Utilization":
		r.each(l, r.nodeSet("utilization"))
	case "Tags":
		r.each(l, r.tag)
	case "Target", "Target (node)", "Target (regexp)", "Target (attribute)":
		r.target(l)
	case "Warning", "Deprecation Warning", "Quorum": // the last is of corosync.conf
	default:
		if isResource(l.text) {
			r.resource(r.doc.Section("resources"))(l)
			return
		}
		r.unread(l, "not a heading of pcs config")
	}
}

// each reads the lines below a heading. pcs says in a sentence that there are none.
func (r *reader) each(l *line, read func(*line)) {
	for _, c := range l.below {
		if !strings.HasPrefix(c.text, "No ") || !strings.HasSuffix(c.text, " defined") {
			r.at(c)
			read(c)
		}
	}
}

// warn notes that something is lost.
func (r *reader) warn(l *line, what, fix string) {
	r.findings = append(r.findings, diag.Finding{File: r.name, Line: l.number, Column: l.indent + 1, Severity: diag.Warning, What: what, Fix: fix})
}

// unread notes a line that is left out with all that is below it. It does not repeat
// the line, which may hold a password.
func (r *reader) unread(l *line, why string) {
	what := "left out: " + why
	if n := l.lines() - 1; n > 0 {
		what = "left out, with the " + diag.Count(n, "line") + " below: " + why
	}
	r.warn(l, what, "see what the line says, and configure it by hand")
}
