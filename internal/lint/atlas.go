package lint

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// atlas finds the keys of a description in its text.
type atlas struct {
	file   string
	places map[string]Place // by path, its parts joined with a zero byte
}

const joint = "\x00"

// newAtlas reads a text that spec.Parse has read without an error. Should the YAML
// library fail on it all the same, nothing has a place in it but the file.
func newAtlas(file string, data []byte) (a *atlas) {
	a = &atlas{file: file, places: map[string]Place{}}
	defer func() { _ = recover() }() // findings without lines are better than none
	doc, err := parser.ParseBytes([]byte(strings.TrimPrefix(string(data), "\ufeff")), 0)
	if err != nil || len(doc.Docs) == 0 {
		return a
	}
	a.read("", doc.Docs[0].Body)
	return a
}

func (a *atlas) read(path string, n ast.Node) {
	switch v := n.(type) {
	case *ast.MappingNode:
		for _, entry := range v.Values {
			a.read(path, entry)
		}
	case *ast.MappingValueNode:
		below := path + joint + v.Key.GetToken().Value
		a.note(below, v.Key.GetToken())
		a.read(below, v.Value)
	case *ast.SequenceNode:
		for _, item := range v.Values {
			if s, ok := item.(ast.ScalarNode); ok {
				a.note(path+joint+s.GetToken().Value, s.GetToken())
			} else {
				a.read(path, item)
			}
		}
	}
}

func (a *atlas) note(path string, t *token.Token) {
	if _, known := a.places[path]; !known && t != nil && t.Position != nil {
		a.places[path] = Place{a.file, t.Position.Line, t.Position.Column}
	}
}

// find returns the place of a key, or of an item in a list.
func (a *atlas) find(path ...string) (Place, bool) {
	at, ok := a.places[joint+strings.Join(path, joint)]
	return at, ok
}

// first returns the place of the first of the paths that the file has, or else its
// beginning.
func (a *atlas) first(paths ...[]string) Place {
	for _, p := range paths {
		if at, ok := a.find(p...); ok {
			return at
		}
	}
	return Place{a.file, 1, 1}
}
