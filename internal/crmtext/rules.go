package crmtext

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
)

// rules reads "rule [$id=x] [$role=x] [score:] expression [and | or expression ...]", as
// many as there are.
func (r *reader) rules(parent *etree.Element, c *command) bool {
	for {
		if _, found := c.take("rule"); !found {
			return true
		}
		if ref, found := c.prefixed("$id-ref="); found {
			cibtext.Add(parent, "rule", "id-ref", ref)
			continue
		}
		e := etree.NewElement("rule")
		if id, found := c.prefixed("$id="); found && r.doc.Claim(id) {
			e.CreateAttr("id", id)
		} else {
			e.CreateAttr("id", r.doc.ID(parent.SelectAttrValue("id", parent.Tag), "rule"))
		}
		if role, found := c.prefixed("$role=", "role="); found {
			e.CreateAttr("role", role)
		}
		score, found := c.colon()
		if !found {
			score = "INFINITY"
		}
		setScore(e, score)
		if !r.expressions(e, c) {
			return false
		}
		parent.AddChild(e)
	}
}

// expressions reads expressions with and, or with or, between them.
func (r *reader) expressions(rule *etree.Element, c *command) bool {
	for first := ""; ; {
		if !r.expression(rule, c) {
			return false
		}
		word, found := c.take("and", "or")
		if !found {
			return true
		}
		if first != "" && word != first {
			return false // one rule has one operator
		}
		if first = word; word == "or" {
			rule.CreateAttr("boolean-op", "or")
		}
	}
}

var (
	comparisons = []string{"lt", "gt", "lte", "gte", "eq", "ne"}
	valueTypes  = []string{"string", "integer", "number", "version"}
)

// expression reads "defined a", "a [type:]operation value" or "date ...".
func (r *reader) expression(rule *etree.Element, c *command) bool {
	id := r.doc.ID(rule.SelectAttrValue("id", ""), "expression")
	if _, found := c.take("date"); found {
		return r.date(cibtext.Add(rule, "date_expression", "id", id), c)
	}
	if operation, found := c.take("defined", "not_defined"); found {
		if c.done() {
			return false
		}
		cibtext.Add(rule, "expression", "id", id, "operation", operation, "attribute", c.next().text)
		return true
	}
	if c.position+3 > len(c.tokens) {
		return false
	}
	attribute, operation, value := c.next().text, c.next().text, c.next().text
	kind, plain, typed := strings.Cut(operation, ":")
	if !typed {
		kind, plain = "", operation
	}
	if !slices.Contains(comparisons, plain) || typed && !slices.Contains(valueTypes, kind) {
		c.position -= 2
		return false
	}
	e := cibtext.Add(rule, "expression", "id", id, "attribute", attribute, "operation", plain, "type", kind)
	if source, inner, found := strings.Cut(value, "{"); found && strings.HasSuffix(inner, "}") && (source == "param" || source == "meta" || source == "literal") {
		e.CreateAttr("value-source", source)
		value = strings.TrimSuffix(inner, "}")
	}
	e.CreateAttr("value", value)
	return true
}

var dateUnits = []string{"seconds", "minutes", "hours", "monthdays", "weekdays", "yeardays", "yearsdays", "months", "weeks", "years", "weekyears", "moon", "days"}

// date reads "lt d", "gt d", "in start=d end=d", "in start=d hours=2", "spec hours=9-16".
func (r *reader) date(e *etree.Element, c *command) bool {
	operation, found := c.take("lt", "gt", "in_range", "in", "date_spec", "spec")
	if !found {
		return false
	}
	switch operation {
	case "lt", "gt":
		if c.done() {
			return false
		}
		e.CreateAttr("operation", operation)
		e.CreateAttr(map[string]string{"lt": "end", "gt": "start"}[operation], c.next().text)
		return true
	case "in", "in_range":
		operation = "in_range"
	default:
		operation = "date_spec"
	}
	e.CreateAttr("operation", operation)
	var units *etree.Element
	taken := 0
	for ; !c.done(); taken++ {
		name, value, _ := strings.Cut(c.peek(), "=")
		switch {
		case operation == "in_range" && (name == "start" || name == "end"):
			e.CreateAttr(name, value)
		case slices.Contains(dateUnits, name):
			if units == nil {
				tag := map[string]string{"in_range": "duration", "date_spec": "date_spec"}[operation]
				units = cibtext.Add(e, tag, "id", r.doc.ID(e.SelectAttrValue("id", ""), tag))
			}
			units.CreateAttr(name, value)
		default:
			return taken > 0
		}
		c.next()
	}
	return taken > 0
}
