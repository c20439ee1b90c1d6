package screen

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Column is a column of a Table.
type Column struct {
	Head  string
	Right bool // flush right: numbers
	// Drop says when the column goes, if there is no room for all: the highest
	// first, 0 never.
	Drop int
	// Least is how narrow the column becomes before any column goes, 0: as it is.
	Least int
}

// Cell is a text in a table.
type Cell struct {
	Text string
	Tone Tone
}

// Row is a line of a table, with a mark in front.
type Row struct {
	Mark  Tone
	Cells []Cell // one for each column
}

// Table sets rows in columns of their own width, with a line of heads. When there is
// no room for all columns, some go, and then the widest cells are cut. No line is
// wider than the style.
func (s Style) Table(b *strings.Builder, columns []Column, rows []Row) {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = utf8.RuneCountInString(c.Head)
		for _, r := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(Clean(r.Cells[i].Text)))
		}
	}
	shown := s.choose(columns, widths)
	heads := Row{Mark: -1}
	for _, c := range columns {
		heads.Cells = append(heads.Cells, Cell{c.Head, Faint})
	}
	for _, r := range append([]Row{heads}, rows...) {
		line := "   "
		if r.Mark >= 0 {
			line = " " + s.Mark(r.Mark) + " "
		}
		for n, i := range shown {
			text := s.Clip(Clean(r.Cells[i].Text), widths[i])
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			painted := s.Paint(r.Cells[i].Tone, text)
			if n > 0 {
				line += "  "
			}
			if columns[i].Right {
				line += pad + painted
			} else {
				line += painted + pad
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// margin is what stands before the first column: a mark between blanks.
const margin = 3

// choose says which columns are shown, and narrows widths until they fit.
func (s Style) choose(columns []Column, widths []int) (shown []int) {
	full := slices.Clone(widths)
	for i := range columns {
		shown = append(shown, i)
	}
	for i, c := range columns {
		if more := s.taken(shown, widths) - s.Width; c.Least > 0 && more > 0 {
			widths[i] = max(min(widths[i], c.Least), widths[i]-more)
		}
	}
	for s.taken(shown, widths) > s.Width {
		last := slices.MaxFunc(shown, func(a, b int) int { return cmp.Compare(columns[a].Drop, columns[b].Drop) })
		if columns[last].Drop == 0 {
			break
		}
		shown = slices.DeleteFunc(shown, func(i int) bool { return i == last })
	}
	for i, c := range columns { // what a narrow column left free
		if c.Least > 0 && slices.Contains(shown, i) {
			widths[i] = min(full[i], widths[i]+max(0, s.Width-s.taken(shown, widths)))
		}
	}
	for s.taken(shown, widths) > s.Width {
		widest := slices.MaxFunc(shown, func(a, b int) int { return cmp.Compare(widths[a], widths[b]) })
		if widths[widest] <= 1 {
			break
		}
		widths[widest]--
	}
	return shown
}

// taken is how wide a line is.
func (s Style) taken(shown, widths []int) int {
	sum := margin - 2
	for _, i := range shown {
		sum += widths[i] + 2
	}
	return sum
}
