package main

import (
	"fmt"
	"regexp"
	"strings"
)

// page is a page that is being written.
type page struct{ strings.Builder }

// newPage begins a page.
func newPage(title, intro string) *page {
	p := &page{}
	fmt.Fprintf(p, "<!-- Written by make docs: change what it is made from. -->\n\n# %s\n\n%s\n", title, fold(intro))
	return p
}

func (p *page) heading(level int, text string) {
	fmt.Fprintf(p, "\n%s %s\n", strings.Repeat("#", level), text)
}

func (p *page) text(text string) {
	if text != "" {
		fmt.Fprintf(p, "\n%s\n", fold(linked(plain(text))))
	}
}

// literal writes lines as they are.
func (p *page) literal(lines ...string) {
	fmt.Fprintf(p, "\n```\n%s\n```\n", strings.Join(lines, "\n"))
}

// table writes a table; cells are Markdown on one line.
func (p *page) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(p, "\n| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = strings.ReplaceAll(strings.Join(strings.Fields(cell), " "), "|", `\|`)
		}
		fmt.Fprintf(p, "| %s |\n", strings.Join(cells, " | "))
	}
}

// code shows text as it is typed; nothing for no text.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// codes are words, each as it is typed.
func codes(words []string) string {
	shown := make([]string, len(words))
	for i, w := range words {
		shown[i] = code(w)
	}
	return strings.Join(shown, ", ")
}

// plain keeps text from being taken for markup, but for what stands in backticks.
func plain(text string) string {
	parts := strings.Split(text, "`")
	if len(parts)%2 == 0 { // one without its partner
		parts = []string{strings.Join(parts, `\`+"`")}
	}
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.NewReplacer("*", `\*`, "<", `\<`, "[", `\[`, "]", `\]`, " _", ` \_`).Replace(parts[i])
	}
	return strings.Join(parts, "`")
}

// ours are pages of the documentation that a text names.
var ours = regexp.MustCompile(`docs/([a-z0-9/-]+\.md)`)

// linked makes links of them.
func linked(text string) string { return ours.ReplaceAllString(text, "[docs/$1](../$1)") }

// fold breaks text into lines of at most 100 characters, each line of it a paragraph.
// No line begins with what would be a list or a heading.
func fold(text string) string {
	var paragraphs []string
	for paragraph := range strings.Lines(text) {
		var lines []string
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && len(line)+1+len(word) > 100 && !strings.ContainsAny(word[:1], "-+#>=0123456789") {
				lines, line = append(lines, line), ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		if line != "" {
			paragraphs = append(paragraphs, strings.Join(append(lines, line), "\n"))
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// sentence makes a sentence of a line.
func sentence(line string) string {
	if line == "" {
		return ""
	}
	return strings.ToUpper(line[:1]) + strings.TrimSuffix(line[1:], ".") + "."
}
