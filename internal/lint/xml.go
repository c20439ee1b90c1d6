package lint

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/oneha/oneha/internal/diag"
)

// maxDepth bounds the nesting of a CIB; Pacemaker's own schemas need a dozen levels.
const maxDepth = 64

// element is an element of a CIB with its place. Text between elements means
// nothing there and is not kept.
type element struct {
	tag      string
	attrs    []xml.Attr
	children []*element
	parent   *element
	place    Place
}

// attr returns the value of an attribute, "" when it is not there.
func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (e *element) has(name string) bool {
	return slices.ContainsFunc(e.attrs, func(a xml.Attr) bool { return a.Name.Local == name })
}

// child returns the first child of that tag, nil when there is none.
func (e *element) child(tag string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if c.tag == tag {
			return c
		}
	}
	return nil
}

// below returns the children of the child of that tag.
func (e *element) below(tag string) []*element {
	if c := e.child(tag); c != nil {
		return c.children
	}
	return nil
}

// readXML reads a document into its root element. The finding says where it is
// no XML.
func readXML(file string, text []byte) (root *element, bad *diag.Finding) {
	r := newRuler(file, text)
	d := xml.NewDecoder(bytes.NewReader(text))
	wrong := func(what string) *diag.Finding {
		at := r.place(int(d.InputOffset()))
		return &diag.Finding{File: at.File, Line: at.Line, Column: at.Column, Severity: diag.Error,
			What: "the file cannot be read as a CIB: " + what, Fix: "give what `cibadmin --query` prints"}
	}
	var open *element
	depth := 0
	for {
		start := int(d.InputOffset())
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var syntax *xml.SyntaxError
			if errors.As(err, &syntax) {
				return nil, wrong(clip(syntax.Msg))
			}
			return nil, wrong(clip(err.Error()))
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return nil, wrong(fmt.Sprintf("elements are nested more than %d deep", maxDepth))
			}
			e := &element{tag: t.Name.Local, attrs: t.Copy().Attr, parent: open, place: r.place(start)}
			switch {
			case open != nil:
				open.children = append(open.children, e)
			case root != nil:
				return nil, wrong("a second root element begins here")
			default:
				root = e
			}
			open = e
		case xml.EndElement:
			depth--
			open = open.parent
		}
	}
	if root == nil {
		return nil, wrong("there is no element in it")
	}
	return root, nil
}

// walk calls f for e and everything below it.
func (e *element) walk(f func(*element)) {
	f(e)
	for _, c := range e.children {
		c.walk(f)
	}
}
