package interview

import "strings"

// column is where lines of text end, in characters.
const column = 100

// Why is the reason of a key in one line: of what package spec says of it as many
// sentences as fit, at least the first.
func Why(path string) string {
	text := keyOf(path).Why
	end := 0
	for at := 0; at < len(text); at++ {
		if whole := at+1 == len(text) || strings.HasPrefix(text[at:], ". ") || strings.HasPrefix(text[at:], ".) "); !whole {
			continue
		}
		if end > 0 && at+1 > column {
			break
		}
		end = at + 1
	}
	return text[:end]
}
