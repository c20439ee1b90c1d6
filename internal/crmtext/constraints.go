package crmtext

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/cibtext"
)

// constraint begins one with its id.
func (r *reader) constraint(c *command, tag string) *etree.Element {
	e := etree.NewElement(tag)
	if at := c.at(); len(c.tokens) < 3 || !r.claim(c, e, at, c.next().text) {
		return nil
	}
	return e
}

// constrain puts a constraint into the CIB, when all of it was read: a part of one
// means something else.
func (r *reader) constrain(e *etree.Element, c *command, ok bool) bool {
	if ok && c.done() {
		r.doc.Section("constraints").AddChild(e)
	}
	return ok
}

// location reads "location id rsc | /pattern/ | { rsc ... } [name=value ...] score: node"
// or rules in place of the score and the node.
func (r *reader) location(c *command) bool {
	e := r.constraint(c, "rsc_location")
	if e == nil {
		return false
	}
	rsc := c.next().text
	switch {
	case rsc == "{":
		start := c.position
		for !c.done() && c.peek() != "}" {
			c.next()
		}
		if c.done() || !r.resourceSets(e, c.tokens[start:c.position], "role") {
			return false
		}
		c.next()
	case len(rsc) > 2 && rsc[0] == '/' && rsc[len(rsc)-1] == '/':
		e.CreateAttr("rsc-pattern", rsc[1:len(rsc)-1])
	default:
		e.CreateAttr("rsc", rsc)
	}
	r.locationAttrs(e, c)
	if score, found := c.colon(); found {
		setScore(e, score)
		if c.done() {
			return false
		}
		e.CreateAttr("node", c.next().text)
		r.locationAttrs(e, c)
		return r.constrain(e, c, true)
	}
	return r.constrain(e, c, r.rules(e, c) && e.SelectElement("rule") != nil)
}

func (r *reader) locationAttrs(e *etree.Element, c *command) {
	for _, name := range []string{"resource-discovery", "role", "resource-discovery"} {
		if value, found := c.prefixed("$"+name+"=", name+"="); found {
			e.CreateAttr(name, value)
		}
	}
}

// colocation reads "colocation id score: rsc[:role] rsc[:role] ... [node-attribute=x]".
func (r *reader) colocation(c *command) bool {
	e := r.constraint(c, "rsc_colocation")
	if e == nil {
		return false
	}
	score, found := c.colon()
	if !found {
		return false
	}
	setScore(e, score)
	if attribute := c.last("node-attribute"); attribute != "" {
		e.CreateAttr("node-attribute", attribute)
	}
	return r.constrain(e, c, r.pairOrSets(e, c, "role", "rsc", "with-rsc"))
}

// order reads "order id [kind: | score:] rsc[:action] rsc[:action] ... [symmetrical=x]".
func (r *reader) order(c *command) bool {
	e := r.constraint(c, "rsc_order")
	if e == nil {
		return false
	}
	if word, found := c.colon(); found {
		kind := slices.IndexFunc(kinds, func(k string) bool { return strings.EqualFold(k, word) })
		switch score := scoreOf(word); {
		case kind >= 0:
			e.CreateAttr("kind", kinds[kind])
		case !isScore(score):
			c.position--
			return false
		case strings.Trim(score, "+-") == "0": // what a score means is a kind since Pacemaker 1.1
			e.CreateAttr("kind", "Optional")
		default:
			e.CreateAttr("kind", "Mandatory")
		}
	}
	if symmetrical := c.last("symmetrical"); symmetrical != "" {
		e.CreateAttr("symmetrical", symmetrical)
	}
	return r.constrain(e, c, r.pairOrSets(e, c, "action", "first", "then"))
}

var kinds = []string{"Mandatory", "Optional", "Serialize"}

// ticket reads "rsc_ticket id ticket: rsc[:role] ... [loss-policy=x]".
func (r *reader) ticket(c *command) bool {
	e := r.constraint(c, "rsc_ticket")
	if e == nil {
		return false
	}
	ticket, found := c.colon()
	if !found {
		return false
	}
	e.CreateAttr("ticket", ticket)
	if policy := c.last("loss-policy"); policy != "" {
		e.CreateAttr("loss-policy", policy)
	}
	return r.constrain(e, c, r.pairOrSets(e, c, "role", "rsc"))
}

