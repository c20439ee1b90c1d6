package confedit

import (
	"strings"
)

// commented is an attribute that stands in a comment.
type commented struct {
	is      Attribute
	splices []Splice // that take the comment signs away
	to      int      // beginning of the line behind it
}

// commented finds the first attribute of that name and form that would be there if the
// comment signs of its lines were not: the shipped oned.conf has RAFT_LEADER_HOOK so.
func (f *File) commented(name string, vector bool) (commented, bool) {
	text := string(f.buffer.text)
	next := 0 // of the attributes, the first that does not end before the line
	for at := 0; at < len(text); at = lineEnd(text, at) {
		for next < len(f.all) && f.all[next].raw.to <= at {
			next++
		}
		if next < len(f.all) && f.all[next].name.from < at {
			continue // within a vector or a value
		}
		if c, ok := commentedAt(text, at, name, vector); ok {
			return c, true
		}
	}
	return commented{}, false
}

// commentedAt tries the comment that begins in the line at.
func commentedAt(text string, at int, name string, vector bool) (commented, bool) {
	const most = 64 // lines; no shipped block has a quarter of that
	first, ok := commentSign(text, at, len(text))
	body := text[first.To:lineEnd(text, at)]
	if !ok || len(body) < len(name) || !strings.EqualFold(body[:len(name)], name) || !strings.HasPrefix(strings.TrimLeft(body[len(name):], " \t"), "=") {
		return commented{}, false
	}
	depth := first.To - first.From - 1
	var c commented
	var stripped strings.Builder
	for range most {
		s, ok := commentSign(text, at, depth)
		if !ok {
			break
		}
		c.splices = append(c.splices, s)
		c.to = lineEnd(text, at)
		stripped.WriteString(text[at:s.From] + text[s.To:c.to])
		if line := text[at:c.to]; !vector || strings.Contains(line, "]") {
			p, m := parse(stripped.String())
			if m == nil && len(p.all) == 1 && p.ragged < 0 && p.all[0].Vector == vector {
				c.is = p.all[0]
				return c, true
			}
		}
		if at = c.to; !vector || at == len(text) {
			break
		}
	}
	return commented{}, false
}

// commentSign is the comment sign of a line that has nothing before it, with at most so
// many blanks behind it.
func commentSign(text string, at, blanks int) (Splice, bool) {
	from := at
	for from < len(text) && isBlank(text[from]) {
		from++
	}
	if from == len(text) || text[from] != '#' {
		return Splice{From: at, To: at}, false
	}
	to := from + 1
	for to < len(text) && to-from-1 < blanks && isBlank(text[to]) {
		to++
	}
	return Splice{From: from, To: to}, true
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// lineEnd is the beginning of the line behind the one that at is in.
func lineEnd(text string, at int) int {
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(text)
}

// uncomment takes the comment signs from an attribute.
func (f *File) uncomment(c commented) error {
	want := clone(f.all)
	i := 0
	for i < len(want) && want[i].name.from < c.splices[0].From {
		i++
	}
	want = append(want[:i:i], append([]Attribute{c.is}, want[i:]...)...)
	var changes []Change
	if !c.is.Vector {
		changes = append(changes, Change{c.is.Name, nil, &c.is.Value})
	}
	for k := range c.is.Keys {
		changes = append(changes, Change{c.is.Name + " " + c.is.Keys[k].Name, nil, &c.is.Keys[k].Value})
	}
	return f.apply(c.splices, want, changes...)
}
