package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every command that a page tells to type exists, with its flags. What can be run is run by
// test/pages; this is for the others too.
func TestPagesCommands(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	app, found := tool{}.app(), 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range commandLines(string(text)) {
			found++
			line, _, _ = strings.Cut(line, "  ") // a remark stands behind two blanks
			if strings.HasSuffix(line, " --help") {
				continue // every command has it
			}
			if err := accepts(app, line); err != nil {
				t.Errorf("%s: %v", filepath.Base(page), err)
			}
		}
	}
	if found < 150 {
		t.Errorf("%d commands were found: are the pages read as they should be?", found)
	}
}
