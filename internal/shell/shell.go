// Package shell writes commands as a person would type them into a POSIX shell.
package shell

import "strings"

// plain are the characters besides letters and digits that no shell treats
// specially anywhere in a word.
const plain = "/._-+:@,%="

// Quote writes a command line that a shell splits into exactly these words.
func Quote(argv ...string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		words[i] = Word(word)
		if i == 0 && strings.Contains(word, "=") && words[i] == word {
			words[i] = quoted(word) // an assignment otherwise
		}
	}
	return strings.Join(words, " ")
}

// Word writes one word.
func Word(s string) string {
	if s == "" || strings.ContainsFunc(s, special) {
		return quoted(s)
	}
	return s
}

func special(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(plain, r)
}

func quoted(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
