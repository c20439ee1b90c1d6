package confedit

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Remove takes away what is at a path: a key, or with one name an attribute of either
// form, every time that it is there. Comments stay. Of attributes that are meant to be
// repeated, such as VM_MAD, the path must choose.
func (f *File) Remove(names ...string) error {
	p, err := parsePath(names)
	if err != nil {
		return err
	}
	if f.err != nil {
		return f.err
	}
	if p.key != "" {
		return f.together(func(f *File) error { return f.removeKeys(p) })
	}
	count := 0
	for _, a := range f.all {
		if a.Name == p.name {
			count++
		}
	}
	if count > 1 && p.where == "" && !slices.Contains(once, p.name) {
		return fmt.Errorf("remove %s: it is there %d times; say which, as %s[NAME=value]", p, count, p.name)
	}
	return f.together(func(f *File) error {
		for i := f.removable(p); i >= 0; i = f.removable(p) {
			if err := f.removeTop(i, p); err != nil {
				return err
			}
		}
		return nil
	})
}

// removable is the first attribute that a path of one name means.
func (f *File) removable(p path) int {
	return slices.IndexFunc(f.all, func(a Attribute) bool {
		return a.Name == p.name && (p.where == "" ||
			slices.ContainsFunc(a.Keys, func(k Attribute) bool { return k.Name == p.where && k.Value == p.equals }))
	})
}

func (f *File) removeTop(i int, p path) error {
	a := f.all[i]
	clear(f.was) // what comes in its place later is no return to it
	var changes []Change
	if !a.Vector {
		changes = append(changes, Change{p.String(), &a.Value, nil})
	}
	for k := range a.Keys {
		changes = append(changes, Change{p.String() + " " + a.Keys[k].Name, &a.Keys[k].Value, nil})
	}
	if len(changes) == 0 {
		changes = append(changes, Change{p.String(), new(string), nil}) // a vector without keys
	}
	return f.apply([]Splice{f.line(a.name.from, f.core(a).to)}, slices.Delete(clone(f.all), i, i+1), changes...)
}

func (f *File) removeKeys(p path) error {
	for {
		i := p.top(f.all)
		if i < 0 {
			return nil
		}
		keys := f.all[i].Keys
		j := slices.IndexFunc(keys, p.isKey)
		if j < 0 {
			return nil
		}
		if len(keys) == 1 {
			return fmt.Errorf("remove %s: it is the only key, and an empty vector is not the same to oned as none; remove %s", p, p.name)
		}
		clear(f.was)
		want := clone(f.all)
		want[i].Keys = slices.Delete(want[i].Keys, j, j+1)
		if err := f.apply(f.without(keys, j), want, Change{p.String(), &keys[j].Value, nil}); err != nil {
			return err
		}
	}
}

// without takes a key and a comma out of a vector: the comma behind the key, or that
// before it if it is the last.
func (f *File) without(keys []Attribute, j int) []Splice {
	from, to := keys[j].name.from, f.core(keys[j]).to
	if j == len(keys)-1 {
		c := f.comma(keys[j-1].raw.to)
		return []Splice{{c, c + 1, f.ends(c + 1)}, f.line(from, to)}
	}
	c := f.comma(keys[j].raw.to)
	if strings.Trim(string(f.buffer.text[to:c]), " \t") == "" {
		return []Splice{f.line(from, c+1)}
	}
	return []Splice{{From: from, To: to}, {From: c, To: c + 1}}
}

// comma is the offset of the comma behind a value.
func (f *File) comma(at int) int {
	l := newLexer(string(f.buffer.text))
	l.at = at
	return l.next().from
}

// line takes away the bytes from from to to: with their lines if nothing else is in
// them, otherwise with the blanks behind them.
func (f *File) line(from, to int) Splice {
	text := f.buffer.text
	start := bytes.LastIndexByte(text[:from], '\n') + 1
	stop := to
	for stop < len(text) && (isBlank(text[stop]) || text[stop] == '\r') {
		stop++
	}
	if strings.Trim(string(text[start:from]), " \t") == "" && (stop == len(text) || text[stop] == '\n') {
		return Splice{From: start, To: min(stop+1, len(text))}
	}
	for to < len(text) && isBlank(text[to]) {
		to++
	}
	return Splice{From: from, To: to}
}
