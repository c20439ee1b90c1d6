package status

import (
	"slices"
	"strings"
	"unicode/utf8"

	tty "github.com/oneha/oneha/internal/screen"
)

// Style is what the screen can show.
type Style = tty.Style

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
type tone = tty.Tone

const (
	plain  = tty.Plain
	good   = tty.Good
	poor   = tty.Poor
	bad    = tty.Bad
	faint  = tty.Faint
	strong = tty.Strong
)

// screen is a text on its way.
type screen struct {
	Style
	Report
	text strings.Builder
}

// line writes a text after a lead, which is painted already and so many columns wide, in
// as many lines as it needs, the others indented as far.
func (s *screen) line(lead string, columns int, text string, t tone) {
	s.Line(&s.text, lead, columns, text, t)
}

// section begins a part of the screen: its name, and what is true of all of it.
func (s *screen) section(name, text string, t tone) {
	s.text.WriteString("\n")
	const columns = 12
	s.line(s.Paint(strong, name)+strings.Repeat(" ", max(1, columns-len(name))), columns, text, t)
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
			widths[i] = max(widths[i], utf8.RuneCountInString(tty.Clean(c)))
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
				cell = s.Clip(tty.Clean(r.cells[i]), w)
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
		s.line("  "+s.Mark(r.tone)+" "+s.Paint(about, cells), 4+utf8.RuneCountInString(cells), r.text, text)
	}
}

// total is what columns take, with the space after each.
func total(widths []int) (sum int) {
	for _, w := range widths {
		sum += w + 2
	}
	return sum
}
