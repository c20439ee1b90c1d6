package ocf

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// roffWidth is how long lines of man(7) source get, in bytes. It does not show on
// output; mandoc -Tlint asks for 80 at most.
const roffWidth = 78

// roffBuilder writes man(7) source in the form that groff and mandoc both take
// without a warning. What it is given as words is escaped already, by roffWords or
// bold.
type roffBuilder struct{ strings.Builder }

// macro calls a macro with arguments that are plain text.
func (b *roffBuilder) macro(name string, args ...string) {
	b.WriteString("." + name)
	for _, arg := range args {
		b.WriteString(` "` + roffEscape(strings.Join(strings.Fields(arg), " "), false) + `"`)
	}
	b.WriteByte('\n')
}

// words writes text that is filled on output.
func (b *roffBuilder) words(words ...string) {
	for _, line := range fill(words, roffWidth) {
		b.WriteString(line + "\n")
	}
}

// paragraphs writes text whose lines are paragraphs; macro begins each but the
// first.
func (b *roffBuilder) paragraphs(text, macro string) {
	begun := false
	for line := range strings.Lines(text) {
		words := roffWords(line)
		if len(words) == 0 {
			continue
		}
		if begun {
			b.macro(macro)
		}
		b.words(words...)
		begun = true
	}
}

// tagged begins an entry of a list of definitions.
func (b *roffBuilder) tagged(words ...string) {
	b.macro("TP")
	b.WriteString(strings.Join(words, " ") + "\n")
}

// references writes a list of manual pages, given as name(section).
func (b *roffBuilder) references(pages []string) {
	words := make([]string, len(pages))
	for i, page := range pages {
		name, section, _ := strings.Cut(page, "(")
		words[i] = bold(name) + "(" + section
		if i < len(pages)-1 {
			words[i] += ","
		}
	}
	b.words(words...)
}

// command writes a shell command whose parts are never divided, with the
// continuation lines that a shell takes.
func (b *roffBuilder) command(parts ...string) {
	for i, part := range parts {
		parts[i] = roffEscape(part, true)
	}
	const indent = "    "
	b.macro("PP")
	b.macro("RS", "4")
	b.macro("nf")
	b.WriteString(strings.Join(fill(parts, 64), " \\e\n"+indent) + "\n")
	b.macro("fi")
	b.macro("RE")
}

// newLine among words ends a line.
const newLine = ""

// fill packs words into lines of at most width bytes, a longer word into one of
// its own.
func fill(words []string, width int) []string {
	var lines []string
	fresh := true
	for _, w := range words {
		switch last := len(lines) - 1; {
		case w == newLine:
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

// roffWords escapes the words of plain text.
func roffWords(text string) []string {
	words := strings.Fields(text)
	for i, w := range words {
		words[i] = roffEscape(w, true)
	}
	return words
}

func bold(text string) string { return `\fB` + roffEscape(text, true) + `\fR` }

// roffEscape renders plain text so that it comes out as it is: not as an escape
// sequence, a request (a line that begins with a dot or an apostrophe), a
// typographic quote, or, where it is to be typed, a hyphen that the terminal shows
// as another character. What is not ASCII is named by its code point, since groff
// by itself reads Latin-1. See groff_char(7).
func roffEscape(text string, typed bool) string {
	var b strings.Builder
	if strings.HasPrefix(text, ".") {
		b.WriteString(`\&`)
	}
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-' && typed:
			b.WriteString(`\-`)
		case r == '\'':
			b.WriteString(`\(aq`)
		case r == '"':
			b.WriteString(`\(dq`)
		case r == '`':
			b.WriteString(`\(ga`)
		case r == '^':
			b.WriteString(`\(ha`)
		case r == '~':
			b.WriteString(`\(ti`)
		case r < ' ' || r >= 0x7F && r < 0xA0:
			fmt.Fprintf(&b, `\[u%04X]`, utf8.RuneError)
		case r >= 0x7F:
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
