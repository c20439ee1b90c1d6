package fakezone

import (
	"fmt"
	"strings"
)

// vectors reads NAME = [ K = V, ... ] out of a text in OpenNebula's grammar, by
// names in upper case, the last of a name. Single values are skipped. A comment
// begins with #, in a vector too.
func vectors(text string) (map[string]map[string]string, error) {
	_, found, err := attributes(text)
	return found, err
}

// singles reads NAME = VALUE out of such a text; vectors are skipped.
func singles(text string) (map[string]string, error) {
	found, _, err := attributes(text)
	return found, err
}

func attributes(text string) (map[string]string, map[string]map[string]string, error) {
	single, found := map[string]string{}, map[string]map[string]string{}
	s := scanner{rest: text}
	for {
		name := s.until("=")
		if name == "" && s.rest == "" {
			return single, found, nil
		}
		if !s.take('=') || name == "" {
			return nil, nil, fmt.Errorf("read configuration: want NAME = value after %q", name)
		}
		if !s.take('[') {
			single[strings.ToUpper(name)] = s.value("\n#")
			continue
		}
		vector := map[string]string{}
		for !s.take(']') {
			key := s.until("=]")
			if !s.take('=') || key == "" {
				return nil, nil, fmt.Errorf("read configuration: %s: want NAME = value, or ]", name)
			}
			vector[strings.ToUpper(key)] = s.value(",]#\n")
			s.take(',')
		}
		found[strings.ToUpper(name)] = vector
	}
}

// scanner is the rest of a text.
type scanner struct{ rest string }

// skip passes over blanks and comments.
func (s *scanner) skip() {
	for {
		s.rest = strings.TrimLeft(s.rest, " \t\r\n")
		if !strings.HasPrefix(s.rest, "#") {
			return
		}
		_, s.rest, _ = strings.Cut(s.rest, "\n")
	}
}

// take passes over c and reports whether it was there.
func (s *scanner) take(c byte) bool {
	s.skip()
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// until is the text before one of the characters, without blanks around it.
func (s *scanner) until(ends string) string {
	s.skip()
	i := strings.IndexAny(s.rest, ends)
	if i < 0 {
		i = len(s.rest)
	}
	word := s.rest[:i]
	s.rest = s.rest[i:]
	return strings.TrimSpace(word)
}

// value is a text in quotes, in which \" is a quote, or a word up to one of the
// characters.
func (s *scanner) value(ends string) string {
	s.rest = strings.TrimLeft(s.rest, " \t\r")
	if !strings.HasPrefix(s.rest, `"`) {
		return s.until(ends)
	}
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch {
		case s.rest[i] == '\\' && i+1 < len(s.rest) && s.rest[i+1] == '"':
			i++
			b.WriteByte('"')
		case s.rest[i] == '"':
			s.rest = s.rest[i+1:]
			return b.String()
		default:
			b.WriteByte(s.rest[i])
		}
	}
	s.rest = "" // no end: oned refuses that, and so does whoever needs what follows
	return b.String()
}
