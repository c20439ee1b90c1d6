// Package roff writes manual pages as man(7) source, in the form that groff and
// mandoc both take without a warning.
//
// Text that is given as a string is plain: it comes out as it is. Words are
// escaped already, by Words, Bold or Italic, and are joined by single spaces.
package roff

import (
	"strings"
)

// width is how long lines of source get, in bytes. It does not show on output;
// mandoc -Tlint asks for 80 at most.
const width = 78

// commandWidth keeps commands within 80 columns: they are indented by 7, 4 and, in
// continuation lines, 4 more columns, and end in a blank and a backslash.
const commandWidth = 80 - 7 - 4 - 4 - 2 - 1

// Page is a manual page that is being written.
type Page struct {
	b     strings.Builder
	begun bool // a paragraph, and nothing is in it yet
}

// Title is what the header and the footer of a page say.
type Title struct {
	Name    string // in lower case
	Section string
	Date    string // as 2006-01-02
	Package string // name and version
	Manual  string // the book that the page is of
}

// New begins a page.
func New(t Title) *Page {
	p := &Page{}
	p.macro("TH", strings.ToUpper(t.Name), t.Section, t.Date, t.Package, t.Manual)
	p.b.WriteString(".nh\n.ad l\n.ss 12 0\n") // no hyphenation and no gaps: much of the text may be typed
	return p
}

// Bytes returns the page.
func (p *Page) Bytes() []byte { return []byte(p.b.String()) }

// Section begins a section, by usage in upper case.
func (p *Page) Section(heading string) { p.macro("SH", heading) }

// Subsection begins a part of a section.
func (p *Page) Subsection(heading string) { p.macro("SS", heading) }

// Name writes the section that apropos(1) and whatis(1) read.
func (p *Page) Name(name, short string) {
	p.Section("NAME")
	p.Fill(append([]string{escape(name, true), `\-`}, Words(short)...)...)
}

// Fill writes words, filled on output.
func (p *Page) Fill(words ...string) {
	for _, line := range pack(words, width) {
		p.b.WriteString(line + "\n")
		p.begun = false
	}
}

// Paragraph begins a paragraph, unless one has just begun.
func (p *Page) Paragraph() {
	if !p.begun {
		p.macro("PP")
	}
}

// Break ends a line of output.
func (p *Page) Break() { p.macro("br") }

// Text writes text each of whose lines is a paragraph.
func (p *Page) Text(text string) { p.paragraphs(text, "PP") }

// Entry begins an entry of a list of definitions with its head.
func (p *Page) Entry(words ...string) {
	p.macro("TP")
	p.b.WriteString(strings.Join(words, " ") + "\n")
}

// EntryText is Text within an entry.
func (p *Page) EntryText(text string) { p.paragraphs(text, "IP") }

func (p *Page) paragraphs(text, macro string) {
	begun := false
	for line := range strings.Lines(text) {
		words := Words(line)
		if len(words) == 0 {
			continue
		}
		if begun {
			p.macro(macro)
		}
		p.Fill(words...)
		begun = true
	}
}

// References writes a list of manual pages, given as name(section).
func (p *Page) References(pages []string) {
	words := make([]string, len(pages))
	for i, page := range pages {
		name, section, _ := strings.Cut(page, "(")
		words[i] = Bold(name) + "(" + escape(section, true)
		if i < len(pages)-1 {
			words[i] += ","
		}
	}
	p.Fill(words...)
}

// Command writes a shell command whose parts are never divided, with the
// continuation lines that a shell takes. NewLine among the parts ends a line.
func (p *Page) Command(parts ...string) {
	lines := pack(parts, commandWidth)
	for i := range lines {
		if i > 0 {
			lines[i] = "    " + lines[i]
		}
		if i < len(lines)-1 {
			lines[i] += ` \`
		}
	}
	p.Literal(lines...)
}

// Literal writes lines as they are to be typed.
func (p *Page) Literal(lines ...string) {
	p.Paragraph()
	p.macro("RS", "4")
	p.macro("nf")
	for _, line := range lines {
		p.b.WriteString(escape(line, true) + "\n")
	}
	p.macro("fi")
	p.macro("RE")
}

// macro calls a macro with arguments that are plain text.
func (p *Page) macro(name string, args ...string) {
	p.b.WriteString("." + name)
	for _, arg := range args {
		p.b.WriteString(` "` + escape(strings.Join(strings.Fields(arg), " "), false) + `"`)
	}
	p.b.WriteByte('\n')
	p.begun = name == "SH" || name == "SS" || name == "PP"
}

// NewLine among words ends a line.
const NewLine = ""

// pack puts words into lines of at most width bytes, a longer word into one of its
// own.
func pack(words []string, width int) []string {
	var lines []string
	fresh := true
	for _, w := range words {
		switch last := len(lines) - 1; {
		case w == NewLine:
			fresh = true
			continue
		case fresh || len(lines[last])+1+len(w) > width:
			lines = append(lines, w)
		default:
			lines[last] += " " + w
		}
		fresh = false
	}
	return lines
}
