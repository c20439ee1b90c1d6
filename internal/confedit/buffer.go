package confedit

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// Edit says, in words, what an edit changes. It never holds a secret.
type Edit struct {
	File string
	Line int    // in the file as it was read, from 1
	What string // the name of it, such as FEDERATION SERVER_ID
	Was  string // its value, or "not set"
	Is   string
}

// String renders an edit as "file:line: what: was, is", for --dry-run.
func (e Edit) String() string {
	return e.File + ":" + strconv.Itoa(e.Line) + ": " + e.What + ": was " + e.Was + ", is " + e.Is
}

// Splice replaces the bytes from From to To of a text.
type Splice struct {
	From, To int
	With     string
}

// Change is what becomes of one value: nil is "not set".
type Change struct {
	What    string
	Was, Is *string
}

// Buffer is a text that is edited by splices, and remembers them: for the words, and
// for the lines that these had in the file as it was read.
type Buffer struct {
	name    string
	text    []byte
	read    []byte
	commits [][]Splice // each in ascending order, for the text before it
	changes []located
}

type located struct {
	Change
	line int
}

// NewBuffer returns a buffer with the text of the named file.
func NewBuffer(name string, text []byte) Buffer {
	return Buffer{name: name, text: slices.Clone(text), read: slices.Clone(text)}
}

// Name is the file's.
func (b *Buffer) Name() string { return b.name }

// Bytes is the text with its edits.
func (b *Buffer) Bytes() []byte { return slices.Clone(b.text) }

// Spliced is the text with the splices, which must be in ascending order and apart.
func (b *Buffer) Spliced(splices []Splice) []byte {
	var out bytes.Buffer
	at := 0
	for _, s := range splices {
		out.Write(b.text[at:s.From])
		out.WriteString(s.With)
		at = s.To
	}
	out.Write(b.text[at:])
	return out.Bytes()
}

// Commit makes the splices, which amount to the changes.
func (b *Buffer) Commit(splices []Splice, changes ...Change) {
	line := b.Line(splices[0].From)
	for _, c := range changes {
		i := slices.IndexFunc(b.changes, func(l located) bool { return l.What == c.What && same(l.Is, c.Was) })
		if i < 0 {
			b.changes = append(b.changes, located{c, line})
			continue
		}
		if b.changes[i].Is = c.Is; same(b.changes[i].Was, c.Is) {
			b.changes = slices.Delete(b.changes, i, i+1)
		}
	}
	b.text = b.Spliced(splices)
	b.commits = append(b.commits, splices)
}

func same(a, b *string) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// Line is the line, in the file as it was read, of an offset in the text as it is now.
func (b *Buffer) Line(offset int) int {
	for _, splices := range slices.Backward(b.commits) {
		offset = before(splices, offset)
	}
	return bytes.Count(b.read[:offset], []byte("\n")) + 1
}

// before is where an offset was before the splices.
func before(splices []Splice, offset int) int {
	moved := 0 // by the splices in front of it
	for _, s := range splices {
		switch from := s.From + moved; {
		case offset < from:
			return offset - moved
		case offset < from+len(s.With):
			return s.From
		}
		moved += len(s.With) - (s.To - s.From)
	}
	return offset - moved
}

// Edits says what the edits amount to, in the order of the file. What was changed
// back is not among them.
func (b *Buffer) Edits() []Edit {
	var all []Edit
	for _, c := range b.changes {
		all = append(all, Edit{b.name, c.line, c.What, words(c.What, c.Was), words(c.What, c.Is)})
	}
	slices.SortStableFunc(all, func(x, y Edit) int { return x.Line - y.Line })
	return all
}

// words is a value as a person may see it.
func words(what string, value *string) string {
	switch {
	case value == nil:
		return "not set"
	case secret(what):
		return "a value that is not shown"
	}
	return strconv.Quote(*value)
}

// secret reports whether the value of that name is nobody's business.
func secret(what string) bool {
	what = strings.ToUpper(what)
	return slices.ContainsFunc([]string{"PASSW", "SECRET", "TOKEN", "ONE_KEY", "CREDENTIAL"}, func(s string) bool { return strings.Contains(what, s) })
}
