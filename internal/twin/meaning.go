package twin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/confedit/yamledit"
	"github.com/oneha/oneha/internal/diag"
)

// maxMeaning bounds a file that is compared by what it says, in bytes.
const maxMeaning = 4 << 20

func newDigest(key []byte) hash.Hash { return hmac.New(sha256.New, key) }

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }

func digestOf(key []byte, parts ...string) string {
	h := newDigest(key)
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return sum(h)
}

// meaning digests what a file says, by name, without what is kept. It is nil for a file
// that cannot be read in that way, whose bytes are compared.
func meaning(file string, mode Mode, text, key []byte) map[string]string {
	said := map[string]string{}
	switch formOf(file) {
	case template:
		f, findings := confedit.Parse(file, text)
		if findings.HasErrors() {
			return nil
		}
		for name, value := range templateSays(f, file, mode) {
			said[name] = digestOf(key, name, value)
		}
	case yaml:
		text, err := yamlSays(text, file, mode)
		if err != nil {
			return nil
		}
		said["content"] = digestOf(key, text)
	case lines:
		all := strings.Split(strings.TrimSpace(string(text)), "\n")
		slices.Sort(all)
		said["content"] = digestOf(key, slices.Compact(all)...)
	default:
		return nil
	}
	return said
}

// templateSays is what a file in OpenNebula's grammar says, by name. What is repeated is
// under one name, in its order.
func templateSays(f *confedit.File, file string, mode Mode) map[string]string {
	kept := map[string]Keep{}
	for _, k := range keptIn(file, mode) {
		kept[strings.Join(k.Path, "/")] = k
	}
	said := map[string]string{}
	say := func(name, value string) {
		if k, ok := kept[name]; ok {
			if value, ok = k.shared(value); !ok {
				return
			}
		}
		said[name] += fmt.Sprintf("%d:%s", len(value), value)
	}
	for _, a := range f.All() {
		if !a.Vector {
			say(a.Name, a.Value)
			continue
		}
		said[a.Name] += "vector " // an empty one says something, too
		keys := map[string]bool{}
		for _, k := range a.Keys {
			if !keys[k.Name] { // the first counts
				say(a.Name+"/"+k.Name, k.Value)
			}
			keys[k.Name] = true
		}
	}
	return said
}

// yamlSays is the text of a YAML file without comments and empty lines, and with what is
// kept replaced.
func yamlSays(text []byte, file string, mode Mode) (string, error) {
	f, findings := yamledit.Parse(file, text)
	if findings.HasErrors() {
		return "", errors.New("it is no YAML that can be edited")
	}
	for _, k := range keptIn(file, mode) {
		value, ok := f.Get(k.Path...)
		if !ok {
			continue
		}
		shared, _ := k.shared(value)
		if shared == value {
			continue
		}
		if err := f.Set(shared, k.Path...); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	for line := range strings.Lines(string(f.Bytes())) {
		line = strings.TrimRight(line, " \t\r\n")
		if bare := strings.TrimSpace(line); bare != "" && !strings.HasPrefix(bare, "#") {
			b.WriteString(line + "\n")
		}
	}
	return b.String(), nil
}

// editor is what both forms of configuration have.
type editor interface {
	Get(path ...string) (string, bool)
	Set(value string, path ...string) error
	Remove(path ...string) error
	Bytes() []byte
}

func edit(file string, text []byte) (editor, error) {
	var e editor
	var findings diag.Findings
	if formOf(file) == template {
		e, findings = confedit.Parse(file, text)
	} else {
		e, findings = yamledit.Parse(file, text)
	}
	for _, f := range findings {
		if f.Severity == diag.Error {
			return nil, fmt.Errorf("%s", f)
		}
	}
	return e, nil
}

// merge is the other server's file with the values that this one keeps.
func merge(file string, mode Mode, here, there []byte) ([]byte, error) {
	kept := keptIn(file, mode)
	if len(kept) == 0 {
		return there, nil
	}
	ours, err := edit(file, here)
	if err != nil {
		return nil, fmt.Errorf("what this server keeps cannot be read from it: %w", err)
	}
	theirs, err := edit(file, there)
	if err != nil {
		return nil, fmt.Errorf("the other server's cannot be edited: %w", err)
	}
	for _, k := range kept {
		if err := k.keep(ours, theirs, formOf(file)); err != nil {
			return nil, fmt.Errorf("keep %s: %w", strings.Join(k.Path, " "), err)
		}
	}
	return theirs.Bytes(), nil
}

// keep puts a value of ours into theirs.
func (k Keep) keep(ours, theirs editor, in form) error {
	here, have := ours.Get(k.Path...)
	there, has := theirs.Get(k.Path...)
	value, ok, err := k.merged(here, have, there, has)
	switch {
	case err != nil:
		return err
	case ok && (!has || value != there):
		return theirs.Set(value, k.Path...)
	case !ok && has && in == template: // in YAML it may be the last of its map; the other's does no harm
		return theirs.Remove(k.Path...)
	}
	return nil
}