// pairOrSets reads as many resources as names into attributes, or any other number into
// resource sets.
func (r *reader) pairOrSets(e *etree.Element, c *command, qualifier string, names ...string) bool {
	rest := c.tokens[c.position:]
	isBracket := func(t token) bool { return strings.ContainsAny(t.text, "()[]=") || t.text == "_rsc_set_" }
	if len(rest) != len(names) || slices.ContainsFunc(rest, isBracket) {
		if !r.resourceSets(e, rest, qualifier) {
			return false
		}
		c.position = len(c.tokens)
		return true
	}
	for i, name := range names {
		rsc, q, found := strings.Cut(rest[i].text, ":")
		e.CreateAttr(name, rsc)
		switch {
		case found && q != "" && strings.Trim(q, "0123456789") == "":
			e.CreateAttr(name+"-instance", q)
		case found:
			e.CreateAttr(name+"-"+qualifier, q)
		}
		c.next()
	}
	return true
}

// resourceSets reads "a b ( c d:start ) [ e f ]": resources in parentheses have no
// sequence, and of those in brackets one is enough. Another role or action begins
// another set.
func (r *reader) resourceSets(e *etree.Element, tokens []token, qualifier string) bool {
	var set *etree.Element
	open, current := "", ""
	options := map[string]string{}
	for _, t := range brackets(tokens) {
		switch w := t.text; {
		case w == "_rsc_set_":
		case w == "(" || w == "[":
			if open != "" {
				return false
			}
			set, open = nil, w
		case w == ")" || w == "]":
			if open+w != "()" && open+w != "[]" || set == nil {
				return false
			}
			set, open = nil, ""
			clear(options)
		case strings.Contains(w, "="):
			name, value, _ := strings.Cut(w, "=")
			if name != "sequential" && name != "require-all" {
				return false
			}
			options[name] = value
			if set != nil {
				set.CreateAttr(name, value)
			}
		default:
			rsc, q, _ := strings.Cut(w, ":")
			if set == nil || q != current {
				set, current = cibtext.Add(e, "resource_set", "id", r.doc.ID(e.SelectAttrValue("id", ""), "set")), q
				if open != "" {
					set.CreateAttr("sequential", "false")
				}
				if open == "[" {
					set.CreateAttr("require-all", "false")
				}
				for _, name := range []string{"sequential", "require-all"} {
					if options[name] != "" {
						set.CreateAttr(name, options[name])
					}
				}
				if q != "" {
					set.CreateAttr(qualifier, q)
				}
			}
			cibtext.Add(set, "resource_ref", "id", rsc)
		}
	}
	return open == "" && e.SelectElement("resource_set") != nil
}

// brackets makes words of their own of brackets that stand at a word.
func brackets(tokens []token) (all []token) {
	for _, t := range tokens {
		var closing []token
		if len(t.text) > 1 && strings.ContainsAny(t.text[:1], "([") {
			all = append(all, token{t.text[:1], t.line, t.column})
			t.text = t.text[1:]
		}
		if n := len(t.text) - 1; n > 0 && strings.ContainsAny(t.text[n:], ")]") {
			closing = []token{{t.text[n:], t.line, t.column}}
			t.text = t.text[:n]
		}
		all = append(append(all, t), closing...)
	}
	return all
}

// scoreOf writes a score as Pacemaker does.
func scoreOf(s string) string {
	switch strings.ToLower(s) {
	case "inf", "infinity", "+inf", "+infinity", "mandatory":
		return "INFINITY"
	case "-inf", "-infinity":
		return "-INFINITY"
	case "advisory":
		return "0"
	}
	return s
}

func isScore(s string) bool {
	digits := strings.TrimLeft(s, "+-")
	return digits == "INFINITY" || digits != "" && strings.Trim(digits, "0123456789") == ""
}

// setScore adds a score, or the name of the node attribute that holds it.
func setScore(e *etree.Element, s string) {
	if score := scoreOf(s); isScore(score) {
		e.CreateAttr("score", score)
	} else {
		e.CreateAttr("score-attribute", s)
	}
}
