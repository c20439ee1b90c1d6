package confedit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// neighbours says behind which attributes the shipped files have one (share/etc/oned.conf
// of 5.4 to 7.4); the first that is there counts.
var neighbours = map[string][]string{
	"FEDERATION":          {"GRPC_LISTEN_ADDRESS", "LISTEN_ADDRESS", "PORT"},
	"GRPC_LISTEN_ADDRESS": {"GRPC_PORT", "LISTEN_ADDRESS", "PORT"},
	"GRPC_PORT":           {"LISTEN_ADDRESS", "PORT"},
	"HOSTNAME":            {"GRPC_LISTEN_ADDRESS", "LISTEN_ADDRESS", "PORT"},
	"LISTEN_ADDRESS":      {"PORT"},
	"NETWORK":             {"LOG"}, // in monitord.conf
	"RAFT":                {"FEDERATION"},
	"RAFT_LEADER_HOOK":    {"RAFT", "FEDERATION"},
	"RAFT_FOLLOWER_HOOK":  {"RAFT_LEADER_HOOK", "RAFT", "FEDERATION"},
}

// addKey writes a key behind the last of the i-th attribute, a vector.
func (f *File) addKey(i int, p path, value string) error {
	word, err := written(value, !isNumber(value))
	if err != nil {
		return fmt.Errorf("set %s: %w", p, err)
	}
	want := clone(f.all)
	want[i].Keys = append(want[i].Keys, Attribute{Name: p.key, Value: value})
	vector, text := f.all[i], f.buffer.text
	change := Change{p.String(), nil, &value}
	if len(vector.Keys) == 0 {
		at := vector.raw.from + 1
		return f.apply([]Splice{{at, at, " " + p.key + " = " + word + f.ends(at)}}, want, change)
	}
	last := vector.Keys[len(vector.Keys)-1]
	at := f.core(last).to
	start := bytes.LastIndexByte(text[:last.name.from], '\n') + 1
	indent := string(text[start:last.name.from])
	eol := f.eol()
	line := bytes.IndexByte(text[at:vector.raw.to-1], '\n')
	if strings.Trim(indent, " \t") != "" { // all in one line
		return f.apply([]Splice{{at, at, ", " + f.beside(last, p.key) + word + f.ends(at)}}, want, change)
	}
	item := f.beneath(last, p.key) + word
	if line < 0 { // the ] stands behind the last value
		return f.apply([]Splice{{at, at, "," + eol + indent + item + f.ends(at)}}, want, change)
	}
	line += at + 1
	return f.apply([]Splice{{at, at, ","}, {line, line, indent + item + blankBefore(eol) + eol}}, want, change)
}

// beneath is a name and its = as a line below that of last would have it: the = under
// the other.
func (f *File) beneath(last Attribute, name string) string {
	left, right := f.around(last)
	if left != "" {
		left = strings.Repeat(" ", max(1, last.name.to-last.name.from+len(left)-len(name)))
	}
	return name + left + "=" + right
}

// beside is a name and its = as they would be in the line of last.
func (f *File) beside(last Attribute, name string) string {
	left, right := f.around(last)
	return name + left[:min(1, len(left))] + "=" + right
}

// around is what stands around the = of an attribute.
func (f *File) around(a Attribute) (left, right string) {
	left, right = string(f.buffer.text[a.name.to:a.sign]), string(f.buffer.text[a.sign+1:a.raw.from])
	if strings.Trim(left, " ") != "" { // a tab, or an end of line
		left = " "
	}
	return left, right
}

// addSingle writes a single value that the file does not have.
func (f *File) addSingle(p path, value string) error {
	if err := f.addable(p.name, "a vector"); err != nil {
		return err
	}
	if c, ok := f.commented(p.name, false); ok {
		if err := f.uncomment(c); err != nil {
			return err
		}
		a, _ := f.find(p)
		return f.change(p, a, value)
	}
	word, err := written(value, !isNumber(value))
	if err != nil {
		return fmt.Errorf("set %s: %w", p, err)
	}
	return f.insert(f.place(p.name), Attribute{Name: p.name, Value: value}, p.name+" = "+word, Change{p.String(), nil, &value})
}

