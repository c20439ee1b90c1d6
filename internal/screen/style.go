// Package screen puts text on a terminal: what it can show, in which colours, in how
// many columns, and again and again over the picture before.
package screen

import (
	"strings"
	"unicode/utf8"
)

// Style is what the screen can show.
type Style struct {
	Width int  // columns, at least 40
	Color bool // SGR sequences (ECMA-48, 8.3.117)
	UTF8  bool // marks that are no ASCII
}

// Tone is how much a text matters.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Good
	Poor
	Bad
	Faint
	Strong
)

// sgr are the tones of text, as SGR parameters. Green and yellow text cannot be read on
// white: they are for marks, yellow as the ground of one.
var sgr = map[Tone]string{Poor: "1", Bad: "1;31", Faint: "2", Strong: "1"}

// markSGR are those of marks.
var markSGR = map[Tone]string{Good: "32", Poor: "30;43", Bad: "1;31"}

// marks stand before a line, so that it can be told without colour.
var marks = map[Tone][2]string{Good: {"+", "✓"}, Poor: {"!", "!"}, Bad: {"X", "✗"}, Plain: {"-", "·"}}

// Paint gives a text the colour of a tone.
func (s Style) Paint(t Tone, text string) string { return s.SGR(sgr[t], text) }

// SGR gives a text the look of these parameters.
func (s Style) SGR(code, text string) string {
	if s.Color && code != "" && text != "" {
		return "\x1b[" + code + "m" + text + "\x1b[0m"
	}
	return text
}

// Mark is the sign of a tone, in its colour. It is one column wide.
func (s Style) Mark(t Tone) string {
	sign := marks[t][0]
	if s.UTF8 {
		sign = marks[t][1]
	}
	return s.SGR(markSGR[t], sign)
}

// Clip shortens a text to a width, at least 1.
func (s Style) Clip(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + map[bool]string{false: "~", true: "…"}[s.UTF8]
}

// Line writes a text after a lead, which is painted already and so many columns wide, in
// as many lines as it needs, the others indented as far.
func (s Style) Line(b *strings.Builder, lead string, columns int, text string, t Tone) {
	for i, part := range Wrap(Clean(text), s.Width-columns) {
		if i > 0 {
			lead = strings.Repeat(" ", columns)
		}
		b.WriteString(strings.TrimRight(lead+s.Paint(t, part), " ") + "\n")
	}
}

// Clean keeps what others wrote, such as a server's name, from steering the terminal.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, text)
}

// Wrap breaks a text between words, and words that are too long anywhere. There is
// always one line.
func Wrap(text string, width int) []string {
	width = max(width, 10)
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		for utf8.RuneCountInString(word) > width {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			runes := []rune(word)
			lines, word = append(lines, string(runes[:width])), string(runes[width:])
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines, line = append(lines, line), word
		default:
			line += " " + word
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}
