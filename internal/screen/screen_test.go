package screen

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// A terminal that knows what is written to it, and nothing else.
type fake struct {
	columns, rows int
	main, alt     [][]rune
	inAlt, hidden bool
	x, y          int
	writes        int
	drawn         int // characters
}

func (f *fake) lines() *[][]rune {
	if f.inAlt {
		return &f.alt
	}
	return &f.main
}

func (f *fake) Write(p []byte) (int, error) {
	f.writes++
	text := string(p)
	for text != "" {
		if rest, ok := strings.CutPrefix(text, "\x1b["); ok {
			end := strings.IndexAny(rest, "HJKEhlm")
			if end < 0 {
				return 0, fmt.Errorf("sequence without an end: %q", rest)
			}
			if err := f.sequence(rest[:end+1]); err != nil {
				return 0, err
			}
			text = rest[end+1:]
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		text = text[n:]
		switch r {
		case '\n':
			f.y++
		case '\r':
			f.x = 0
		default:
			if f.x >= f.columns || f.inAlt && f.y >= f.rows {
				return 0, fmt.Errorf("%q at column %d, line %d of %d x %d", r, f.x, f.y, f.columns, f.rows)
			}
			f.put(r)
		}
	}
	return len(p), nil
}

func (f *fake) put(r rune) {
	lines := f.lines()
	for len(*lines) <= f.y {
		*lines = append(*lines, nil)
	}
	line := &(*lines)[f.y]
	for len(*line) <= f.x {
		*line = append(*line, ' ')
	}
	(*line)[f.x] = r
	f.x++
	f.drawn++
}

func (f *fake) sequence(s string) error {
	switch s {
	case "?1049h":
		f.inAlt, f.alt = true, nil
	case "?1049l":
		f.inAlt, f.x, f.y = false, 0, len(f.main)
	case "?25l":
		f.hidden = true
	case "?25h":
		f.hidden = false
	case "H":
		f.x, f.y = 0, 0
	case "2J":
		*f.lines() = nil
	case "E":
		f.x, f.y = 0, f.y+1
	case "K":
		if l := *f.lines(); f.y < len(l) && f.x < len(l[f.y]) {
			l[f.y] = l[f.y][:f.x]
		}
	default:
		if !strings.HasSuffix(s, "m") {
			return fmt.Errorf("unknown sequence %q", s)
		}
	}
	return nil
}

func (f *fake) shows(lines [][]rune) string {
	var all []string
	for _, l := range lines {
		all = append(all, strings.TrimRight(string(l), " "))
	}
	return strings.TrimRight(strings.Join(all, "\n"), "\n")
}

func TestTerminal(t *testing.T) {
	f := &fake{columns: 20, rows: 5, main: [][]rune{[]rune("$ oneha raft status")}}
	s, err := Open(f, func() (int, int) { return f.columns, f.rows })
	if err != nil {
		t.Fatal(err)
	}
	if !f.hidden || !f.inAlt {
		t.Error("the terminal is used as it is")
	}
	for _, text := range []string{"one\ntwo\nthree\n", "one\n2\nthree\n", "one\n", "äöü\n\ntwo\nthree\nfour\nfive\n", "a\nb\nc\n"} {
		f.writes = 0
		if err := s.Draw(text); err != nil {
			t.Fatal(err)
		}
		want := strings.Join(Fit(text, 4), "\n")
		if got := f.shows(f.alt); got != strings.TrimRight(want, "\n") {
			t.Errorf("the screen has\n%s\nwant\n%s", got, want)
		}
		if f.writes != 1 {
			t.Errorf("%d writes for a picture: it flickers", f.writes)
		}
	}
	f.drawn = 0
	if err := s.Draw("a\nB\nc\n"); err != nil || f.drawn != 1 {
		t.Errorf("%d characters drawn where one changed, %v", f.drawn, err)
	}
	f.columns, f.rows, f.drawn = 30, 9, 0
	if err := s.Draw("a\nB\nc\n"); err != nil || f.drawn != 3 {
		t.Errorf("%d characters drawn after the size changed, want all 3, %v", f.drawn, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if want := "$ oneha raft status\na\nB\nc"; f.shows(f.main) != want || f.hidden || f.inAlt {
		t.Errorf("left behind: %q, cursor hidden %t, alternate screen %t", f.shows(f.main), f.hidden, f.inAlt)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestTerminalThatIsGone(t *testing.T) {
	s, err := Open(broken{}, func() (int, int) { return 80, 24 })
	if err == nil {
		t.Error("no error from Open")
	}
	if s.Draw("text\n") == nil || s.Close() == nil {
		t.Error("no error where nothing can be written")
	}
}

func TestFit(t *testing.T) {
	for _, test := range []struct {
		text string
		rows int
		want []string
	}{
		{"a\nb\n", 2, []string{"a", "b"}},
		{"a\n\nb\n\nc\n", 4, []string{"a", "", "b", "c"}},
		{"a\n\nb\n\nc\n", 3, []string{"a", "b", "c"}},
		{"a\nb\nc\n", 2, []string{"a", "... 2 more lines"}},
		{"a\nb\nc\n", 1, []string{"... 3 more lines"}},
		{"", 3, []string{""}},
	} {
		if got := Fit(test.text, test.rows); !slices.Equal(got, test.want) {
			t.Errorf("Fit(%q, %d) = %q, want %q", test.text, test.rows, got, test.want)
		}
	}
}

// Whatever the width, no line is wider, and what must be there is.
func TestTableFits(t *testing.T) {
	columns := []Column{{Head: "SERVER"}, {Head: "STATE"}, {Head: "INDEX", Right: true}, {Head: "ADDRESS", Drop: 2}, {Head: "VOTED", Drop: 1}}
	var rows []Row
	for i := range 3 {
		rows = append(rows, Row{Good, []Cell{{"one-server-" + strconv.Itoa(i), Strong}, {"follower", Plain}, {strconv.Itoa(i * 1000), Plain}, {"192.168.150.1", Faint}, {"1", Plain}}})
	}
	for width := 10; width < 100; width++ {
		var b strings.Builder
		Style{Width: width}.Table(&b, columns, rows)
		for line := range strings.Lines(b.String()) {
			line = strings.TrimSuffix(line, "\n")
			if n := utf8.RuneCountInString(line); n > max(width, 16) {
				t.Errorf("width %d: %d columns: %q", width, n, line)
			}
		}
		if got := strings.Contains(b.String(), "ADDRESS"); got != (width >= 54) {
			t.Errorf("width %d: ADDRESS shown: %t\n%s", width, got, b.String())
		}
		if got := strings.Contains(b.String(), "VOTED"); got != (width >= 39) {
			t.Errorf("width %d: VOTED shown: %t\n%s", width, got, b.String())
		}
	}
	var b strings.Builder
	Style{Width: 54}.Table(&b, columns, rows[:2])
	want := "   SERVER        STATE     INDEX  ADDRESS        VOTED\n" +
		" + one-server-0  follower      0  192.168.150.1  1\n" +
		" + one-server-1  follower   1000  192.168.150.1  1\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// A long name is cut before a column goes, and only as far as that helps.
func TestLongNamesAreCutFirst(t *testing.T) {
	columns := []Column{{Head: "SERVER", Least: 8}, {Head: "STATE"}, {Head: "CLOCK", Drop: 1}}
	rows := []Row{{Good, []Cell{{strings.Repeat("n", 20), Plain}, {"leader", Plain}, {"+1 ms", Plain}}}}
	for width, want := range map[int]string{
		40: " + nnnnnnnnnnnnnnnnnnnn  leader  +1 ms",
		30: " + nnnnnnnnnnn~  leader  +1 ms",
		26: " + nnnnnnn~  leader  +1 ms",
		25: " + nnnnnnnnnnnnn~  leader",
		16: " + nnnn~  leader",
	} {
		var b strings.Builder
		Style{Width: width}.Table(&b, columns, rows)
		if _, got, _ := strings.Cut(strings.TrimSuffix(b.String(), "\n"), "\n"); got != want {
			t.Errorf("width %d: %q, want %q", width, got, want)
		}
	}
}

func TestColoursChangeNoWidth(t *testing.T) {
	var plain, painted strings.Builder
	columns, rows := []Column{{Head: "A"}, {Head: "B", Right: true}}, []Row{{Bad, []Cell{{"x\x1b[2Jy", Bad}, {"7", Strong}}}}
	Style{Width: 40}.Table(&plain, columns, rows)
	Style{Width: 40, Color: true}.Table(&painted, columns, rows)
	text := painted.String()
	for {
		before, rest, found := strings.Cut(text, "\x1b[")
		if !found {
			break
		}
		_, after, ends := strings.Cut(rest, "m")
		if !ends || strings.Contains(rest[:len(rest)-len(after)], "J") {
			t.Fatalf("a sequence that is no colour: %q", rest)
		}
		text = before + after
	}
	if text != plain.String() {
		t.Errorf("got %q, want %q", text, plain.String())
	}
}
