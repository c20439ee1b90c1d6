package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// lineWidth is how long a line may get before a map or a list on it is written as a
// block, in characters: that of the examples.
const lineWidth = 112

// out is a value of a file that is being written. The zero value is none: a key with
// it is not written.
type out struct {
	kind  kind // absent, scalar, list or mapping
	text  string
	lines bool // a text of several lines
	items []out
	pairs []outPair
	tall  bool // a map that is never written on one line
}

type outPair struct {
	key   string
	value out
}

func outText(s string) out {
	if s == "" {
		return out{}
	}
	return out{kind: scalar, text: s}
}

// outLines is a text that ends with a line break.
func outLines(s string) out {
	v := outText(s)
	v.lines = true
	return v
}

func outTexts(items []string) out {
	v := out{}
	for _, s := range items {
		v.kind = list
		v.items = append(v.items, outText(s))
	}
	return v
}

// oneOrList is a list, or its one item.
func oneOrList(items []out) out {
	switch len(items) {
	case 0:
		return out{}
	case 1:
		return items[0]
	}
	return out{kind: list, items: items}
}

// outMap collects the pairs of a map, those without a value too: a comment may stand
// in their place.
type outMap []outPair

func (m *outMap) add(key string, v out) { *m = append(*m, outPair{key, v}) }

func (m *outMap) text(key, s string) { m.add(key, outText(s)) }

// written are the pairs with a value.
func (m outMap) written() outMap {
	return slices.DeleteFunc(slices.Clone(m), func(p outPair) bool { return p.value.kind == absent })
}

// flow is the map, on one line where it fits.
func (m outMap) flow() out {
	if len(m.written()) == 0 {
		return out{pairs: m}
	}
	return out{kind: mapping, pairs: m}
}

// block is the map, never on one line.
func (m outMap) block() out {
	v := m.flow()
	v.tall = true
	return v
}

// yamlWriter writes values with their comments.
type yamlWriter struct {
	strings.Builder
	comments Comments
}

// comment writes the comment of a path, if it has one.
func (w *yamlWriter) comment(path, indent string) {
	text, ok := w.comments[path]
	if !ok {
		return
	}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		line = strings.Map(func(c rune) rune {
			if isControl(c) {
				return ' '
			}
			return c
		}, strings.ToValidUTF8(line, "?"))
		w.WriteString(strings.TrimRight(indent+"# "+line, " ") + "\n")
	}
}

// commented reports whether a path or one below it has a comment.
func (w *yamlWriter) commented(path string) bool {
	for p := range w.comments {
		if p == path || strings.HasPrefix(p, path+".") {
			return true
		}
	}
	return false
}

// pairs writes the pairs of a map as a block.
func (w *yamlWriter) pairs(v out, path, indent string) {
	for _, p := range v.pairs {
		at := join(path, p.key)
		if p.value.kind == absent {
			w.gap(p.value, at, indent)
			continue
		}
		w.comment(at, indent)
		key := indent + scalarText(p.key) + ":"
		below := p.value.kind == mapping && slices.ContainsFunc(p.value.pairs, func(q outPair) bool { return w.commented(join(at, q.key)) })
		line := key + " " + inlined(p.value)
		switch {
		case p.value.lines && literal(p.value.text):
			w.WriteString(key + " |\n")
			for l := range strings.Lines(p.value.text) {
				if strings.TrimSpace(l) != "" {
					w.WriteString(indent + "  ")
				}
				w.WriteString(l)
			}
		case p.value.kind == scalar, !p.value.tall && !below && utf8.RuneCountInString(line) <= lineWidth:
			w.WriteString(line + "\n")
		case p.value.kind == list:
			w.WriteString(key + "\n")
			for _, item := range p.value.items {
				w.WriteString(indent + "  - " + inlined(item) + "\n")
			}
		default:
			w.WriteString(key + "\n")
			w.pairs(p.value, at, indent+"  ")
		}
	}
}

// gap writes the comments of what is not written.
func (w *yamlWriter) gap(v out, path, indent string) {
	w.comment(path, indent)
	for _, p := range v.pairs {
		w.gap(p.value, join(path, p.key), indent)
	}
}

// inlined writes a value on one line.
func inlined(v out) string {
	var parts []string
	switch v.kind {
	case list:
		for _, item := range v.items {
			parts = append(parts, inlined(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case mapping:
		for _, p := range v.pairs {
			if p.value.kind != absent {
				parts = append(parts, scalarText(p.key)+": "+inlined(p.value))
			}
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return scalarText(v.text)
}

var (
	plainScalar = regexp.MustCompile(`^[A-Za-z0-9/][A-Za-z0-9_./@+=-]*( [A-Za-z0-9_./@+=-]+)*$`)
	// What YAML 1.1 or 1.2 takes for something else than a text or a number.
	otherScalar = regexp.MustCompile(`^(?i:null|y|n|yes|no|on|off)$`)
)

// scalarText writes a text so that YAML reads that text and nothing else, whatever
// it holds.
func scalarText(s string) string {
	switch {
	case plainScalar.MatchString(s) && !otherScalar.MatchString(s):
		return s
	case strings.ContainsFunc(s, isControl):
		return escaped(s)
	case strings.ContainsAny(s, `"\`):
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return `"` + s + `"`
}

// escaped is a text in double quotes, every control character as an escape (YAML
// 1.2.2, 5.7).
func escaped(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case isControl(c):
			fmt.Fprintf(&b, `\u%04X`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// literal reports whether a text can be written as YAML's literal block: the first
// line sets the indentation, and tabs in it are refused by normalise.
func literal(s string) bool {
	first := true
	for l := range strings.Lines(s) {
		trimmed := strings.TrimLeft(l, " ")
		switch {
		case first && (trimmed != l || strings.TrimSpace(l) == ""):
			return false
		case strings.HasPrefix(trimmed, "\t"), strings.TrimSpace(l) == "" && l != "\n":
			return false
		case strings.ContainsFunc(l, func(c rune) bool { return isControl(c) && c != '\n' && c != '\t' }):
			return false
		}
		first = false
	}
	return strings.HasSuffix(s, "\n")
}
