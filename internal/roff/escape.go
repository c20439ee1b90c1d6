package roff

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Words returns the words of plain text.
func Words(text string) []string {
	words := strings.Fields(text)
	for i, w := range words {
		words[i] = escape(w, true)
	}
	return words
}

// Bold returns plain text as it is to be typed.
func Bold(text string) string { return `\fB` + escape(text, true) + `\fR` }

// Italic returns plain text that stands for something else.
func Italic(text string) string { return `\fI` + escape(text, true) + `\fR` }

// escape renders plain text so that it comes out as it is: not as an escape
// sequence, a request (a line that begins with a dot or an apostrophe), a
// typographic quote, or, where it is to be typed, a hyphen that the terminal shows
// as another character. What is not ASCII is named by its code point, since groff
// by itself reads Latin-1. See groff_char(7).
func escape(text string, typed bool) string {
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
