package child

import (
	"strings"
	"testing"
	"unicode"
)

// What a look says goes into a log: lines with something in them, none that steers a terminal.
func FuzzLines(f *testing.F) {
	for _, text := range []string{"", "\n\n", "machine 3 (web) was left in PROLOG\n  machine 4\r\n", "\x1b[2J\u202e\u2028x", "\xff\u200f"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var l limited
		for rest := text; rest != ""; rest = rest[min(len(rest), 1000):] {
			if n, err := l.Write([]byte(rest[:min(len(rest), 1000)])); n != min(len(rest), 1000) || err != nil {
				t.Fatal(n, err)
			}
		}
		if kept := l.String(); len(kept) > longest || !strings.HasPrefix(text, kept) || len(text) <= longest && kept != text {
			t.Fatalf("%d of %d bytes were kept", len(kept), len(text))
		}
		for _, line := range lines(l.String()) {
			if line == "" || strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
				t.Errorf("line %q", line)
			}
		}
	})
}
