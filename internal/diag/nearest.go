package diag

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Nearest returns the entry of known that word most probably stands for, or ""
// when none is near enough to be worth suggesting. An entry is near when one is
// the beginning of the other (addr, address), or when at most a third of its
// characters have to be inserted, deleted, replaced or swapped with their
// neighbour. Of equally near entries the first wins.
func Nearest(word string, known []string) string {
	word = strings.ToLower(word)
	best, bestDistance := "", -1
	for _, k := range known {
		lower := strings.ToLower(k)
		d := distance(word, lower)
		if d > max(1, utf8.RuneCountInString(k)/3) {
			if !beginning(word, lower) {
				continue
			}
			d = 2 // a beginning counts as two typing errors
		}
		if bestDistance < 0 || d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// Count writes a number with its noun, as in "1 node" and "2 nodes".
func Count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// beginning reports whether one word, of three letters at least, begins the other.
func beginning(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return len(a) >= 3 && strings.HasPrefix(b, a)
}

// distance is the optimal string alignment distance: insertions, deletions,
// replacements and swaps of neighbours that turn a into b.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	const far = 64 // no word of ours is as long; bounds the work on hostile input
	if len(s) > far || len(t) > far {
		return far
	}
	before, last := make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(s); i++ {
		row := make([]int, len(t)+1)
		row[0] = i
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(t)]
}
