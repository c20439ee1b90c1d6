package main

import (
	"bytes"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
)

// The pages are our own, so the markup in them is too.
var markdown = goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()), goldmark.WithRendererOptions(html.WithUnsafe()))

// document is a page of Markdown.
type document struct {
	source []byte
	top    ast.Node
}

// heading is a heading with its anchor.
type heading struct {
	level    int
	id, text string
}

// entry is a page in the menu, section a part of it.
type entry struct{ title, file string }

type section struct {
	title   string
	entries []entry
}

// read parses a page. Comments in it are for those who edit it.
func read(source []byte) *document {
	context := parser.NewContext(parser.WithIDs(&slugs{}))
	d := &document{source: source, top: markdown.Parser().Parse(text.NewReader(source), parser.WithContext(context))}
	var comments []ast.Node
	d.walk(func(n ast.Node) {
		if n.Kind() == ast.KindHTMLBlock {
			comments = append(comments, n)
		}
	})
	for _, n := range comments {
		n.Parent().RemoveChild(n.Parent(), n)
	}
	return d
}

func (d *document) walk(do func(ast.Node)) {
	_ = ast.Walk(d.top, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			do(n)
		}
		return ast.WalkContinue, nil
	})
}

// headings are all headings in their order.
func (d *document) headings() (list []heading) {
	d.walk(func(n ast.Node) {
		if h, ok := n.(*ast.Heading); ok {
			id, _ := h.AttributeString("id")
			anchor, _ := id.([]byte)
			list = append(list, heading{h.Level, string(anchor), d.plain(h)})
		}
	})
	return list
}

// title is the first heading.
func (d *document) title() string {
	if list := d.headings(); len(list) > 0 {
		return list[0].text
	}
	return "oneha"
}

// plain is the text of a node without its markup.
func (d *document) plain(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			b.Write(c.Value(d.source))
			if c.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		default:
			b.WriteString(d.plain(c))
		}
	}
	return b.String()
}

// links are the places that the page links and shows, as they are written.
func (d *document) links() (list []string) {
	d.walk(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Link:
			list = append(list, string(n.Destination))
		case *ast.Image:
			list = append(list, string(n.Destination))
		}
	})
	return list
}

// local is the file of the repository that a link of the page name leads to, and the
// place in it. It is false for a place elsewhere, and for one in the page itself.
func local(name, link string) (file, anchor string, ok bool) {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Path == "" {
		return "", "", false
	}
	return path.Join(path.Dir(name), u.Path), u.Fragment, true
}

// render is the page as HTML, its links leading to pages of the site; the files that
// it links are returned.
func (d *document) render(name string, isDir func(string) bool) (text string, files []string) {
	own := target(name, false)
	to := func(link []byte) []byte {
		file, anchor, ok := local(name, string(link))
		if !ok {
			return link
		}
		files = append(files, file)
		u := url.URL{Path: relative(own, target(file, isDir(file))), Fragment: anchor}
		return []byte(u.String())
	}
	d.walk(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Link:
			n.Destination = to(n.Destination)
		case *ast.Image:
			n.Destination = to(n.Destination)
		}
	})
	var b bytes.Buffer
	if err := markdown.Renderer().Render(&b, d.source, d.top); err != nil {
		panic(err) // a buffer takes everything
	}
	text = firstCell.ReplaceAllStringFunc(b.String(), soft)
	// A wide table scrolls by itself, the page does not.
	return strings.NewReplacer("<table>", "<div class=\"wide\" tabindex=\"0\"><table>", "</table>", "</table></div>").Replace(text), files
}

var (
	firstCell = regexp.MustCompile(`<tr>\n<td>.*</td>`)
	between   = regexp.MustCompile(`([\pL\pN][:_/.])([\pL\pN])`)
	tagged    = regexp.MustCompile(`<[^>]*>|[^<]+`)
)

// soft lets long names in the first column of a table be divided at their signs, for
// narrow screens.
func soft(cell string) string {
	return tagged.ReplaceAllStringFunc(cell, func(part string) string {
		if part[0] == '<' {
			return part
		}
		return between.ReplaceAllString(part, "$1<wbr>$2")
	})
}

// menuOf reads the menu from the page that lists all others: a part for each heading,
// an entry for each link that begins an item of a list.
func menuOf(source []byte) []section {
	d := read(source)
	menu := []section{{"", []entry{{"Start", "README.md"}}}}
	d.walk(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Heading:
			if n.Level == 2 {
				menu = append(menu, section{title: d.plain(n)})
			}
		case *ast.ListItem:
			if n.FirstChild() == nil {
				return
			}
			link, ok := n.FirstChild().FirstChild().(*ast.Link)
			if !ok {
				return
			}
			if file, _, ok := local(index, string(link.Destination)); ok {
				last := &menu[len(menu)-1]
				last.entries = append(last.entries, entry{d.plain(link), file})
			}
		}
	})
	return menu
}

// slugs makes the anchors of headings as GitHub does, where the pages are read too.
type slugs struct{ used map[string]bool }

// Generate is the anchor of a heading: its letters and digits in lower case, - and _, a
// - for each space; a number behind it when there was one like it.
func (s *slugs) Generate(value []byte, _ ast.NodeKind) []byte {
	slug := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, strings.TrimSpace(string(value)))
	whole := slug
	for n := 1; s.used[whole]; n++ {
		whole = fmt.Sprintf("%s-%d", slug, n)
	}
	s.Put([]byte(whole))
	return []byte(whole)
}

// Put says that an anchor is used.
func (s *slugs) Put(value []byte) {
	if s.used == nil {
		s.used = map[string]bool{}
	}
	s.used[string(value)] = true
}
