package yamledit

import (
	"slices"
	"strings"
)

// form is how a value stands in the file.
type form int

const (
	plain  form = iota // without quotes, in one line
	single             // in ' '
	double             // in " ", without a backslash
	empty              // nothing behind the colon, nor below
	parent             // a map below
	opaque             // anything else
)

// entry is a key and its value, at the top or one map below.
type entry struct {
	path     []string
	form     form
	value    string
	from     int // offset of the key
	colon    int // offset behind the colon behind it
	at, to   int // the value, with its quotes; the offset where it would be if there is none
	last     int // offset of the line behind the entry and whatever belongs to it
	children int // indent of the keys below, 0 for none
}

// mistake is a place that cannot be edited safely.
type mistake struct {
	at        int
	what, fix string
}

// scanner finds the entries of a file line by line.
type scanner struct {
	text    string
	entries []entry
	top     int // index of the entry at the top that lines belong to, -1 for none
}

// scan returns the entries, or the first place that speaks against an edit.
func scan(text string) ([]entry, *mistake) {
	s := scanner{text: text, top: -1}
	at := 0
	if strings.HasPrefix(text, "\ufeff") {
		at = len("\ufeff")
	}
	for at < len(text) {
		next, m := s.line(at)
		if m != nil {
			return s.entries, m
		}
		at = next
	}
	for i, e := range s.entries {
		if j := slices.IndexFunc(s.entries[:i], func(o entry) bool { return slices.Equal(o.path, e.path) }); j >= 0 {
			return s.entries, &mistake{e.from, "this key is here twice, and programs do not agree which one counts", "keep one of them"}
		}
	}
	return s.entries, nil
}

// line reads the line that begins at, and returns where to go on.
func (s *scanner) line(at int) (int, *mistake) {
	next := lineEnd(s.text, at)
	line := strings.TrimRight(s.text[at:next], "\r\n")
	body := strings.TrimLeft(line, " ")
	depth := len(line) - len(body)
	trimmed := strings.TrimLeft(body, "\t")
	switch {
	case trimmed == "" || trimmed[0] == '#':
		return next, nil
	case len(trimmed) < len(body):
		return 0, &mistake{at + depth, "there is a tab in the indentation", "indent by blanks"}
	case strings.IndexByte(line, '\r') >= 0 || strings.IndexByte(line, 0) >= 0:
		return 0, &mistake{at, "there is a control character within the line", "remove it"}
	case depth == 0 && strings.HasPrefix(line, "---") && strings.Trim(line[3:], " ") == "" && len(s.entries) == 0:
		return next, nil
	case depth == 0 && (strings.HasPrefix(line, "---") || strings.HasPrefix(line, "...") || line[0] == '%'):
		return 0, &mistake{at, "there is a mark of YAML documents here", "keep one document in the file"}
	case depth > 0:
		return s.below(at, depth, body, next)
	case strings.HasPrefix(body, "- ") || body == "-":
		if s.top < 0 || s.entries[s.top].form == parent {
			return 0, &mistake{at, "there is a list here where a key should be", "edit the file by hand"}
		}
		return s.belongs(next)
	}
	e, ok := s.key(at, body)
	if !ok {
		return 0, &mistake{at, "there is no key with a colon here", "write KEY: value, or edit the file by hand"}
	}
	e.last = next
	s.entries = append(s.entries, e)
	s.top = len(s.entries) - 1
	return s.value(next)
}

// below reads a line that is indented.
func (s *scanner) below(at, depth int, body string, next int) (int, *mistake) {
	if s.top < 0 {
		return 0, &mistake{at, "the file begins with an indented line", "edit the file by hand"}
	}
	owner := &s.entries[s.top]
	e, ok := s.key(at+depth, body)
	switch {
	case owner.form == empty && ok && !strings.HasPrefix(body, "- "):
		owner.form, owner.children = parent, depth
	case owner.form != parent:
		return s.belongs(next)
	case depth != owner.children || !ok || strings.HasPrefix(body, "- "):
		last := &s.entries[len(s.entries)-1]
		if depth < owner.children || depth == owner.children && !strings.HasPrefix(body, "- ") {
			return 0, &mistake{at + depth, "this line belongs to no key", "indent it as the lines around it"}
		}
		last.form, last.last, owner.last = opaque, next, next
		return next, nil
	}
	e.path, e.last = []string{owner.path[0], e.path[0]}, next
	owner.last = next
	s.entries = append(s.entries, e)
	return s.value(next)
}