// addVector writes a vector that the file does not have; if it only takes the comment
// from one, then the values are still to be set.
func (f *File) addVector(name string, pairs []Pair) error {
	if err := f.addable(name, "a single value"); err != nil {
		return err
	}
	at := f.place(name)
	if c, ok := f.commented(name, true); ok {
		if !slices.ContainsFunc(c.is.Keys, func(k Attribute) bool {
			return !slices.ContainsFunc(pairs, func(p Pair) bool { return strings.EqualFold(p.Key, k.Name) })
		}) {
			return f.uncomment(c)
		}
		at = c.to
	}
	width := 0
	for _, p := range pairs {
		width = max(width, len(p.Key))
	}
	eol := f.eol()
	is := Attribute{Name: name, Vector: true}
	block := name + " = ["
	var changes []Change
	for i, p := range pairs {
		word, err := written(p.Value, !isNumber(p.Value))
		if err != nil {
			return fmt.Errorf("set %s %s: %w", name, p.Key, err)
		}
		key := strings.ToUpper(p.Key)
		is.Keys = append(is.Keys, Attribute{Name: key, Value: p.Value})
		if slices.ContainsFunc(pairs[:i], func(q Pair) bool { return strings.EqualFold(p.Key, q.Key) }) {
			return fmt.Errorf("set %s: %s is given twice", name, key)
		}
		block += fmt.Sprintf("%s    %-*s = %s", eol, width, key, word)
		if i < len(pairs)-1 {
			block += ","
		}
		changes = append(changes, Change{name + " " + key, nil, &pairs[i].Value})
	}
	return f.insert(at, is, block+blankBefore(eol)+eol+"]", changes...)
}

// addable refuses to add an attribute that is there in another form, or that oned would
// call otherwise.
func (f *File) addable(name, form string) error {
	if topName(name) != name {
		return fmt.Errorf("set %s: oned would call it %s; choose another name", name, topName(name))
	}
	if i := slices.IndexFunc(f.all, func(a Attribute) bool { return a.Name == name }); i >= 0 {
		return fmt.Errorf("set %s: it is %s in line %d of %s; remove that", name, form, f.all[i].Line, f.buffer.name)
	}
	return nil
}

// insert writes an attribute at the beginning of a line, a vector with an empty line
// before it. A file whose last line does not end keeps it so.
func (f *File) insert(at int, is Attribute, text string, changes ...Change) error {
	eol := f.eol()
	whole := at == 0 || f.buffer.text[at-1] == '\n'
	if is.Vector && at > 0 {
		text = eol + text
	}
	switch {
	case whole && is.Vector:
		text += eol
	case whole:
		text += blankBefore(eol) + eol
	default:
		text = blankBefore(eol) + eol + text
	}
	want := clone(f.all)
	i := slices.IndexFunc(want, func(a Attribute) bool { return a.name.from >= at })
	if i < 0 {
		i = len(want)
	}
	return f.apply([]Splice{{at, at, text}}, slices.Insert(want, i, is), changes...)
}

// place is the beginning of the line where an attribute of that name belongs.
func (f *File) place(name string) int {
	for _, n := range append([]string{name}, neighbours[name]...) {
		for i, a := range slices.Backward(f.all) {
			if a.Name == n {
				return f.behind(i)
			}
		}
	}
	return len(f.buffer.text)
}

// behind is the beginning of the first line behind the i-th attribute, and behind all
// that begin before that line.
func (f *File) behind(i int) int {
	for ; ; i++ {
		at := f.all[i].raw.to
		line := bytes.IndexByte(f.buffer.text[at:], '\n')
		if line < 0 {
			return len(f.buffer.text)
		}
		if at += line + 1; i+1 == len(f.all) || f.all[i+1].name.from >= at {
			return at
		}
	}
}

// eol is how the file ends its lines.
func (f *File) eol() string {
	if i := bytes.IndexByte(f.buffer.text, '\n'); i > 0 && f.buffer.text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// blankBefore is what keeps a value apart from an end of line: oned takes a carriage
// return for a part of it.
func blankBefore(eol string) string {
	if eol[0] == '\r' {
		return " "
	}
	return ""
}
