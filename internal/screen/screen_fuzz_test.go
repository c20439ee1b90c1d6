package screen

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// What others wrote never steers the terminal, and no line is wider than it.
func FuzzTable(f *testing.F) {
	f.Add("one-server1", "oned does not answer", 80, true)
	f.Add("\x1b[2J\u202e\u2028", "\xff\x00\n\r", 40, false)
	f.Add("a-name-that-is-longer-than-any-column-could-ever-be", "", 41, true)
	f.Fuzz(func(t *testing.T, name, text string, width int, fancy bool) {
		s := Style{Width: 40 + (width%160+160)%160, UTF8: fancy}
		columns := []Column{{Head: "name", Least: 8}, {Head: "n", Right: true, Drop: 1}, {Head: "why", Drop: 2}}
		rows := []Row{{Good, []Cell{{name, Plain}, {"7", Plain}, {text, Bad}}}, {Bad, []Cell{{text, Plain}, {"123456", Plain}, {name, Poor}}}}
		var b strings.Builder
		s.Table(&b, columns, rows)
		s.Line(&b, "   ", 3, name+" "+text, Strong)
		all := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(all) < len(rows)+2 {
			t.Errorf("%d lines of %d rows", len(all), len(rows))
		}
		for _, line := range all {
			if n := utf8.RuneCountInString(line); n > s.Width {
				t.Errorf("at %d columns a line of %d: %q", s.Width, n, line)
			}
			if line != Clean(line) {
				t.Errorf("to the terminal goes %q", line)
			}
		}
		text = Clean(text)
		wrapped := strings.Join(Wrap(text, s.Width), "")
		if blank := strings.NewReplacer(" ", ""); blank.Replace(wrapped) != strings.Join(strings.Fields(text), "") {
			t.Errorf("%q is wrapped to %q", text, wrapped)
		}
	})
}
