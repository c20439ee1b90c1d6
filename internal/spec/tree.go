package spec

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// kind is what stands at a place of the file.
type kind string

const (
	absent  kind = ""             // the key is not there
	null    kind = "nothing"      // a key without a value, or null
	scalar  kind = "single value" // a text, number or boolean, as it was written
	list    kind = "list"
	mapping kind = "map"
	broken  kind = "broken" // reported already: whatever depends on it keeps silent
)

// value is a node of the file's tree, free of YAML's finer points: a scalar is
// its text, and a map's keys are unique.
type value struct {
	kind   kind
	at     place
	text   string // scalar only
	items  []value
	fields []field
	again  int // number of keys given twice, which are not among fields
}

// field is a key with its value, in the order of the file.
type field struct {
	key   string
	at    place
	value value
}

// unnamed reports whether this is a pair of which no key could be read; that was
// reported already.
func (f field) unnamed() bool {
	return f.value.kind == broken && (f.key == "" || f.key == "<<")
}

// tree converts a YAML node, reporting what the format does not have: keys
// given twice, keys that are no text, anchors, aliases, merge keys and tags.
func (r *reader) tree(n ast.Node) value {
	at := placeOf(n.GetToken())
	switch n := n.(type) {
	case *ast.NullNode:
		return value{kind: null, at: at}
	case *ast.LiteralNode:
		return value{kind: scalar, at: at, text: n.Value.Value}
	case *ast.SequenceNode:
		v := value{kind: list, at: at}
		for _, item := range n.Values {
			v.items = append(v.items, r.item(item, n.IsFlowStyle))
		}
		return v
	case *ast.MappingValueNode:
		return r.fields(at, n)
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			at = placeOf(n.Values[0].Key.GetToken())
		}
		return r.fields(at, n.Values...)
	case *ast.AnchorNode:
		r.refuse(at, "an anchor (&)")
		return r.tree(n.Value)
	case *ast.AliasNode:
		r.refuse(at, "an alias (*)")
		return value{kind: broken, at: at}
	case *ast.TagNode:
		r.refuse(at, "a tag (!)")
		return r.tree(n.Value)
	case ast.ScalarNode:
		return value{kind: scalar, at: at, text: n.GetToken().Value}
	}
	r.error(at, "this is not a value", "write a text, a list or a map")
	return value{kind: broken, at: at}
}

// refuse reports a construct that the format leaves out. Once per file: an
// anchor and its aliases are one idea of the writer.
func (r *reader) refuse(at place, what string) {
	if !r.refused {
		r.error(at, what+" is not used in this file", "write the value out; what the BMCs share goes into the top level's bmc")
	}
	r.refused = true
}

// fields converts a map's pairs and reports keys given twice; the first wins.
func (r *reader) fields(at place, pairs ...*ast.MappingValueNode) value {
	v := value{kind: mapping, at: at}
	first := map[string]place{}
	for _, pair := range pairs {
		at := placeOf(pair.Key.GetToken())
		if pair.Key.IsMergeKey() {
			r.refuse(at, "a merge key (<<)")
			v.fields = append(v.fields, field{key: "<<", at: at, value: value{kind: broken}})
			continue
		}
		key, ok := pair.Key.(ast.ScalarNode)
		if !ok {
			r.error(at, "this key is not a plain word", "write the key as in the examples")
			v.fields = append(v.fields, field{at: at, value: value{kind: broken}})
			continue
		}
		f := field{key: key.GetToken().Value, at: at, value: r.tree(pair.Value)}
		if before, twice := first[f.key]; twice {
			r.error(at, fmt.Sprintf("%q is given twice, first in line %d", clip(f.key), before.line), "keep one of them")
			v.again++
			continue
		}
		first[f.key] = at
		if f.value.kind == null {
			f.value.at = at // the key is what the reader sees
		}
		v.fields = append(v.fields, f)
	}
	return v
}

// item converts a list's item. The YAML library takes a plain "fd00::1" inside
// [ ] for a map, although a colon without white space behind it belongs to the
// scalar (YAML 1.2.2, 7.3.3); it is put together again here, because IPv6
// addresses in lists are what this file is about.
func (r *reader) item(n ast.Node, flow bool) value {
	m, ok := n.(*ast.MappingNode)
	if !ok || !flow || m.IsFlowStyle || len(m.Values) != 1 {
		return r.tree(n)
	}
	key, colon, rest := m.Values[0].Key.GetToken(), m.Values[0].Start, m.Values[0].Value.GetToken()
	if colon == nil || rest == nil || key.Type == token.DoubleQuoteType || key.Type == token.SingleQuoteType {
		return r.tree(n)
	}
	if _, ok := m.Values[0].Value.(ast.ScalarNode); !ok || placeOf(rest) != (place{placeOf(colon).line, placeOf(colon).column + 1}) {
		return r.tree(n)
	}
	return value{kind: scalar, at: placeOf(key), text: key.Value + ":" + rest.Value}
}
