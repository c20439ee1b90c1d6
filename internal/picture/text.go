package picture

import (
	"strings"
	"unicode/utf8"
)

// The sizes of text, in pixels.
const (
	titleSize = 20.0
	nameSize  = 14.0
	smallSize = 11.5
)

// textWidth is how wide a text is at most, in pixels: by the advances of DejaVu
// Sans, the widest of the fonts that viewers use for "sans-serif", with a tenth more
// for bold type.
func textWidth(s string, size float64, bold bool) float64 {
	em := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("ijlI.,:;|!'", r):
			em += 0.34
		case strings.ContainsRune("frt()[]/-{} ", r):
			em += 0.42
		case strings.ContainsRune("mwMW@%", r):
			em += 0.99
		case r >= 'A' && r <= 'Z':
			em += 0.77
		case r < 0x250:
			em += 0.64
		default:
			em += 1.05
		}
	}
	if bold {
		em *= 1.1
	}
	return em * size
}

// fit shortens a text from its middle until it is no wider than limit: names differ
// at their ends.
func fit(s string, size float64, bold bool, limit float64) string {
	if textWidth(s, size, bold) <= limit {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 1; n-- {
		head := n / 2
		short := string(runes[:head]) + "…" + string(runes[len(runes)-(n-head):])
		if textWidth(short, size, bold) <= limit {
			return short
		}
	}
	return "…"
}

// printable replaces what XML 1.0 and terminals do not take.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || r == 0xfffe || r == 0xffff {
			return '?'
		}
		return r
	}, s)
}
