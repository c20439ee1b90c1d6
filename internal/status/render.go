package status

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Style is what the screen can show.
type Style struct {
	Width int  // columns, at least 40
	Color bool // SGR sequences (ECMA-48, 8.3.117)
	UTF8  bool // marks that are no ASCII
}

// Render draws a report: the verdict, what needs attention, and then the nodes, the
// floating IPs, the services and fencing. A healthy cluster of two nodes takes less
// than 24 lines of 80 columns. No line is wider than the style allows.
func Render(r Report, style Style) string {
	style.Width = max(style.Width, 40)
	s := screen{Style: style, Report: r}
	s.head()
	s.problems()
	if r.Verdict == Unknown && len(r.Units) > 0 {
		s.units()
	}
	s.nodes()
	s.addresses()
	s.services()
	s.fencing()
	s.changed()
	return s.text.String()
}

// tone is how much a line matters.
type tone int

const (
	plain tone = iota
	good
	poor
	bad
	faint
	strong
)

// sgr are the tones of text, as SGR parameters. Green and yellow text cannot be read on
// white: they are for marks, yellow as the ground of one.
var sgr = map[tone]string{poor: "1", bad: "1;31", faint: "2", strong: "1"}

// markSGR are those of marks.
var markSGR = map[tone]string{good: "32", poor: "30;43", bad: "1;31"}

// marks stand before a line, so that it can be told without colour.
var marks = map[tone][2]string{good: {"+", "✓"}, poor: {"!", "!"}, bad: {"X", "✗"}, plain: {"-", "·"}}

// screen is a text on its way.
type screen struct {
	Style
	Report
	text strings.Builder
}

// paint gives a text a colour.
func (s *screen) paint(t tone, text string) string { return s.color(sgr[t], text) }

func (s *screen) color(code, text string) string {
	if s.Color && code != "" && text != "" {
		return "\x1b[" + code + "m" + text + "\x1b[0m"
	}
	return text
}

// mark is the sign of a tone, in its colour. It is one column wide.
func (s *screen) mark(t tone) string {
	sign := marks[t][0]
	if s.UTF8 {
		sign = marks[t][1]
	}
	return s.color(markSGR[t], sign)
}

// line writes a text after a lead, which is painted already and so many columns wide, in
// as many lines as it needs, the others indented as far.
func (s *screen) line(lead string, columns int, text string, t tone) {
	for i, part := range wrap(clean(text), s.Width-columns) {
		if i > 0 {
			lead = strings.Repeat(" ", columns)
		}
		s.text.WriteString(strings.TrimRight(lead+s.paint(t, part), " ") + "\n")
	}
}

// section begins a part of the screen: its name, and what is true of all of it.
func (s *screen) section(name, text string, t tone) {
	s.text.WriteString("\n")
	const columns = 12
	s.line(s.paint(strong, name)+strings.Repeat(" ", max(1, columns-len(name))), columns, text, t)
}

// row is a line of a section: cells in columns, and a text that takes the rest.
type row struct {
	tone  tone
	cells []string
	text  string
	loud  bool // the text has the tone too
}

// rows writes lines in columns of their own width.
func (s *screen) rows(rows []row) {
	var widths []int
	for _, r := range rows {
		for i, c := range r.cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(clean(c)))
		}
	}
	room := s.Width * 3 / 5 // the rest is for the text
	for total(widths) > room {
		widest := slices.Index(widths, slices.Max(widths))
		widths[widest]--
	}
	for _, r := range rows {
		cells := ""
		for i, w := range widths {
			cell := ""
			if i < len(r.cells) {
				cell = s.clip(clean(r.cells[i]), w)
			}
			cells += cell + strings.Repeat(" ", w-utf8.RuneCountInString(cell)+2)
		}
		about, text := r.tone, plain
		if r.tone == good {
			about = plain
		}
		if r.loud {
			text = r.tone
		}
		s.line("  "+s.mark(r.tone)+" "+s.paint(about, cells), 4+utf8.RuneCountInString(cells), r.text, text)
	}
}

// total is what columns take, with the space after each.
func total(widths []int) (sum int) {
	for _, w := range widths {
		sum += w + 2
	}
	return sum
}

// clip shortens a text to a width.
func (s *screen) clip(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + map[bool]string{false: "~", true: "…"}[s.UTF8]
}

// clean keeps what others wrote, such as an agent's reason, from steering the
// terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, text)
}

// wrap breaks a text between words, and words that are too long anywhere. There is
// always one line.
func wrap(text string, width int) []string {
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
