package main

import (
	"strings"
	"testing"

	"github.com/oneha/oneha/internal/commands"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/vmha/settings"
	"github.com/oneha/oneha/test/commandtree"
)

// easel is a program with commands of every kind.
func easel() commands.Command {
	help := commands.Flag{Names: []string{"--help", "-h"}, Usage: "show help"}
	return commands.Command{
		Name: "easel", Usage: "draws & paints", Synopsis: []string{"easel COMMAND", "easel --help"},
		Description: "Draws what it is told.\n\nExit codes: 0 drawn; 1 no paper.",
		Flags:       []commands.Flag{help},
		Commands: []commands.Command{
			{
				Name: "easel draw", Usage: "draw on paper", Synopsis: []string{"easel draw [options] [FILE]"}, Arguments: []string{"FILE"},
				Description: "With a pen. Lines:\n  .dot\n  'quote\n\nExamples:\n  easel draw -w 3\n  easel draw --colour=red x",
				Flags: []commands.Flag{
					{Names: []string{"--width", "-w"}, Value: "MM", Default: "2", Usage: "a line is MM wide"},
					{Names: []string{"--colour"}, Value: "NAME", Optional: true, Repeats: true, Usage: "with colour"},
					{Names: []string{"--secret"}, Hidden: true, Usage: "nobody is told"},
					help,
				},
			},
			{Name: "easel clean", Usage: "clean it", Synopsis: []string{"easel clean COMMAND"}, Flags: []commands.Flag{help}, Commands: []commands.Command{
				{Name: "easel clean brush", Usage: "the brush", Synopsis: []string{"easel clean brush"}, Description: "With water.\n\nExit codes: 0 clean.\n\nExample:\n  easel clean brush", Flags: []commands.Flag{help}},
				{Name: "easel clean hidden", Hidden: true, Usage: "nobody is told"},
			}},
		},
	}
}

func TestCommandPages(t *testing.T) {
	pages := commandPages(easel(), someday)
	for _, name := range []string{"easel.8", "easel-draw.8", "easel-clean.8"} {
		golden(t, name, pages[name])
		isTaken(t, name, pages[name])
	}
	if len(pages) != 3 {
		t.Errorf("%d pages", len(pages))
	}
}

// Every command of oneha has a page, which names all that the command takes and is
// taken by the tools.
func TestEveryCommandHasAPage(t *testing.T) {
	top := commandtree.Load(t)
	all := commandPages(top, someday)
	for _, c := range top.Visible() {
		name := pageOf(c) + ".8"
		page := strings.ReplaceAll(string(all[name]), `\-`, "-")
		isTaken(t, name, all[name])
		for _, sub := range c.All() {
			if sub.Name != c.Name && !strings.Contains(page, "\n.SS \""+sub.Name+"\"\n") {
				t.Errorf("%s says nothing of %s", name, sub.Name)
			}
			for _, f := range shown(sub) {
				if !strings.Contains(page, `\fB`+f.Names[0]+`\fR`) {
					t.Errorf("%s: no flag %s of %s", name, f.Names[0], sub.Name)
				}
			}
		}
	}
	isTaken(t, "oneha.8", all["oneha.8"])
}

func TestPagesOfFiles(t *testing.T) {
	pages := filePages(someday)
	for name, page := range pages {
		isTaken(t, name, page)
	}
	for _, k := range spec.Keys {
		if !strings.Contains(string(pages["oneha.yaml.5"]), "\n.TP\n"+`\fB`+k.Path+`\fR`+"\n") {
			t.Errorf("oneha.yaml(5) lacks %s", k.Path)
		}
	}
	for _, k := range settings.Keys {
		if !strings.Contains(string(pages["host-error.yaml.5"]), "\n.TP\n"+`\fB`+k.Path+`\fR`+"\n") {
			t.Errorf("host-error.yaml(5) lacks %s", k.Path)
		}
	}
}

// The examples of the pages are taken by what reads the files.
func TestExamplesOfFiles(t *testing.T) {
	for _, f := range files() {
		text := []byte(strings.Join(f.example, "\n") + "\n")
		if f.name == "oneha.yaml" {
			if _, findings := spec.Parse(f.name, text); findings.HasErrors() {
				t.Errorf("%s: %v", f.name, findings)
			}
		} else if _, findings := settings.Parse(f.name, text); len(findings) > 0 {
			t.Errorf("%s: %v", f.name, findings)
		}
	}
}
