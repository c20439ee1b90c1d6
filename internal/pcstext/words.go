package pcstext

import "strings"

// pair is a name and its value.
type pair struct{ name, value string }

// pairs reads name=value name=value, which may be followed by words in parentheses.
// ok is false when there is anything else.
//
// Up to 0.10 pcs puts a value in double quotes when it holds a blank, and leaves the
// quotes in it alone. Since 0.11 it does so for an equals sign too, takes single quotes
// for a value with double quotes, and escapes them when it holds both.
func pairs(s string) (ps []pair, parens []string, ok bool) {
	unclosed := [256]bool{} // the quotes that nothing later closes: what looks is not repeated
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimLeft(s, " ") {
		if s[0] == '(' {
			_, parens, ok = splitParens(" " + s)
			return ps, parens, ok
		}
		equals := strings.IndexAny(s, "= ")
		if equals <= 0 || s[equals] == ' ' {
			return ps, nil, false
		}
		p := pair{name: s[:equals]}
		s = s[equals+1:]
		if end := closing(s, &unclosed); end > 0 {
			p.value, s = unquote(s[:end+1]), s[end+1:]
		} else {
			p.value, s, _ = strings.Cut(s, " ")
		}
		ps = append(ps, p)
	}
	return ps, nil, true
}

// onePair reads name=value where nothing else is on the line, but (id: x) in 0.12.
func onePair(s string) (pair, bool) {
	name, value, found := strings.Cut(s, "=")
	if name == "" || !found || strings.Contains(name, " ") && name[0] != '"' {
		return pair{}, false
	}
	value = strings.TrimRight(value, " ")
	if before, id, found := cutLast(value, " (id:"); found && strings.HasSuffix(id, ")") {
		value = before
	}
	return pair{unquote(name), unquote(value)}, true
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// closing returns where the quote ends that s begins with, or 0: at the first one like
// it behind which the text ends, or another pair or a parenthesis begins.
func closing(s string, unclosed *[256]bool) int {
	if s == "" || s[0] != '"' && s[0] != '\'' || unclosed[s[0]] {
		return 0
	}
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			continue
		}
		after := s[i+1:]
		if after == "" || strings.HasPrefix(after, " (") {
			return i
		}
		if after[0] == ' ' {
			if end := strings.IndexAny(after[1:], "= \"'"); end > 0 && after[1+end] == '=' {
				return i
			}
		}
	}
	unclosed[s[0]] = true
	return 0
}

// unquote takes quotes away that pcs put there, which it does only around what needs
// them.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' && s[0] != '\'' || s[len(s)-1] != s[0] {
		return s
	}
	inner := s[1 : len(s)-1]
	if !strings.ContainsAny(inner, " =") {
		return s
	}
	if s[0] == '"' && strings.Contains(inner, "'") {
		return strings.ReplaceAll(inner, `\"`, `"`)
	}
	return inner
}

// splitParens cuts "words (a) (b)" into the words and what is in each pair of
// parentheses. ok is false when they do not end the text.
func splitParens(s string) (head string, parens []string, ok bool) {
	s = strings.TrimRight(s, " ")
	head, rest, found := strings.Cut(s, " (")
	if !found {
		return strings.TrimSpace(s), nil, true
	}
	if !strings.HasSuffix(rest, ")") {
		return s, nil, false
	}
	return strings.TrimSpace(head), strings.Split(strings.TrimSuffix(rest, ")"), ") ("), true
}

// option cuts "name:value", "name: value" and "name=value", as they are in parentheses.
func option(s string) (name, value string) {
	if i := strings.IndexAny(s, ":="); i >= 0 {
		return s[:i], strings.TrimSpace(s[i+1:])
	}
	return s, ""
}

// idOf takes the id out of words in parentheses: "id:x", "id: x".
func idOf(parens []string) (id string, others []string) {
	for _, p := range parens {
		if name, value := option(p); name == "id" && id == "" {
			id = value
		} else {
			others = append(others, p)
		}
	}
	return id, others
}