// belongs makes a line a part of the value of the entry at the top.
func (s *scanner) belongs(next int) (int, *mistake) {
	owner := &s.entries[s.top]
	owner.form, owner.last = opaque, next
	return next, nil
}

// key splits KEY: VALUE at the offset from.
func (s *scanner) key(from int, body string) (entry, bool) {
	for i := 1; i < len(body); i++ {
		if body[i] != ':' || i+1 < len(body) && body[i+1] != ' ' && body[i+1] != '\t' {
			continue
		}
		key := strings.TrimRight(body[:i], " ")
		if key[0] == '"' || key[0] == '\'' {
			if n := len(key); n < 3 || key[n-1] != key[0] {
				return entry{}, false
			}
			key = key[1 : len(key)-1]
		}
		return entry{path: []string{key}, from: from, colon: from + i + 1}, !strings.ContainsRune("{[&*!|>?@%`\\", rune(body[0]))
	}
	return entry{}, false
}

// value reads the value of the last entry, whose line ends at next.
func (s *scanner) value(next int) (int, *mistake) {
	e := &s.entries[len(s.entries)-1]
	rest := strings.TrimRight(s.text[e.colon:next], "\r\n")
	word := strings.TrimLeft(rest, " \t")
	e.at = e.colon + len(rest) - len(word)
	e.to = e.at
	switch {
	case word == "" || word[0] == '#':
		e.form, e.at, e.to = empty, e.colon, e.colon
	case word[0] == '"' || word[0] == '\'':
		to, ok := quotedEnd(word)
		tail := strings.TrimLeft(word[min(to, len(word)):], " \t")
		if !ok || tail != "" && tail[0] != '#' {
			return 0, &mistake{e.at, "these quotes are not closed in their line, or something stands behind them", "write the value in one line"}
		}
		e.to = e.at + to
		e.form, e.value = double, word[1:to-1]
		if word[0] == '\'' {
			e.form, e.value = single, strings.ReplaceAll(e.value, "''", "'")
		} else if strings.Contains(e.value, `\`) {
			e.form = opaque
		}
	case word[0] == '{' || word[0] == '[':
		return s.flow(e)
	case strings.ContainsRune("|>&*!%@`,]}?", rune(word[0])):
		e.form = opaque
	default:
		word = strings.TrimRight(word[:commentIn(word)], " \t")
		e.to = e.at + len(word)
		e.form, e.value = plain, word
		if word == "~" || word == "null" {
			e.value = ""
		}
		if strings.Contains(word, ": ") || strings.HasSuffix(word, ":") || strings.HasPrefix(word, "- ") {
			e.form = opaque
		}
	}
	return next, nil
}

// flow passes over a list or map in brackets, which must end in its line, or before a
// line of its own.
func (s *scanner) flow(e *entry) (int, *mistake) {
	e.form = opaque
	end, ok := flowEnd(s.text[e.at:])
	if !ok {
		return 0, &mistake{e.at, "this bracket is not closed", "write its other half"}
	}
	next := lineEnd(s.text, e.at+end)
	if tail := strings.Trim(s.text[e.at+end:next], " \t\r\n"); tail != "" && tail[0] != '#' {
		return 0, &mistake{e.at, "there is something behind the bracket that closes this one", "write the value in lines of its own"}
	}
	e.last = next
	s.entries[s.top].last = next
	return next, nil
}

// flowEnd is the length of a text in brackets.
func flowEnd(text string) (int, bool) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			if depth--; depth == 0 {
				return i + 1, true
			}
		case c == '"' || c == '\'':
			n, ok := quotedEnd(text[i:])
			if !ok {
				return 0, false
			}
			i += n - 1
		case c == '#' && (text[i-1] == ' ' || text[i-1] == '\n' || text[i-1] == '\t'):
			i = lineEnd(text, i) - 1
		}
	}
	return 0, false
}

// quotedEnd is the length of the text in quotes at the beginning of s.
func quotedEnd(s string) (int, bool) {
	for i := 1; i < len(s); i++ {
		switch {
		case s[0] == '"' && s[i] == '\\':
			i++
		case s[i] != s[0]:
		case s[0] == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
		default:
			return i + 1, true
		}
	}
	return 0, false
}

// commentIn is where a comment begins behind a plain value, or the end.
func commentIn(word string) int {
	for i := 1; i < len(word); i++ {
		if word[i] == '#' && (word[i-1] == ' ' || word[i-1] == '\t') {
			return i
		}
	}
	return len(word)
}

// lineEnd is the beginning of the line behind the one that at is in.
func lineEnd(text string, at int) int {
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(text)
}
