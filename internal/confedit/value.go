package confedit

import (
	"errors"
	"fmt"
	"strings"
)

// errUnwritable is for a value that OpenNebula's grammar cannot express.
var errUnwritable = errors.New("oned's grammar cannot express this value: it has ]]>, a zero byte, or ends in a backslash")

// written is a value as a file has it: bare if it can be and is not to be in quotes.
func written(value string, quotes bool) (string, error) {
	bare := value != "" && !strings.ContainsFunc(value, func(r rune) bool { return r == '"' || r == '\r' || r < 0x80 && !isBare(byte(r)) })
	switch {
	case strings.Contains(value, "]]>") || strings.IndexByte(value, 0) >= 0:
		return "", errUnwritable
	case bare && (!quotes || strings.HasSuffix(value, `\`)):
		return value, nil
	case strings.HasSuffix(value, `\`):
		return "", errUnwritable // the backslash would take the closing quote for itself
	}
	return `"` + strings.ReplaceAll(value, `"`, `\"`) + `"`, nil
}

// isNumber reports whether a value that is new needs no quotes, as in the shipped files.
func isNumber(value string) bool {
	digits := strings.TrimPrefix(value, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// original is how a value stood in the file before it was changed, so that changing it
// back gives the same bytes.
type original struct {
	value, raw    string
	before, after int // bytes that the change put around the value
}

// core is a value in the file without the carriage returns that oned counts in.
func (f *File) core(a Attribute) span {
	c := a.raw
	for c.to > c.from && f.buffer.text[c.to-1] == '\r' {
		c.to--
	}
	return c
}

// ends returns what must follow a value so that oned does not take the byte at to, a
// carriage return most probably, for a part of it.
func (f *File) ends(to int) string {
	if to < len(f.buffer.text) && isBare(f.buffer.text[to]) {
		return " "
	}
	return ""
}

// change gives the value at a place that the file has.
func (f *File) change(p path, a Attribute, value string) error {
	if a.Value == value {
		return nil
	}
	text, at := f.buffer.text, f.core(a)
	was, again := f.was[p.String()]
	switch {
	case again && was.value == value:
		if strings.Trim(string(text[at.to:min(at.to+was.after, len(text))]), " ") == "" { // nothing came between
			at.to += was.after
		}
		at.from -= was.before
		if err := f.apply([]Splice{{at.from, at.to, was.raw}}, f.with(p, value), Change{p.String(), &a.Value, &value}); err != nil {
			return err
		}
		delete(f.was, p.String())
		return nil
	case !again:
		was = original{value: a.Value, raw: string(text[at.from:at.to])}
	}
	quotes := at.from < at.to && text[at.from] == '"'
	word, err := written(value, quotes)
	if err != nil {
		return fmt.Errorf("set %s: %w", p, err)
	}
	before, after := "", f.ends(at.to)
	if at.from == a.sign+1 && at.from == at.to && a.name.to < a.sign {
		before = " "
	}
	if err := f.apply([]Splice{{at.from, at.to, before + word + after}}, f.with(p, value), Change{p.String(), &a.Value, &value}); err != nil {
		return err
	}
	if !again {
		was.before, was.after = len(before), len(after)
	} else {
		was.after += len(after)
	}
	f.was[p.String()] = was
	return nil
}

// with is what the file says when the value at a place is another.
func (f *File) with(p path, value string) []Attribute {
	all := clone(f.all)
	i := p.top(all)
	if p.key == "" {
		all[i].Value = value
		return all
	}
	for j, k := range all[i].Keys {
		if p.isKey(k) {
			all[i].Keys[j].Value = value
			break
		}
	}
	return all
}
