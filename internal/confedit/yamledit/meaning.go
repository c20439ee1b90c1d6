package yamledit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// fact is a single value of a file, as goccy's parser reads it, and the path of it.
type fact struct {
	path string // keys, and the numbers of list items, each with a zero byte behind it
	kind ast.NodeType
	text string
}

// facts are all single values of a file in its order.
type facts []fact

// meaning is what a text says to a YAML parser. The parser is not to be trusted with
// just any text: a panic is an error here.
func meaning(text []byte) (all facts, err error) {
	defer func() {
		if r := recover(); r != nil {
			all, err = nil, errors.New("the YAML parser failed on it")
		}
	}()
	file, err := parser.ParseBytes(bytes.TrimPrefix(text, []byte("\ufeff")), 0)
	if err != nil {
		return nil, refused(err)
	}
	for i, doc := range file.Docs {
		if i > 0 && doc.Body != nil {
			return nil, errors.New("it has several documents")
		}
		if doc.Body != nil {
			if err := all.walk("", doc.Body, 0); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// refusal is where the YAML parser does not go on. Its own words would show the lines
// of the file, and with them secrets.
type refusal struct{ line, column int }

func (r *refusal) Error() string { return "the YAML parser does not take it" }

func refused(err error) *refusal {
	var syntax interface {
		error
		GetToken() *token.Token
	}
	if errors.As(err, &syntax) && syntax.GetToken() != nil && syntax.GetToken().Position != nil {
		at := syntax.GetToken().Position
		return &refusal{at.Line, at.Column}
	}
	return &refusal{}
}

func (all *facts) walk(path string, n ast.Node, depth int) error {
	const deepest = 100
	if depth > deepest {
		return errors.New("it is nested too deeply")
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		all.mapping(path)
		for _, pair := range n.Values {
			if err := all.pair(path, pair, depth); err != nil {
				return err
			}
		}
	case *ast.MappingValueNode:
		all.mapping(path)
		return all.pair(path, n, depth)
	case *ast.SequenceNode:
		*all = append(*all, fact{path, ast.SequenceType, ""})
		for i, item := range n.Values {
			if err := all.walk(fmt.Sprintf("%s%d\x00", path, i), item, depth+1); err != nil {
				return err
			}
		}
	case *ast.NullNode:
		*all = append(*all, fact{path, ast.NullType, ""})
	case *ast.LiteralNode:
		*all = append(*all, fact{path, ast.StringType, n.Value.Value})
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return errors.New("it has an anchor, an alias or a tag")
	case ast.ScalarNode:
		*all = append(*all, fact{path, n.Type(), n.GetToken().Value})
	default:
		return errors.New("it has something that is no value")
	}
	return nil
}

// mapping notes that there is a map; at the top there always is.
func (all *facts) mapping(path string) {
	if path != "" {
		*all = append(*all, fact{path, ast.MappingType, ""})
	}
}

func (all *facts) pair(path string, pair *ast.MappingValueNode, depth int) error {
	key, ok := pair.Key.(ast.ScalarNode)
	if !ok || pair.Key.IsMergeKey() {
		return errors.New("it has a key that is no plain word")
	}
	return all.walk(path+key.GetToken().Value+"\x00", pair.Value, depth+1)
}

func joined(path []string) string { return strings.Join(path, "\x00") + "\x00" }

// has reports whether there is that single value at a path.
func (all facts) has(path []string, text string) bool {
	return slices.ContainsFunc(all, func(f fact) bool {
		return f.path == joined(path) && (f.text == text || f.kind == ast.NullType && text == "")
	})
}

// equalBut compares all but what is at a path, and that there is a map for it.
func (all facts) equalBut(other facts, path []string) bool {
	without := func(all facts) facts {
		return slices.DeleteFunc(slices.Clone(all), func(f fact) bool {
			return f.path == joined(path) || f.path == joined(path[:len(path)-1]) && (f.kind == ast.NullType || f.kind == ast.MappingType)
		})
	}
	return slices.Equal(without(all), without(other))
}
