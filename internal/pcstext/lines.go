package pcstext

import "strings"

// line is a line of the text with those that are indented below it.
type line struct {
	text   string // without its indentation
	number int    // from 1
	indent int
	below  []*line
}

// lines counts a line and all below it.
func (l *line) lines() int {
	n := 1
	for _, c := range l.below {
		n += c.lines()
	}
	return n
}

// broken is how much deeper the rest of a line stands that pcs broke for a terminal;
// below a heading a line stands one or two deeper.
const broken = 4

// tree orders lines by their indentation. A broken line is made whole. That loses the
// blanks at the breaks but one: pcs breaks at blanks, and after the hyphen of a word.
func tree(lines []string) []*line {
	root := &line{indent: -1}
	path := []*line{root}
	var rest []string // of the last line, when it was broken
	whole := func() {
		if last := path[len(path)-1]; len(rest) > 0 {
			last.text = joined(last.text, rest)
			rest = nil
		}
	}
	for i, s := range lines {
		text := strings.TrimLeft(s, " ")
		if strings.TrimSpace(text) == "" {
			continue
		}
		indent := len(s) - len(text)
		last := path[len(path)-1]
		if last != root && indent >= last.indent+broken && !strings.HasPrefix(last.text, "Operations: ") {
			rest = append(rest, text)
			continue
		}
		whole()
		for path[len(path)-1].indent >= indent {
			path = path[:len(path)-1]
		}
		l := &line{text: strings.TrimRight(text, "\t"), number: i + 1, indent: indent}
		parent := path[len(path)-1]
		parent.below = append(parent.below, l)
		path = append(path, l)
	}
	whole()
	return root.below
}

func joined(text string, rest []string) string {
	var b strings.Builder
	b.WriteString(text)
	before := text
	for _, s := range rest {
		if !strings.HasSuffix(before, "-") && !strings.HasSuffix(before, " ") {
			b.WriteByte(' ')
		}
		b.WriteString(s)
		before = s
	}
	return b.String()
}
