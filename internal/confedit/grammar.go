package confedit

import (
	"fmt"
	"strings"
)

// Attribute is NAME = value, or NAME = [ KEY = value, ... ], as oned knows it.
type Attribute struct {
	Name   string      // in upper case, whatever the file has
	Value  string      // without quotes; "" for a vector
	Vector bool        // it is a vector
	Keys   []Attribute // of a vector, in the order of the file
	Line   int         // of the name, from 1

	name span // as it stands in the file
	sign int  // offset of the =
	raw  span // the value with its quotes; for a vector from [ to behind ]
}

// mistake is a place that oned's grammar does not take.
type mistake struct {
	at        int
	what, fix string
}

// parser follows src/parsers/template_syntax.y. As oned's it ends at the first
// mistake.
type parser struct {
	*lexer
	lines counter
	all   []Attribute
}

func parse(text string) (*parser, *mistake) {
	p := &parser{lexer: newLexer(text)}
	for {
		t := p.next()
		if t.kind == end {
			return p, nil
		}
		a, m := p.attribute(t)
		if m != nil {
			return p, m
		}
		p.all = append(p.all, a)
	}
}

// attribute reads an attribute whose name is t.
func (p *parser) attribute(t token) (Attribute, *mistake) {
	a, sign, m := p.begin(t)
	if m != nil {
		return a, m
	}
	a.Name = topName(p.text[t.from:t.to])
	if sign == hollow {
		at := p.past(a.sign+1, " \t")
		a.raw = span{at, at}
		return a, nil
	}
	switch t = p.next(); t.kind {
	case bare, quoted:
		a.raw, a.Value = t.span, unescape(t.kind, p.text[t.from:t.to])
		return a, nil
	case open:
		a.Vector = true
		a.raw.from = t.from
		return a, p.vector(&a)
	}
	if t.kind == poison {
		return a, &mistake{t.from, fmt.Sprintf("there is ]]> in the line of %s: oned stops reading here without a word and takes its defaults for whatever follows", a.Name), "take ]]> out of the line"}
	}
	return a, p.valueless(a)
}

// begin reads a name and the sign behind it.
func (p *parser) begin(t token) (Attribute, kind, *mistake) {
	if t.kind != word {
		return Attribute{}, 0, p.nameless(t)
	}
	a := Attribute{Name: strings.ToUpper(p.text[t.from:t.to]), name: t.span, Line: p.lines.line(p.text, t.from)}
	sign := p.next()
	if sign.kind != equal && sign.kind != hollow {
		fix := `write NAME = "value"`
		if n := len(p.all); n > 0 && !strings.Contains(p.text[p.all[n-1].raw.to:t.from], "\n") {
			fix = fmt.Sprintf("if this belongs to the value of %s, put that value in double quotes", p.all[n-1].Name)
		}
		return a, 0, &mistake{t.from, "there is no = after the word that stands here", fix}
	}
	a.sign = sign.from
	return a, sign.kind, nil
}

// vector reads the rest of a vector, behind its opening bracket.
func (p *parser) vector(a *Attribute) *mistake {
	t := p.next()
	for first := true; ; first = false {
		if first && t.kind == shut {
			break // [ ], which oned takes, and its Augeas lens does not
		}
		if !first {
			if t.kind == shut {
				break
			}
			if t.kind != comma {
				return p.unseparated(*a, t)
			}
			behind := t.from
			if t = p.next(); t.kind == shut {
				return &mistake{behind, "there is nothing between this comma and the ] of " + a.Name, "remove the comma"}
			}
		}
		if t.kind == end {
			return p.unclosed(*a)
		}
		key, sign, m := p.begin(t)
		if m != nil {
			return m
		}
		if sign == hollow {
			return &mistake{key.name.from, fmt.Sprintf("%s in %s has no value on its line", key.Name, a.Name), fmt.Sprintf(`write %s = ""`, key.Name)}
		}
		t = p.next()
		switch t.kind {
		case bare, quoted:
			key.raw, key.Value = t.span, unescape(t.kind, p.text[t.from:t.to])
		case open:
			return &mistake{t.from, fmt.Sprintf("%s in %s is a vector, which oned does not take inside of another", key.Name, a.Name), "put the value in double quotes"}
		case poison:
			return &mistake{t.from, fmt.Sprintf("there is ]]> in the line of %s in %s", key.Name, a.Name), "take ]]> out of the line"}
		default:
			return p.valueless(key)
		}
		a.Keys = append(a.Keys, key)
		t = p.next()
	}
	a.raw.to = t.to
	return nil
}

func (p *parser) nameless(t token) *mistake {
	switch t.kind {
	case comma:
		return &mistake{t.from, "there is no attribute before this comma", "remove the comma, or put what it stands in into double quotes"}
	case shut:
		return &mistake{t.from, "this ] closes nothing", "remove it, or write the [ of its vector"}
	}
	return &mistake{t.from, "there is no name before this =", "write a name of letters, digits and _, or put the value that the = belongs to in double quotes"}
}

func (p *parser) unseparated(a Attribute, t token) *mistake {
	last := a.Keys[len(a.Keys)-1].Name
	switch t.kind {
	case end:
		return p.unclosed(a)
	case word:
		return &mistake{t.from, fmt.Sprintf("there is no comma after the value of %s in %s", last, a.Name), "put a comma there; a value with blanks needs double quotes"}
	}
	return &mistake{t.from, fmt.Sprintf("there is an = after the value of %s in %s", last, a.Name), "put the value in double quotes"}
}

func (p *parser) unclosed(a Attribute) *mistake {
	return &mistake{a.raw.from, fmt.Sprintf("the vector %s that opens here is not closed", a.Name), "write its ], and look for double quotes that are not closed"}
}

func (p *parser) valueless(a Attribute) *mistake {
	return &mistake{a.name.from, fmt.Sprintf("%s has no value, and the file ends", a.Name), "write its value, or end its line"}
}

// topName is the name that oned gives an attribute at the top (include/Attribute.h):
// one that could not be the name of an XML element gets a prefix.
func topName(s string) string {
	upper := strings.ToUpper(s)
	if c := s[0]; '0' <= c && c <= '9' || strings.HasPrefix(s, "XML") {
		return "ONE_" + upper
	}
	return upper
}

// unescape is the value that a raw value stands for. What goes on behind its closing
// quote, as in "a"b, or "a" with a carriage return, is a bare one, quotes and all.
func unescape(k kind, raw string) string {
	if k == quoted {
		raw = raw[1 : len(raw)-1]
	}
	return strings.ReplaceAll(raw, `\"`, `"`)
}

// counter counts lines; it is asked for ever larger offsets.
type counter struct{ at, count int }

func (c *counter) line(text string, offset int) int {
	c.count += strings.Count(text[c.at:offset], "\n")
	c.at = offset
	return c.count + 1
}
