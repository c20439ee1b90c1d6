package crmtext

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
)

// lists are the words before lists of options, and the sets that these are.
var lists = map[string]string{
	"params": "instance_attributes", "attributes": "instance_attributes", "op_params": "instance_attributes",
	"meta": "meta_attributes", "op_meta": "meta_attributes", "utilization": "utilization",
}

// endsList are the words that end a list of options.
var endsList = []string{"params", "meta", "utilization", "operations", "op", "op_params", "op_meta", "rule", "attributes"}

// arguments reads what follows the head of a resource, a node or an alert: lists of
// options, and operations where there can be any. A list may lack its word at first.
func (r *reader) arguments(e *etree.Element, c *command, first string, ends ...string) bool {
	ends = append(ends, endsList...)
	if strings.Contains(c.peek(), "=") {
		if !r.list(e, c, first, ends) {
			return false
		}
	}
	for !c.done() {
		word := strings.ToLower(c.peek())
		switch {
		case lists[word] != "" && !strings.HasPrefix(word, "op_"):
			c.next()
			if !r.list(e, c, lists[word], ends) {
				return false
			}
		case (word == "op" || word == "operations") && (e.Tag == "primitive" || e.Tag == "template"):
			if !r.operations(e, c) {
				return false
			}
		default:
			return true
		}
	}
	return true
}

// list reads "[$id=x | $id-ref=x] [score:] [rule ...] name=value ..." into a set.
func (r *reader) list(e *etree.Element, c *command, tag string, ends []string) bool {
	if ref, found := c.prefixed("$id-ref="); found {
		cibtext.Add(e, tag, "id-ref", ref)
		return true
	}
	set := etree.NewElement(tag)
	at := c.at()
	id, given := c.prefixed("$id=")
	if !given {
		id = r.doc.ID(e.SelectAttrValue("id", e.Tag), tag)
		set.CreateAttr("id", id)
	} else if !r.claim(c, set, at, id) {
		return false
	}
	if score, found := c.colon(); found {
		set.CreateAttr("score", scoreOf(score))
	}
	e.AddChild(set)
	return r.rules(set, c) && r.pairs(set, c, ends)
}

// pairs reads options into a set, up to a word that ends it.
func (r *reader) pairs(set *etree.Element, c *command, ends []string) bool {
	for !c.done() && !slices.Contains(ends, strings.ToLower(c.peek())) {
		at := c.at()
		name, value, found := strings.Cut(at.text, "=")
		switch {
		case strings.HasPrefix(name, "@"):
			ref, name, _ := strings.Cut(at.text[1:], ":")
			cibtext.Add(set, "nvpair", "id-ref", ref, "name", name)
		case strings.HasPrefix(name, "$") && found: // $id:name=value
			id, inner, _ := strings.Cut(name[1:], ":")
			if value == cibtext.Masked {
				r.pair(set, at, inner, value)
				break
			}
			r.at(at)
			cibtext.Add(set, "nvpair", "id", id, "name", inner).CreateAttr("value", value)
			r.doc.Claim(id)
		case found && name != "":
			r.pair(set, at, name, value)
		case !found && !strings.HasSuffix(name, ":") && !strings.ContainsAny(name, "(){}"):
			r.at(at)
			cibtext.Add(set, "nvpair", "id", r.doc.ID(set.SelectAttrValue("id", ""), name), "name", name)
		default:
			return false
		}
		c.next()
	}
	return true
}

// operationAttrs are the options of an operation that are attributes of it; others are
// parameters for the agent.
var operationAttrs = []string{"id", "interval", "start-delay", "interval-origin", "timeout", "enabled", "record-pending", "role", "on-fail", "description"}

// operations reads "[operations $id=x] op name option=value ... [op_params ...]".
func (r *reader) operations(e *etree.Element, c *command) bool {
	all := e.SelectElement("operations")
	if all == nil {
		all = cibtext.Add(e, "operations")
	}
	if _, found := c.take("operations"); found {
		if ref, isRef := c.prefixed("$id-ref="); isRef {
			all.CreateAttr("id-ref", ref)
		} else if id, isID := c.prefixed("$id="); isID && r.doc.Claim(id) {
			all.CreateAttr("id", id)
		}
		return true
	}
	word := c.next()
	if c.done() {
		return false
	}
	op := cibtext.Add(all, "op", "name", c.next().text)
	var set *etree.Element
	for !c.done() && !slices.Contains(endsList, strings.ToLower(c.peek())) {
		at := c.next()
		name, value, found := strings.Cut(at.text, "=")
		name = strings.TrimPrefix(name, "$")
		if !found || name == "" {
			c.position--
			return false
		}
		if slices.Contains(operationAttrs, name) {
			op.CreateAttr(name, value)
			continue
		}
		if set == nil {
			set = cibtext.Add(op, "instance_attributes", "id", r.doc.ID(e.SelectAttrValue("id", ""), "op", "instance_attributes"))
		}
		r.pair(set, at, name, value)
	}
	r.at(word)
	if op.SelectAttr("interval") == nil {
		op.CreateAttr("interval", "0")
	}
	if id := op.SelectAttrValue("id", ""); id == "" || !r.doc.Claim(id) {
		op.CreateAttr("id", r.doc.ID(e.SelectAttrValue("id", ""), op.SelectAttrValue("name", ""), op.SelectAttrValue("interval", "")))
	}
	for {
		word, found := c.take("op_params", "op_meta")
		if !found {
			return true
		}
		if !r.list(op, c, lists[word], endsList) {
			return false
		}
	}
}

// description takes description=text.
func description(e *etree.Element, c *command) {
	if text, found := c.prefixed("description="); found {
		e.CreateAttr("description", text)
	}
}
