package settings

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/oneha/oneha/internal/diag"
)

// maxSize is far more than any file needs: a thousand hosts are 60 kB.
const maxSize = 256 << 10

// Parse reads the file. With errors among the findings the settings must not be used.
func Parse(file string, data []byte) (s Settings, findings diag.Findings) {
	r := &reader{file: file, lines: strings.Split(string(data), "\n")}
	defer func() {
		// The YAML library is not ours; a panic in it must not end the hook without a word.
		if recover() != nil {
			r.findings = nil
			r.error(nil, "the file cannot be read as YAML", "compare it with docs/vm-ha.md")
			s, findings = Default(), r.findings
		}
	}()
	s = Default()
	if body := r.document(data); body != nil {
		r.top(&s, body)
	}
	r.findings.Sort()
	return s, r.findings
}

// document is the one YAML document of the file, nil when there is none.
func (r *reader) document(data []byte) ast.Node {
	switch {
	case len(data) > maxSize:
		r.error(nil, fmt.Sprintf("the file is larger than %d KiB", maxSize>>10), "a thousand hosts need less")
		return nil
	case !utf8.Valid(data) || bytes.ContainsRune(data, 0):
		r.error(nil, "the file is not UTF-8 text", "save it as UTF-8")
		return nil
	}
	tokens := lexer.Tokenize(string(data))
	deep := 0
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			deep++
		case token.MappingEndType, token.SequenceEndType:
			deep--
		}
		if deep > 8 || strings.Count(t.Value, "- ") > 64 {
			r.error(t, "nested too deep", "the format has three levels")
			return nil
		}
	}
	parsed, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		what, at := "not YAML", (*token.Token)(nil)
		var syntax interface {
			GetMessage() string
			GetToken() *token.Token
		}
		if errors.As(err, &syntax) {
			what, at = "not YAML: "+clip(syntax.GetMessage()), syntax.GetToken()
		}
		r.error(at, what, "mend the syntax here or on the line before")
		return nil
	}
	var bodies []ast.Node
	for _, d := range parsed.Docs {
		if d.Body != nil && d.Body.Type() != ast.NullType && d.Body.Type() != ast.CommentType {
			bodies = append(bodies, d.Body)
		}
	}
	switch len(bodies) {
	case 0:
		return nil // all defaults
	case 1:
		return bodies[0]
	}
	r.error(bodies[1].GetToken(), "a second YAML document", "one file holds one: remove the line ---")
	return nil
}

// reader collects findings while it walks the file.
type reader struct {
	file     string
	lines    []string
	findings diag.Findings
}

// error reports what is wrong at a token, within the lines of the file: some of the
// library's places are behind its end.
func (r *reader) error(at *token.Token, what, fix string) {
	line, column := 1, 1
	if at != nil && at.Position != nil {
		line, column = max(1, min(at.Position.Line, len(r.lines))), max(1, at.Position.Column)
	}
	column = min(column, utf8.RuneCountInString(r.lines[line-1])+1)
	r.findings = append(r.findings, diag.Finding{File: r.file, Line: line, Column: column, Severity: diag.Error, What: what, Fix: fix})
}

// field is a key of a map with its value.
type field struct {
	key   string
	at    *token.Token
	value ast.Node
}

// fields are the pairs of a map, without keys that are given twice.
func (r *reader) fields(n ast.Node, what string) (list []field) {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = append(pairs, n)
	case *ast.NullNode:
		return nil
	default:
		r.error(n.GetToken(), what+" is not a map", "write KEY: VALUE on lines of their own")
		return nil
	}
	seen := map[string]bool{}
	for _, p := range pairs {
		at := p.Key.GetToken()
		key, ok := p.Key.(ast.ScalarNode)
		if !ok || p.Key.IsMergeKey() {
			r.error(at, "this key is not a plain word", "write the key as in the example")
			continue
		}
		f := field{key.GetToken().Value, at, p.Value}
		if seen[f.key] {
			r.error(at, fmt.Sprintf("%q is given twice", clip(f.key)), "keep one of them")
			continue
		}
		seen[f.key] = true
		list = append(list, f)
	}
	return list
}

// text is the value of a key, as it is written.
func (r *reader) text(f field) (string, bool) {
	var s string
	switch n := f.value.(type) {
	case *ast.NullNode:
	case *ast.LiteralNode:
		s = n.Value.Value
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		r.error(f.value.GetToken(), "anchors, aliases and tags are not used in this file", "write the value out")
		return "", false
	case ast.ScalarNode:
		s = n.GetToken().Value
	default:
		r.error(f.value.GetToken(), f.key+" is not a single value", "write "+f.key+": VALUE")
		return "", false
	}
	if s = strings.TrimSpace(s); s == "" || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		r.error(f.at, clip(f.key)+" has no value, or one of several lines", "give it one on one line, or remove the key")
		return "", false
	}
	return s, true
}

// unknown reports a key that is not known there.
func (r *reader) unknown(f field, where string, known ...string) {
	fix := "known here: " + strings.Join(known, ", ")
	if meant := diag.Nearest(f.key, known); meant != "" {
		fix = fmt.Sprintf("did you mean %q?", meant)
	}
	r.error(f.at, fmt.Sprintf("unknown key %q%s", clip(f.key), where), fix)
}

func clip(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(c rune) bool {
		return c < ' ' || c == 0x7f || c == utf8.RuneError || c >= 0x80 && c < 0xa0 || c == 0x2028 || c == 0x2029
	}), " ")
	if r := []rune(s); len(r) > 80 {
		return string(r[:77]) + "..."
	}
	return s
}
