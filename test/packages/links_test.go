package packages

import (
	"path"
	"regexp"
	"slices"
	"testing"
)

// link is one of Markdown's to another file, without the part behind #.
var link = regexp.MustCompile(`\]\(([^()#:\s]+)(?:#[^()\s]*)?\)`)

// links: where a guide leads to is in the package, too; a night without a network is what
// they are packaged for. Only who changes the code needs CONTRIBUTING.md.
func links(t *testing.T, d deb) {
	var there []string
	for _, f := range d.files {
		there = append(there, f.path)
	}
	followed := 0
	for _, f := range d.files {
		if path.Ext(f.path) != ".md" {
			continue
		}
		for _, m := range link.FindAllSubmatch(f.content, -1) {
			to := path.Join(path.Dir(f.path), string(m[1]))
			if followed++; !slices.Contains(there, to) && path.Base(to) != "CONTRIBUTING.md" {
				t.Errorf("%s leads to %s, which is not packaged", f.path, m[1])
			}
		}
	}
	if followed < 50 {
		t.Errorf("%d links were followed", followed)
	}
}
