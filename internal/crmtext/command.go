package crmtext

import (
	"strings"
	"unicode/utf8"
)

// token is one word of a command, without its quotes.
type token struct {
	text         string
	line, column int
}

// command is one line of the crm shell, with those that continue it.
type command struct {
	tokens   []token
	raw      string // as it stands there, without the backslashes at the ends of lines
	unclosed bool   // a quote does not end
	said     bool   // a finding says why the rest is left out
	position int    // of the next token
}

// commands joins lines that end with a backslash and splits them into words. Comments
// and empty lines are left out.
func commands(lines []string) (all []*command) {
	for i := 0; i < len(lines); {
		first := i
		var parts []string
		for more := true; more && i < len(lines); i++ {
			s := strings.TrimRight(lines[i], " \t")
			comment := len(parts) == 0 && strings.HasPrefix(strings.TrimSpace(s), "#")
			if more = strings.HasSuffix(s, `\`) && !comment; more {
				s = s[:len(s)-1]
			}
			if comment {
				s = ""
			}
			parts = append(parts, s)
		}
		c := &command{raw: strings.TrimSpace(strings.Join(parts, "\n"))}
		c.split(parts, first+1)
		if len(c.tokens) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// split cuts lines into words at blanks outside of quotes. As in a POSIX shell a
// backslash in double quotes escapes these and itself, and is itself before anything
// else. The crm shell escapes only the quotes, but prints as XML what it could not read
// back.
func (c *command) split(parts []string, number int) {
	var word strings.Builder
	at := token{}
	in, quote := false, byte(0)
	end := func() {
		if in {
			at.text = word.String()
			c.tokens = append(c.tokens, at)
		}
		in = false
		word.Reset()
	}
	for n, s := range parts {
		column := 0 // of the character that a byte belongs to
		for i := 0; i < len(s); i++ {
			b := s[i]
			if utf8.RuneStart(b) {
				column++
			}
			if !in && b != ' ' && b != '\t' {
				in, at = true, token{line: number + n, column: column}
			}
			switch {
			case quote == '"' && b == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
				word.WriteByte(s[i+1])
				i, column = i+1, column+1
			case quote != 0 && b == quote:
				quote = 0
			case quote != 0:
				word.WriteByte(b)
			case b == ' ' || b == '\t':
				end()
			case (b == '"' || b == '\'') && (word.Len() == 0 || strings.HasSuffix(s[:i], "=")):
				quote = b
			default:
				word.WriteByte(b)
			}
		}
		if quote != 0 {
			word.WriteByte('\n')
			continue
		}
		end()
	}
	c.unclosed = quote != 0
	end()
}

func (c *command) done() bool { return c.position >= len(c.tokens) }

// at is the next token, or the last when there is none.
func (c *command) at() token {
	return c.tokens[min(c.position, len(c.tokens)-1)]
}

// peek is the text of the next token, "" at the end.
func (c *command) peek() string {
	if c.done() {
		return ""
	}
	return c.tokens[c.position].text
}

// next takes the next token.
func (c *command) next() token {
	t := c.at()
	c.position++
	return t
}

// take takes the next token when it is one of words, and returns it in lower case.
func (c *command) take(words ...string) (string, bool) {
	for _, w := range words {
		if !c.done() && strings.EqualFold(c.peek(), w) {
			c.position++
			return w, true
		}
	}
	return "", false
}

// prefixed takes the next token when it begins with one of the prefixes, and returns
// what follows.
func (c *command) prefixed(prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if rest, found := strings.CutPrefix(c.peek(), p); found && !c.done() {
			c.position++
			return rest, true
		}
	}
	return "", false
}

// colon takes the next token when it ends with a colon, and returns it without: a
// score, a kind, an id, a target.
func (c *command) colon() (string, bool) {
	if t, found := strings.CutSuffix(c.peek(), ":"); found && t != "" {
		c.position++
		return t, true
	}
	return "", false
}

// last takes name=value from the end of the command.
func (c *command) last(name string) string {
	if c.done() {
		return ""
	}
	value, found := strings.CutPrefix(c.tokens[len(c.tokens)-1].text, name+"=")
	if !found {
		return ""
	}
	c.tokens = c.tokens[:len(c.tokens)-1]
	return value
}
