package spec

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
)

const (
	maxSize  = 64 << 10 // bytes; sixteen nodes with every key and a comment each need less than 8 KiB
	maxDepth = 32       // nested lists and maps; the format needs four
)

// place is a position in the file, both from 1, the column in characters.
type place struct{ line, column int }

// mistake is a reason why the text cannot be read as YAML at all.
type mistake struct {
	at        place
	what, fix string
}

// decode turns the text of a file into its YAML documents. It never panics and
// its work is bounded by maxSize and maxDepth.
func decode(text string) (docs []ast.Node, bad *mistake) {
	// The YAML library is not ours; a panic in it must not be the answer to a
	// mistake in a file.
	defer func() {
		if p := recover(); p != nil {
			docs, bad = nil, &mistake{place{1, 1}, "the file cannot be read as YAML", "compare it with the examples"}
		}
	}()
	tokens := lexer.Tokenize(text)
	if at, deep := tooDeep(tokens); deep {
		return nil, &mistake{at, fmt.Sprintf("lists or maps are nested more than %d deep", maxDepth), "close the brackets; the format needs four levels"}
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxMistake(err)
	}
	for _, d := range file.Docs {
		if _, directive := d.Body.(*ast.DirectiveNode); d.Body != nil && !directive {
			docs = append(docs, d.Body)
		}
	}
	return docs, nil
}

// normalise checks that data is text and gives it one form of line ending. No
// character moves: lines and columns of the result are those of the file.
func normalise(data []byte) (string, *mistake) {
	if len(data) > maxSize {
		return "", &mistake{place{1, 1}, fmt.Sprintf("the file is larger than %d KiB", maxSize>>10), "give the cluster's description, which is a few lines"}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	at := place{1, 1}
	indent, blank := true, isBlank(data) // of the line that i is in
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return "", &mistake{at, "the file is not UTF-8 text here", "save it as UTF-8"}
		case r == '\t' && indent && !blank:
			return "", &mistake{at, "a tab indents this line", "indent with spaces; YAML forbids tabs there"}
		case r == '\t' && indent:
			data[i] = ' ' // the YAML library minds tabs in empty lines, YAML does not
		case isControl(r) && r != '\n' && r != '\t':
			return "", &mistake{at, fmt.Sprintf("control character U+%04X", r), "remove it"}
		}
		i += size
		at.column++
		indent = indent && (r == ' ' || r == '\t')
		if r == '\n' {
			at, indent, blank = place{at.line + 1, 1}, true, isBlank(data[i:])
		}
	}
	return string(data), nil
}

// isBlank reports whether the line at the start of data is only white space and
// a comment.
func isBlank(data []byte) bool {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	line = bytes.TrimSpace(line)
	return len(line) == 0 || line[0] == '#'
}

// tooDeep finds nesting that would make the parser recurse without measure.
// Block nesting is bounded by maxSize, since every level costs an indentation;
// brackets and "- - -" are not.
func tooDeep(tokens token.Tokens) (place, bool) {
	flow, dashes := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		}
		if t.Type == token.SequenceEntryType {
			dashes++
		} else {
			dashes = 0
		}
		if flow > maxDepth || dashes > maxDepth {
			return placeOf(t), true
		}
	}
	return place{}, false
}

// syntaxMistake takes place and text from the YAML library's error, without the
// excerpt of the source that the error's own text carries.
func syntaxMistake(err error) *mistake {
	m := &mistake{place{1, 1}, "not YAML", "mend the syntax here or on the line before; values with : # { [ need quotes"}
	var syntax interface {
		GetMessage() string
		GetToken() *token.Token
	}
	if errors.As(err, &syntax) {
		m.what += ": " + clip(strings.TrimSpace(syntax.GetMessage()))
		m.at = placeOf(syntax.GetToken())
	}
	return m
}

// placeOf is the position of a token, 1:1 where the library has none.
func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{1, 1}
	}
	return place{max(1, t.Position.Line), max(1, t.Position.Column)}
}

// within moves a place that lies outside the lines to their nearest end; some
// of the YAML library's errors are behind the last one.
func within(p place, lines []string) place {
	if p.line > len(lines) {
		p = place{len(lines), maxSize}
	}
	return place{p.line, min(p.column, utf8.RuneCountInString(lines[p.line-1])+1)}
}

// clip keeps at most 80 characters, none of them a control character, for texts
// that end up in a message.
func clip(s string) string {
	s = strings.Map(func(c rune) rune {
		if isControl(c) {
			return ' '
		}
		return c
	}, s)
	if r := []rune(s); len(r) > 80 {
		return string(r[:77]) + "..."
	}
	return s
}
