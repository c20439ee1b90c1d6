package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// index is the page that lists all others, in the order of the menu.
const index = "docs/README.md"

//go:embed style.css
var style []byte

// site is a site that is being built.
type site struct {
	root  fs.FS
	menu  []section
	files map[string][]byte // made, by their path
	todo  []string          // pages and files that are linked
	seen  map[string]bool   // of todo
}

// build returns the files of the site by their path: the pages of the menu, and what
// they link.
func build(root fs.FS) (map[string][]byte, error) {
	s := &site{root: root, files: map[string][]byte{"style.css": style}, seen: map[string]bool{}}
	source, err := fs.ReadFile(root, index)
	if err != nil {
		return nil, err
	}
	s.menu = menuOf(source)
	s.want(index)
	for _, part := range s.menu {
		for _, e := range part.entries {
			s.want(e.file)
		}
	}
	for len(s.todo) > 0 {
		name := s.todo[0]
		s.todo = s.todo[1:]
		if err := s.make(name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return s.files, nil
}

// want puts a file on the list.
func (s *site) want(name string) {
	if !s.seen[name] {
		s.seen[name] = true
		s.todo = append(s.todo, name)
	}
}

// make makes one file of the site.
func (s *site) make(name string) error {
	info, err := fs.Stat(s.root, name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return s.list(name)
	}
	data, err := fs.ReadFile(s.root, name)
	if err != nil {
		return err
	}
	switch path.Ext(name) {
	case ".md":
		d := read(data)
		text, links := d.render(name, s.isDir)
		s.page(name, d.title(), d.headings(), text)
		for _, link := range links {
			s.want(link)
		}
	case ".svg":
		s.files[name] = data
	default:
		s.page(name, path.Base(name), nil, "<h1>"+html.EscapeString(path.Base(name))+"</h1>\n<pre><code>"+html.EscapeString(string(data))+"</code></pre>\n")
	}
	return nil
}

func (s *site) isDir(name string) bool {
	info, err := fs.Stat(s.root, name)
	return err == nil && info.IsDir()
}

// list makes a page of the files in a directory.
func (s *site) list(dir string) error {
	entries, err := fs.ReadDir(s.root, dir)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<h1>%s</h1>\n<ul>\n", html.EscapeString(dir))
	for _, e := range entries {
		if e.IsDir() {
			continue // what is below is for tests
		}
		name := path.Join(dir, e.Name())
		shown := e.Name()
		if path.Ext(name) == ".md" {
			data, err := fs.ReadFile(s.root, name)
			if err != nil {
				return err
			}
			shown = read(data).title()
		}
		fmt.Fprintf(&b, "<li><a href=\"%s\">%s</a></li>\n", html.EscapeString(relative(dir+"/index", target(name, false))), html.EscapeString(shown))
		s.want(name)
	}
	b.WriteString("</ul>\n")
	s.page(dir+"/", dir, nil, b.String())
	return nil
}

// target is the path in the site of a file of the repository.
func target(name string, dir bool) string {
	switch {
	case dir:
		return strings.TrimSuffix(name, "/") + "/index.html"
	case name == "README.md":
		return "index.html"
	case path.Base(name) == "README.md":
		return path.Dir(name) + "/index.html"
	case path.Ext(name) == ".svg":
		return name
	case path.Ext(name) == ".md":
		return strings.TrimSuffix(name, ".md") + ".html"
	}
	return name + ".html"
}

// relative is the link from one path of the site to another.
func relative(from, to string) string {
	steps := strings.Split(path.Dir(from), "/")
	if steps[0] == "." {
		steps = nil
	}
	parts := strings.Split(to, "/")
	for len(steps) > 0 && len(parts) > 1 && steps[0] == parts[0] {
		steps, parts = steps[1:], parts[1:]
	}
	return strings.Repeat("../", len(steps)) + strings.Join(parts, "/")
}

// page makes a page, with the menu and its own headings.
func (s *site) page(name, title string, headings []heading, text string) {
	own := target(name, strings.HasSuffix(name, "/"))
	var b bytes.Buffer
	up := relative(own, "")
	whole := title + " - oneha"
	if own == "index.html" {
		whole = "oneha: high availability for OpenNebula front-ends"
	}
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"+
		"<meta name=\"color-scheme\" content=\"light dark\">\n<title>%s</title>\n<link rel=\"stylesheet\" href=\"%sstyle.css\">\n</head>\n<body>\n", html.EscapeString(whole), up)
	fmt.Fprintf(&b, "<a class=\"skip\" href=\"#text\">To the text</a>\n<header><a href=\"%sindex.html\">oneha</a></header>\n", up)
	b.WriteString("<input type=\"checkbox\" id=\"menu\" class=\"switch\"><label for=\"menu\">Menu</label>\n<nav class=\"menu\" aria-label=\"Pages\">\n")
	for _, part := range s.menu {
		if part.title != "" {
			fmt.Fprintf(&b, "<h2>%s</h2>\n", html.EscapeString(part.title))
		}
		b.WriteString("<ul>\n")
		for _, e := range part.entries {
			to, here := target(e.file, s.isDir(e.file)), ""
			if to == own {
				here = " aria-current=\"page\""
			}
			fmt.Fprintf(&b, "<li><a href=\"%s\"%s>%s</a></li>\n", html.EscapeString(relative(own, to)), here, html.EscapeString(e.title))
		}
		b.WriteString("</ul>\n")
	}
	b.WriteString("</nav>\n")
	if contents := slices.DeleteFunc(slices.Clone(headings), func(h heading) bool { return h.level < 2 || h.level > 3 }); len(contents) > 1 {
		b.WriteString("<input type=\"checkbox\" id=\"contents\" class=\"switch\"><label for=\"contents\">On this page</label>\n<nav class=\"contents\" aria-label=\"On this page\">\n<ul>\n")
		for _, h := range contents {
			fmt.Fprintf(&b, "<li class=\"level%d\"><a href=\"#%s\">%s</a></li>\n", h.level, html.EscapeString(h.id), html.EscapeString(h.text))
		}
		b.WriteString("</ul>\n</nav>\n")
	}
	fmt.Fprintf(&b, "<main id=\"text\">\n%s</main>\n</body>\n</html>\n", text)
	s.files[own] = b.Bytes()
}
