package main

import (
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/yuin/goldmark/ast"
)

var repository = os.DirFS("../..")

// documents are the pages that people read: those at the top and all in docs.
func documents(t *testing.T) (names []string) {
	t.Helper()
	top, err := fs.Glob(repository, "*.md")
	if err != nil {
		t.Fatal(err)
	}
	names = top
	err = fs.WalkDir(repository, "docs", func(name string, _ fs.DirEntry, err error) error {
		if path.Ext(name) == ".md" {
			names = append(names, name)
		}
		return err
	})
	if err != nil || len(names) < 10 {
		t.Fatalf("%d documents: %v", len(names), err)
	}
	return names
}

func open(t *testing.T, name string) *document {
	t.Helper()
	data, err := fs.ReadFile(repository, name)
	if err != nil {
		t.Fatal(err)
	}
	return read(data)
}

// Every link of every page leads to a file and a heading that exist.
func TestLinksOfDocuments(t *testing.T) {
	anchors := func(name string) (list []string) {
		for _, h := range open(t, name).headings() {
			list = append(list, h.id)
		}
		return list
	}
	for _, name := range documents(t) {
		for _, link := range open(t, name).links() {
			file, anchor, ok := local(name, link)
			if within, found := strings.CutPrefix(link, "#"); found {
				file, anchor, ok = name, within, true
			}
			if !ok {
				if u, err := url.Parse(link); err != nil || u.Scheme != "https" && u.Scheme != "http" {
					t.Errorf("%s: the link %s is neither a file nor an address", name, link)
				}
				continue
			}
			if _, err := fs.Stat(repository, file); err != nil {
				t.Errorf("%s: the link %s leads nowhere", name, link)
				continue
			}
			if anchor != "" && (path.Ext(file) != ".md" || !slices.Contains(anchors(file), anchor)) {
				t.Errorf("%s: the link %s names no heading of %s", name, link, file)
			}
		}
	}
}

// Markup that is no Markdown is rarely meant: a <word> in a text vanishes.
func TestNoMarkupButBreaks(t *testing.T) {
	for _, name := range documents(t) {
		d := open(t, name)
		d.walk(func(n ast.Node) {
			if raw, ok := n.(*ast.RawHTML); ok {
				if text := string(raw.Segments.Value(d.source)); text != "<br>" {
					t.Errorf("%s: %s is taken for markup: put it in backticks", name, text)
				}
			}
		})
	}
}

// Every page is in the index, or in a directory that is.
func TestIndexIsWhole(t *testing.T) {
	var listed []string
	for _, link := range open(t, index).links() {
		file, _, _ := local(index, link)
		listed = append(listed, file)
	}
	for _, name := range documents(t) {
		if name != index && name != "README.md" && !slices.Contains(listed, name) && !slices.Contains(listed, path.Dir(name)) {
			t.Errorf("%s is not in %s", name, index)
		}
	}
}

// The headings that the references link to are not two of one name.
func TestReferenceHeadingsDiffer(t *testing.T) {
	for _, name := range documents(t) {
		if !strings.HasPrefix(name, "docs/reference/") {
			continue
		}
		for _, h := range open(t, name).headings() {
			if regexp.MustCompile(`-[0-9]+$`).MatchString(h.id) && !regexp.MustCompile(`[0-9]$`).MatchString(h.text) {
				t.Errorf("%s: a second heading %s", name, h.text)
			}
		}
	}
}

var references = regexp.MustCompile(`(href|src)="([^"]*)"`)

