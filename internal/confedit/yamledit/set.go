package yamledit

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/oneha/oneha/internal/confedit"
)

var (
	errUnwritable = errors.New("the value has a control character or is no UTF-8; edit the file by hand")

	// safe is text that is the same to every YAML parser without quotes.
	safe = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9_./:@%+-]*$`)
	// address is an IPv4 address, with or without a prefix length, as the shipped files have it.
	address = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]+)?$`)
	// typed is what is no text: a number in decimal, or a truth value.
	typed = regexp.MustCompile(`^(0|-?[1-9][0-9]*|true|false)$`)
	// words are not text to every YAML parser (YAML 1.1, which Ruby has; 1.2, JavaScript).
	words = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|null|true|false|\.inf|\.nan)$`)
)

// written is a value as the file has it, in the form of the one it replaces.
func written(value string, as form) (string, error) {
	if !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool {
		return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\ufeff' || r == '\u2028' || r == '\u2029'
	}) {
		return "", errUnwritable
	}
	switch {
	case as == double && !strings.ContainsAny(value, `"\`):
		return `"` + value + `"`, nil
	case as != single && as != double && (typed.MatchString(value) || address.MatchString(value) ||
		safe.MatchString(value) && !words.MatchString(value) && !strings.HasSuffix(value, ":")):
		return value, nil
	}
	return "'" + strings.ReplaceAll(value, "'", "''") + "'", nil
}

// replace gives an entry another value.
func (f *File) replace(e entry, value string) error {
	name := strings.Join(e.path, " ")
	text := f.buffer.Bytes()
	was, again := f.was[name]
	if !again {
		was = original{e.value, string(text[e.colon:e.to])}
	}
	raw := was.raw
	if !again || value != was.value {
		word, err := written(value, e.form)
		if err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
		raw = string(text[e.colon:e.at]) + word
		if e.at == e.colon {
			raw = " " + word
		}
	}
	if err := f.apply([]confedit.Splice{{From: e.colon, To: e.to, With: raw}}, e.path, confedit.Change{What: name, Was: &e.value, Is: &value}); err != nil {
		return err
	}
	f.was[name] = was
	return nil
}

// add writes a key that the file does not have.
func (f *File) add(path []string, value string) error {
	name := strings.Join(path, " ")
	word, err := written(value, plain)
	if err != nil {
		return fmt.Errorf("set %s: %w", name, err)
	}
	change := confedit.Change{What: name, Is: &value}
	text := f.buffer.Bytes()
	line := path[len(path)-1] + ": " + word
	at := len(text)
	if len(path) == 1 {
		if from, to, ok := commented(string(text), path[0]); ok {
			return f.apply([]confedit.Splice{{From: from, To: to, With: line}}, path, change)
		}
	} else {
		owner, ok := f.find(path[:1])
		switch {
		case !ok:
			line = path[0] + ":" + eol(text) + "  " + line
		case owner.form == empty:
			at, line = owner.last, "  "+line
		case owner.form == parent:
			at, line = owner.last, strings.Repeat(" ", owner.children)+line
		default:
			return fmt.Errorf("set %s: %s is no map in lines of its own in %s; edit it by hand", name, path[0], f.buffer.Name())
		}
	}
	if at > 0 && text[at-1] != '\n' {
		line = eol(text) + line
	} else {
		line += eol(text)
	}
	return f.apply([]confedit.Splice{{From: at, To: at, With: line}}, path, change)
}

// commented finds a line at the top that has the key in a comment, as the shipped files
// have "#:ssl_server: ..."; it returns what to replace: all but the line's end.
func commented(text, key string) (from, to int, ok bool) {
	for at := 0; at < len(text); at = lineEnd(text, at) {
		line := strings.TrimRight(text[at:lineEnd(text, at)], "\r\n")
		if body, is := strings.CutPrefix(line, "#"); is {
			body = strings.TrimPrefix(body, " ")
			if rest, is := strings.CutPrefix(body, key+":"); is && strings.HasPrefix(rest, " ") && !strings.Contains(strings.TrimSpace(rest), " ") {
				return at, at + len(line), true
			}
		}
	}
	return 0, 0, false
}

// eol is how the file ends its lines.
func eol(text []byte) string {
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}
