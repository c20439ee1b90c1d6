package main

import (
	"strings"
	"unicode/utf8"
)

// table sets rows of cells in columns, two spaces apart and from the margin, each cell
// wrapped at its column's width: that of columns, where negative ones are set flush
// right; those with 0 share what is left, by what they need. Columns are no
// wider than their widest cell.
func table(rows [][]string, columns []int, width int) string {
	widths := columnWidths(rows, columns, width-2*len(columns))
	var b strings.Builder
	for _, row := range rows {
		cells := make([][]string, len(row))
		lines := 1
		for i, cell := range row {
			cells[i] = wrap(cell, widths[i])
			lines = max(lines, len(cells[i]))
		}
		for n := range lines {
			line := ""
			for i := range row {
				text := ""
				if n < len(cells[i]) {
					text = cells[i][n]
				}
				pad := strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(text)))
				if columns[i] < 0 {
					text, pad = pad+text, ""
				}
				line += "  " + text + pad
			}
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	return b.String()
}

// columnWidths shares the room among the columns.
func columnWidths(rows [][]string, columns []int, room int) []int {
	widest := make([]int, len(columns))
	for _, row := range rows {
		for i, cell := range row {
			widest[i] = max(widest[i], utf8.RuneCountInString(cell))
		}
	}
	widths, free := make([]int, len(columns)), 0
	for i, c := range columns {
		if c != 0 {
			widths[i] = min(max(c, -c), widest[i])
			room -= widths[i]
		} else {
			free++
		}
	}
	for i, c := range columns {
		if c == 0 {
			widths[i] = min(widest[i], max(10, room/free))
			room -= widths[i]
			free--
		}
	}
	return widths
}

// wrap breaks a text between words; a word that is too long is broken anywhere.
func wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		for utf8.RuneCountInString(word) > width {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			r := []rune(word)
			lines, word = append(lines, string(r[:width])), string(r[width:])
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}

// paragraph wraps a text, with a margin for the first line and one for the others.
func paragraph(first, others, text string, width int) string {
	var b strings.Builder
	for i, line := range wrap(text, width-utf8.RuneCountInString(others)) {
		margin := others
		if i == 0 {
			margin = first
		}
		b.WriteString(margin + line + "\n")
	}
	return b.String()
}
