package one

import (
	"strings"
)

// attribute is NAME = value or NAME = [ K = v, ... ] of a file in OpenNebula's own
// grammar (src/parsers/template_parser.l and template_syntax.y), in which
// oned.conf and sched.conf are written. Names are in upper case.
type attribute struct {
	name   string
	offset int // in the text, of the name
	text   string
	vector []attribute // nil for a single value
}

// parseTemplate reads a text in OpenNebula's grammar. At a mistake it goes on
// after the line, or after the end of the vector, so that it returns what could
// be read, with the first mistake.
func parseTemplate(text string) ([]attribute, *mistake) {
	p := templateParser{text: text}
	var all []attribute
	for {
		p.skip()
		if p.at == len(p.text) {
			return all, p.first
		}
		if a, ok := p.attribute(); ok {
			all = append(all, a)
		} else {
			p.line()
		}
	}
}

type templateParser struct {
	text  string
	at    int
	first *mistake
}

// skip passes over blanks, ends of lines and comments. A carriage return counts
// as a blank, although oned would take it for a part of the value.
func (p *templateParser) skip() {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '#':
			p.line()
		case isBlank(c) || c == '\n':
			p.at++
		default:
			return
		}
	}
}

// line passes over the rest of the line.
func (p *templateParser) line() {
	if i := strings.IndexByte(p.text[p.at:], '\n'); i >= 0 {
		p.at += i + 1
		return
	}
	p.at = len(p.text)
}

// blanks passes over blanks within the line.
func (p *templateParser) blanks() {
	for p.at < len(p.text) && isBlank(p.text[p.at]) {
		p.at++
	}
}

func (p *templateParser) next(c byte) bool {
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *templateParser) wrong(what string) {
	if p.first == nil {
		m := mistakeAt(p.text, p.at, what)
		p.first = &m
	}
}

// attribute reads an attribute at the top of the file.
func (p *templateParser) attribute() (attribute, bool) {
	a, ok := p.name()
	if !ok {
		return a, false
	}
	if p.next('[') {
		a.vector, ok = p.vector()
		return a, ok
	}
	a.text, ok = p.value()
	return a, ok
}

// name reads a name, the sign = and the blanks behind it.
func (p *templateParser) name() (attribute, bool) {
	a := attribute{offset: p.at}
	for p.at < len(p.text) && isNameByte(p.text[p.at]) {
		p.at++
	}
	a.name = strings.ToUpper(p.text[a.offset:p.at])
	if a.name == "" {
		p.wrong("want a name of letters, digits and _ here")
		return a, false
	}
	p.blanks()
	if !p.next('=') {
		p.wrong("want = after a name")
		return a, false
	}
	p.blanks()
	return a, true
}

// value reads the value of a single attribute; nothing on the rest of the line is
// the empty value.
func (p *templateParser) value() (string, bool) {
	if p.at == len(p.text) || p.text[p.at] == '\n' {
		return "", true
	}
	if p.text[p.at] == '"' {
		return p.quoted()
	}
	start := p.at
	for p.at < len(p.text) && !isBlank(p.text[p.at]) && !strings.ContainsRune("=#\n,[]", rune(p.text[p.at])) {
		p.at++
	}
	if p.at == start {
		p.wrong("want a value here; one with blanks or any of = # , [ ] needs double quotes")
		return "", false
	}
	return p.text[start:p.at], true
}

// quoted reads a text in double quotes, which may go over several lines and in
// which \" is the only escape.
func (p *templateParser) quoted() (string, bool) {
	for i := p.at + 1; i < len(p.text); i++ {
		if p.text[i] == '"' && p.text[i-1] != '\\' {
			value := strings.ReplaceAll(p.text[p.at+1:i], `\"`, `"`)
			p.at = i + 1
			return value, true
		}
	}
	p.wrong("the double quotes that open here are not closed")
	p.at = len(p.text) // whatever follows is in them
	return "", false
}

// vector reads the rest of a vector, behind its opening bracket. A mistake in it
// ends it at the next closing bracket: its keys must not be taken for attributes
// of the file.
func (p *templateParser) vector() ([]attribute, bool) {
	all := []attribute{}
	for p.skip(); !p.next(']'); p.skip() {
		if len(all) > 0 {
			if !p.next(',') {
				p.wrong("want , or ] here")
				return all, p.leave()
			}
			p.skip()
		}
		a, ok := p.name()
		if !ok {
			return all, p.leave()
		}
		if a.text, ok = p.value(); !ok {
			return all, p.leave()
		}
		all = append(all, a)
	}
	return all, true
}

// leave passes over the rest of a vector; what was read of it stays.
func (p *templateParser) leave() bool {
	if i := strings.IndexByte(p.text[p.at:], ']'); i >= 0 {
		p.at += i + 1
	} else {
		p.at = len(p.text)
	}
	return true
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

// find returns the first attribute of that name, which is the one that oned uses.
func find(all []attribute, name string) (attribute, bool) {
	for _, a := range all {
		if a.name == name {
			return a, true
		}
	}
	return attribute{}, false
}
