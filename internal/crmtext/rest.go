package crmtext

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
	"github.com/oneha/oneha/internal/diag"
)

// node reads "node [id:] name[:type] [attributes ...] [utilization ...]".
func (r *reader) node(c *command) bool {
	e := etree.NewElement("node")
	id, given := c.prefixed("$id=")
	if !given {
		id, given = c.colon()
	}
	if c.done() {
		return false
	}
	name, kind, _ := strings.Cut(c.next().text, ":")
	if !given {
		id = name
		if kind == "" {
			id = strconv.Itoa(len(r.nodes) + 1)
		}
	}
	r.nodes = append(r.nodes, name)
	r.doc.Mark(id)
	e.CreateAttr("id", id)
	e.CreateAttr("uname", name)
	if kind == "normal" { // of Pacemaker 1.1
		kind = "member"
	}
	if kind != "" {
		e.CreateAttr("type", kind)
	}
	description(e, c)
	r.doc.Section("nodes").AddChild(e)
	return r.arguments(e, c, "instance_attributes")
}

// options reads property, rsc_defaults and op_defaults: "property id: name=value ...".
func (r *reader) options(c *command) bool {
	parent, tag := r.doc.Section("crm_config"), "cluster_property_set"
	id := "cib-bootstrap-options"
	if word := strings.ToLower(c.tokens[0].text); word != "property" {
		parent, tag, id = r.doc.Section(word), "meta_attributes", word+"-options"
	}
	if ref, found := c.prefixed("$id-ref="); found {
		cibtext.Add(parent, tag, "id-ref", ref)
		return true
	}
	at := c.at()
	given, found := c.prefixed("$id=")
	if !found {
		given, found = c.colon()
	}
	if found {
		id = given
	}
	set := etree.NewElement(tag)
	if !r.claim(c, set, at, id) {
		return false
	}
	parent.AddChild(set)
	if score, found := c.prefixed("score=", "$score="); found {
		set.CreateAttr("score", scoreOf(score))
	}
	return r.rules(set, c) && r.pairs(set, c, nil)
}

// maxLevel is the last level that Pacemaker knows (Pacemaker Explained, "Fencing
// Topologies").
const maxLevel = 9

// maxNodes is more than any cluster has, and bounds what levels for every node make.
const maxNodes = 1024

// topology reads "fencing_topology target: device[,device] ...": each word is one more
// level. Without a target the levels are for every node.
func (r *reader) topology(c *command) bool {
	type target struct{ attrs []string }
	var targets []target
	index := 1
	for !c.done() {
		at := c.at()
		if pair, found := c.prefixed("attr:"); found {
			name, value, _ := strings.Cut(pair, "=")
			targets, index = []target{{[]string{"target-attribute", name, "target-value", value}}}, 1
		} else if pattern, found := c.prefixed("pattern:"); found {
			targets, index = []target{{[]string{"target-pattern", pattern}}}, 1
		} else if node, found := c.colon(); found {
			targets, index = []target{{[]string{"target", node}}}, 1
		} else {
			if targets == nil {
				if n := len(r.nodes); n == 0 || n > maxNodes {
					r.unread(at, fmt.Sprintf("these levels are for every node, and the text has %s", diag.Count(n, "node")))
					c.said = true
					return false
				}
				for _, n := range r.nodes {
					targets = append(targets, target{[]string{"target", n}})
				}
			}
			if index > maxLevel {
				return false
			}
			devices := c.next().text
			for _, t := range targets {
				cibtext.Add(r.doc.Section("fencing-topology"), "fencing-level",
					append(t.attrs, "id", r.doc.ID("fl", t.attrs[len(t.attrs)-1], strconv.Itoa(index)), "index", strconv.Itoa(index), "devices", devices)...)
			}
			index++
		}
	}
	return true
}

// tag reads "tag id[:] resource ...".
func (r *reader) tag(c *command) bool {
	e := etree.NewElement("tag")
	if at := c.at(); len(c.tokens) < 3 || !r.claim(c, e, at, strings.TrimSuffix(c.next().text, ":")) {
		return false
	}
	for !c.done() {
		cibtext.Add(e, "obj_ref", "id", c.next().text)
	}
	r.doc.Section("tags").AddChild(e)
	return true
}

var alertEnds = []string{"attributes", "meta", "to", "select", "}"}

// alert reads "alert id path [attributes ...] [meta ...] [select ...] [to { value ... }]".
func (r *reader) alert(c *command) bool {
	e := etree.NewElement("alert")
	if at := c.at(); len(c.tokens) < 3 || !r.claim(c, e, at, c.next().text) {
		return false
	}
	e.CreateAttr("path", c.next().text)
	description(e, c)
	r.doc.Section("alerts").AddChild(e)
	for !c.done() {
		if _, found := c.take("select"); found {
			if !selects(e, c) {
				return false
			}
			continue
		}
		if _, found := c.take("to"); !found {
			before := c.position
			if !r.arguments(e, c, "instance_attributes", alertEnds...) || c.position == before {
				return false
			}
			continue
		}
		_, brace := c.take("{")
		if c.done() {
			return false
		}
		to := cibtext.Add(e, "recipient", "id", r.doc.ID(e.SelectAttrValue("id", ""), "recipient"))
		to.CreateAttr("value", c.next().text)
		description(to, c)
		if !r.arguments(to, c, "instance_attributes", alertEnds...) {
			return false
		}
		if _, found := c.take("}"); brace && !found {
			return false
		}
	}
	return true
}

// selects reads what an alert is for: "nodes fencing resources attributes { a b }".
func selects(alert *etree.Element, c *command) bool {
	e := alert.SelectElement("select")
	if e == nil {
		e = cibtext.Add(alert, "select")
	}
	for {
		word, found := c.take("nodes", "fencing", "resources")
		if found {
			cibtext.Add(e, "select_"+word)
			continue
		}
		if !strings.EqualFold(c.peek(), "attributes") || c.position+1 >= len(c.tokens) || c.tokens[c.position+1].text != "{" {
			return true
		}
		c.position += 2
		attributes := cibtext.Add(e, "select_attributes")
		for !c.done() && c.peek() != "}" {
			cibtext.Add(attributes, "attribute", "name", c.next().text)
		}
		if _, found := c.take("}"); !found {
			return false
		}
	}
}