// The site stands alone: every link within it leads to a file and a place of it, and
// nothing is loaded from elsewhere.
func TestSite(t *testing.T) {
	files, err := build(repository)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range documents(t) {
		if files[target(name, false)] == nil {
			t.Errorf("%s has no page", name)
		}
	}
	for name, data := range files {
		if path.Ext(name) != ".html" {
			continue
		}
		for _, bad := range []string{"<script", "<iframe", "@import"} {
			if strings.Contains(string(data), bad) {
				t.Errorf("%s: %s", name, bad)
			}
		}
		for _, found := range references.FindAllStringSubmatch(string(data), -1) {
			u, err := url.Parse(found[2])
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if u.Scheme != "" {
				if found[1] == "src" {
					t.Errorf("%s loads %s", name, found[2])
				}
				continue
			}
			to := name
			if u.Path != "" {
				to = path.Join(path.Dir(name), u.Path)
			}
			there, ok := files[to]
			if !ok {
				t.Errorf("%s: the link %s leads nowhere", name, found[2])
			} else if u.Fragment != "" && !strings.Contains(string(there), ` id="`+u.Fragment+`"`) {
				t.Errorf("%s: the link %s leads to no place", name, found[2])
			}
		}
	}
}

func TestPages(t *testing.T) {
	files, err := build(fstest.MapFS{
		"README.md":      {Data: []byte("# Top\n\n![a picture](docs/p.svg) [one](docs/a/one.md#first-second) [x](x/) [far](https://example.com/)\n")},
		"docs/README.md": {Data: []byte("# Index\n\n## Part\n\n- [One](a/one.md): of `one`\n- plain\n")},
		"docs/a/one.md":  {Data: []byte("<!-- hidden -->\n# One & *all*\n\n## First, `second`\n\n## First\n\n### First\n\n| a |\n|---|\n| [a:b](one.md) \\<b> |\n\n[up](../../README.md)\n")},
		"docs/p.svg":     {Data: []byte("<svg/>")},
		"x/f.yaml":       {Data: []byte("a: <b>\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, wants := range map[string][]string{
		"index.html":      {`<title>oneha: high`, `src="docs/p.svg"`, `href="docs/a/one.html#first-second"`, `href="x/index.html"`, `href="https://example.com/"`, `href="style.css"`},
		"docs/a/one.html": {`<title>One &amp; all - oneha</title>`, `id="first-second"`, `id="first"`, `id="first-1"`, `href="../../index.html">up`, `href="../../style.css"`, `aria-current="page">One<`, `<div class="wide" tabindex="0"><table>`, `<td><a href="one.html">a:<wbr>b</a> &lt;b&gt;</td>`},
		"x/index.html":    {`<a href="f.yaml.html">f.yaml</a>`},
		"x/f.yaml.html":   {`a: &lt;b&gt;`},
		"docs/p.svg":      {"<svg/>"},
		"style.css":       {"prefers-color-scheme"},
	} {
		for _, want := range wants {
			if !strings.Contains(string(files[name]), want) {
				t.Errorf("%s: no %s in\n%s", name, want, files[name])
			}
		}
	}
	if strings.Contains(string(files["docs/a/one.html"]), "hidden") {
		t.Error("a comment is shown")
	}
}

func TestRelative(t *testing.T) {
	for _, test := range []struct{ from, to, want string }{
		{"index.html", "a/b.html", "a/b.html"}, {"a/b.html", "index.html", "../index.html"}, {"a/b.html", "a/c.html", "c.html"},
		{"a/b/c.html", "a/d.html", "../d.html"}, {"a/b.html", "", "../"}, {"index.html", "", ""},
	} {
		if got := relative(test.from, test.to); got != test.want {
			t.Errorf("from %s to %s: %s", test.from, test.to, got)
		}
	}
}

// A directory that holds something else is left alone.
func TestWrite(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "site")
	if err := os.MkdirAll(filepath.Join(from, "docs"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", "docs/README.md"} {
		if err := os.WriteFile(filepath.Join(from, name), []byte("# A\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := write(from, to); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(to, mark)); err != nil {
		t.Fatal(err)
	}
	if err := write(from, to); err == nil {
		t.Error("it removed a directory that it did not make")
	}
	if _, err := os.Stat(filepath.Join(to, "index.html")); err != nil {
		t.Error(err)
	}
}
