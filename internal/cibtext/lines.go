package cibtext

import (
	"strings"
	"unicode/utf8"
)

// Lines splits a text into lines without their ends, and returns the number of the
// first that held what no XML can hold (0: none), which is U+FFFD in the result. The
// colours of a terminal are taken away.
func Lines(text []byte) (lines []string, damaged int) {
	s := strings.TrimPrefix(string(text), "\ufeff")
	for line := range strings.SplitSeq(s, "\n") {
		line = withoutColour(strings.TrimSuffix(line, "\r"))
		clean := strings.Map(func(r rune) rune {
			if r == '\t' || r >= ' ' && r < 0x7f || r > 0x9f && r != 0xfffe && r != 0xffff {
				return r
			}
			return utf8.RuneError
		}, line)
		if clean != line && damaged == 0 {
			damaged = len(lines) + 1
		}
		lines = append(lines, clean)
	}
	return lines, damaged
}

// withoutColour takes the sequences away that begin with ESC [ and end with m.
func withoutColour(line string) string {
	if !strings.Contains(line, "\x1b[") {
		return line
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(line, "\x1b[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		line = strings.TrimPrefix(strings.TrimLeft(rest, "0123456789;"), "m")
	}
}
