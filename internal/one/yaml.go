package one

import (
	"strings"
	"unicode/utf8"
)

// yamlWord is a single value of a file and its place.
type yamlWord struct {
	text         string
	line, column int // from 1, the column in characters
}

// parseYAML returns the single values of a YAML map by the path of their keys, as
// ":port" and ":server/:port": two levels, which is as deep as the settings lie. A
// key that is there twice has its last value, as in Ruby and JavaScript.
//
// This is a reader of the forms in which such a file is written, not of YAML: what
// is none of our settings is passed over whatever its form, since a service that
// runs has a file that its own parser took. A YAML library was weighed: goccy's
// parser costs the agents 0.45 MB, takes all or nothing, and refuses what Ruby takes,
// such as {:level: 2}.
func parseYAML(text string) (map[string]yamlWord, []mistake) {
	words := map[string]yamlWord{}
	var mistakes []mistake
	parent, indent := "", 0 // the key whose map the lines belong to, and how far they are indented
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if number == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		body := strings.TrimLeft(line, " ")
		depth := len(line) - len(body)
		switch {
		case strings.TrimSpace(body) == "" || body[0] == '#':
			continue
		case depth == 0 && isMarker(body):
			if len(words) > 0 || parent != "" {
				return words, mistakes // only the first document counts
			}
			continue
		case depth > 0 && (parent == "" || indent != 0 && depth != indent):
			continue // belongs to a value that is not ours
		}
		key, value, ok := cutKey(body)
		w := yamlWord{text: value, line: number, column: utf8.RuneCountInString(line[:len(line)-len(value)]) + 1}
		switch {
		case !ok && depth == 0:
			parent = ""
			if len(mistakes) == 0 && body[0] != '-' && body[0] != '}' && body[0] != ']' { // a list may stand below its key; brackets end a value
				mistakes = append(mistakes, mistake{number, 1, "want a key and a colon here"})
			}
		case !ok:
		case depth > 0:
			indent = depth
			words[parent+"/"+key] = w.single()
		case strings.HasPrefix(value, "{"):
			parent = ""
			w.flow(words, key)
		default:
			parent, indent = "", 0
			if words[key] = w.single(); words[key].text == "" {
				parent = key
			}
		}
	}
	return words, mistakes
}

// isMarker reports whether the line begins or ends a document, or is a directive.
func isMarker(line string) bool {
	return strings.HasPrefix(line, "---") || strings.HasPrefix(line, "...") || line[0] == '%'
}

// cutKey splits KEY: VALUE, where the key may begin with a colon, being a Ruby
// symbol, or stand in quotes.
func cutKey(s string) (key, value string, ok bool) {
	for i := 1; i < len(s); i++ {
		if s[i] == ':' && s[0] != '{' && s[0] != '[' && (i+1 == len(s) || s[i+1] == ' ' || s[i+1] == '\t') {
			return strings.Trim(strings.TrimRight(s[:i], " \t"), `"'`), strings.TrimLeft(s[i+1:], " \t"), true
		}
	}
	return "", "", false
}

// single takes the quotes or the comment from a value.
func (w yamlWord) single() yamlWord {
	s := w.text
	switch {
	case strings.HasPrefix(s, "'"):
		s, _, _ = strings.Cut(strings.ReplaceAll(s[1:], "''", "\x00"), "'")
		s = strings.ReplaceAll(s, "\x00", "'")
	case strings.HasPrefix(s, `"`):
		s, _, _ = strings.Cut(s[1:], `"`) // no setting has a quote in it
	case strings.HasPrefix(s, "#"):
		s = ""
	default:
		if i := strings.Index(s, " #"); i >= 0 {
			s = s[:i]
		}
		s = strings.TrimSpace(s)
		if s == "~" || s == "null" {
			s = ""
		}
	}
	w.text = s
	return w
}

// flow reads the single values of a map in braces that stands on one line. One that
// goes on stays what it is, for whoever needs it.
func (w yamlWord) flow(words map[string]yamlWord, parent string) {
	inner, _, closed := strings.Cut(w.text[1:], "}")
	if !closed {
		words[parent] = w
		return
	}
	for part := range strings.SplitSeq(inner, ",") {
		if key, value, ok := cutKey(strings.TrimSpace(part)); ok {
			words[parent+"/"+key] = yamlWord{value, w.line, w.column}.single()
		}
	}
}
