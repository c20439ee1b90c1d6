package confedit

import "strings"

// kind is a token of OpenNebula's grammar.
type kind int

const (
	end    kind = iota
	word        // a name: letters, digits and _
	equal       // =
	hollow      // = and nothing more on its line: the empty value
	comma       // ,
	open        // [ behind =
	shut        // ]
	bare        // behind =, a value without quotes
	quoted      // behind =, a value in double quotes
	poison      // a line with ]]> behind =
)

// span is a piece of the text, as byte offsets.
type span struct{ from, to int }

// token is a piece of the text with a meaning. The blanks around it are not in it.
type token struct {
	kind kind
	span
}

// lexer cuts a text into tokens as oned's own does (src/parsers/template_parser.l,
// the same rules from 5.4 to 7.4): of the rules that fit, the one that takes most, and of
// those the first. What no rule fits, oned prints and passes over; so does this one,
// and remembers it.
type lexer struct {
	text    string
	at      int
	behind  bool   // behind =, where a value stands
	skipped []span // what oned passes over, runs of it joined
	ragged  int    // offset of the comment that the file ends in, -1 for none
	cdata   int    // offset of the next ]]> at or behind at; len(text) for none
}

func newLexer(text string) *lexer {
	return &lexer{text: text, ragged: -1, cdata: -1}
}

func (l *lexer) next() token {
	for l.at < len(l.text) {
		t, ok := token{}, false
		if l.behind {
			t, ok = l.value()
		} else {
			t, ok = l.plain()
		}
		if ok {
			return t
		}
	}
	return token{end, span{l.at, l.at}}
}

// plain reads a token that is no value; false when it passed over something.
func (l *lexer) plain() (token, bool) {
	l.at = l.past(l.at, " \t\n")
	if l.at == len(l.text) {
		return token{}, false
	}
	from := l.at
	one := func(k kind) (token, bool) {
		l.at++
		return token{k, span{from, from + 1}}, true
	}
	switch c := l.text[from]; {
	case c == '#':
		if i := strings.IndexByte(l.text[from:], '\n'); i >= 0 {
			l.at += i + 1
			return token{}, false
		}
		if l.ragged < 0 {
			l.ragged = from
		}
		return l.skip()
	case c == ',':
		return one(comma)
	case c == ']':
		return one(shut)
	case c == '=':
		l.at = l.past(from+1, " \t")
		if l.at < len(l.text) && l.text[l.at] == '\n' {
			return token{hollow, span{from, from + 1}}, true
		}
		l.behind = true
		return token{equal, span{from, from + 1}}, true
	case isNameByte(c):
		for l.at < len(l.text) && isNameByte(l.text[l.at]) {
			l.at++
		}
		return token{word, span{from, l.at}}, true
	}
	return l.skip()
}

// value reads what stands behind =.
func (l *lexer) value() (token, bool) {
	from, best := l.at, token{}
	longer := func(k kind, at, to int) {
		if to > l.at {
			best, l.at = token{k, span{at, to}}, to
		}
	}
	if i := l.past(from, " \t"); i < len(l.text) && l.text[i] == '[' {
		longer(open, i, l.past(i+1, " \t\n"))
	}
	longer(poison, from, l.poisoned(from))
	longer(quoted, from, l.unquote(from))
	i := from
	for i < len(l.text) && isBare(l.text[i]) {
		i++
	}
	longer(bare, from, i)
	if l.at == from {
		return l.skip()
	}
	if best.kind == open {
		best.to = best.from + 1
	}
	l.behind = false
	return best, true
}

// poisoned returns the end of the line if there is ]]> in the rest of it, else from.
func (l *lexer) poisoned(from int) int {
	const mark = "]]>"
	if l.cdata < from {
		l.cdata = len(l.text)
		if i := strings.Index(l.text[from:], mark); i >= 0 {
			l.cdata = from + i
		}
	}
	line := strings.IndexByte(l.text[from:l.cdata], '\n')
	if l.cdata == len(l.text) || line >= 0 {
		return from
	}
	if i := strings.IndexByte(l.text[l.cdata:], '\n'); i >= 0 {
		return l.cdata + i
	}
	return len(l.text)
}

// unquote returns the end of the text in double quotes that begins at from, or from.
// A quote behind a backslash belongs to the text, unless it is the last of the file.
func (l *lexer) unquote(from int) int {
	if l.text[from] != '"' {
		return from
	}
	last := from
	for i := from + 1; i < len(l.text); i++ {
		if l.text[i] != '"' {
			continue
		}
		last = i + 1
		if l.text[i-1] != '\\' {
			break
		}
	}
	return last
}

// skip passes over a byte for which oned has no rule.
func (l *lexer) skip() (token, bool) {
	if n := len(l.skipped); n > 0 && l.skipped[n-1].to == l.at {
		l.skipped[n-1].to++
	} else {
		l.skipped = append(l.skipped, span{l.at, l.at + 1})
	}
	l.at++
	return token{}, false
}

// past returns the offset of the first byte at or behind i that is not in set.
func (l *lexer) past(i int, set string) int {
	for i < len(l.text) && strings.IndexByte(set, l.text[i]) >= 0 {
		i++
	}
	return i
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

// isBare reports whether a value without quotes may have that byte.
func isBare(c byte) bool {
	switch c {
	case '=', '#', ' ', '\t', '\n', ',', '[', ']':
		return false
	}
	return true
}
