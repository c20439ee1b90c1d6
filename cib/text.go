package cib

import (
	"regexp"
	"strings"
)

// plainWord is a word that means itself in the shell and in the crm shell.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_.,:/@%+-]+$`)

// header fills the hash of the description into a dialect's opening comment.
// Nothing else of the description goes there: a comment has no quoting.
func header(template string, m Model) string {
	return strings.ReplaceAll(template, "%SOURCE%", m.Source)
}
