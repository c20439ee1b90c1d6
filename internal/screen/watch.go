package screen

import (
	"fmt"
	"io"
	"strings"
)

// Terminal shows one picture after another at the same place. It uses the
// terminal's alternate screen, as pagers do, so that what stood there before is
// back at the end. A picture is one write, and only of lines that changed, so
// that nothing flickers.
type Terminal struct {
	w    io.Writer
	size func() (columns, rows int)
	last []string // on the screen, from its top; nil: nothing yet
	was  [2]int   // columns and rows then
}

// Sequences of ECMA-48 (8.3) and of xterm (private modes 1049 and 25), which every
// terminal has that is used today.
const (
	enter     = "\x1b[?1049h\x1b[?25l" // alternate screen, no cursor
	leave     = "\x1b[?25h\x1b[?1049l"
	clearAll  = "\x1b[H\x1b[2J"
	home      = "\x1b[H"
	nextLine  = "\x1b[E"
	eraseLine = "\x1b[K"
)

// Open begins to use a terminal, whose size is asked before every picture. Close
// must be called.
func Open(w io.Writer, size func() (columns, rows int)) (*Terminal, error) {
	_, err := io.WriteString(w, enter) // the first picture clears it
	return &Terminal{w: w, size: size}, err
}

// Size is that of the terminal, for the next picture: one column and one line stay
// free, because erasing from the last column would take its character away, and
// after the last line the screen would roll.
func (t *Terminal) Size() (columns, rows int) {
	columns, rows = t.size()
	return max(columns-1, 1), max(rows-1, 1)
}

// Draw shows a picture. Lines that have no place are left out, and the last place
// says so: text too wide is the caller's to avoid.
func (t *Terminal) Draw(text string) error {
	columns, rows := t.Size()
	lines := Fit(text, rows)
	var b strings.Builder
	if now := [2]int{columns, rows}; now != t.was {
		b.WriteString(clearAll) // the terminal may have folded lines when its size changed
		t.last, t.was = nil, now
	}
	b.WriteString(home)
	for i := range max(len(lines), len(t.last)) {
		line := ""
		if i < len(lines) {
			line = lines[i]
		}
		if i >= len(t.last) || t.last[i] != line {
			b.WriteString(line + eraseLine)
		}
		b.WriteString(nextLine)
	}
	t.last = lines
	_, err := io.WriteString(t.w, b.String())
	return err
}

// Close gives the terminal back and leaves the last picture on it, for it may be
// what somebody watched for.
func (t *Terminal) Close() error {
	text := leave
	if len(t.last) > 0 {
		text += strings.Join(t.last, "\r\n") + "\r\n"
	}
	_, err := io.WriteString(t.w, text)
	return err
}

// Fit makes a text fit into so many lines: empty ones go first, the last one first, and
// then the end, which is what matters least.
func Fit(text string, rows int) []string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := len(lines) - 1; i >= 0 && len(lines) > rows; i-- {
		if lines[i] == "" {
			lines = append(lines[:i], lines[i+1:]...)
		}
	}
	if more := len(lines) - (rows - 1); len(lines) > rows {
		lines = append(lines[:rows-1], fmt.Sprintf("... %d more lines", more))
	}
	return lines
}
