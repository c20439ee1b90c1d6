package main

import (
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/commands"
)

// commandsPage has every command.
func commandsPage(top commands.Command) string {
	p := newPage("Commands", "What `oneha COMMAND --help` and `man oneha-COMMAND` say, on one page. `--help` works everywhere and is not repeated.")
	var rows [][]string
	for _, c := range top.Visible() {
		rows = append(rows, []string{"[" + c.Name + "](#" + strings.ReplaceAll(c.Name, " ", "-") + ")", plain(c.Usage)})
	}
	p.table([]string{"command", "does"}, rows)
	for _, c := range top.All() {
		level := 2
		if strings.Count(c.Name, " ") > 1 {
			level = 3
		}
		p.heading(level, c.Name)
		p.text(sentence(c.Usage))
		p.literal(c.Synopsis...)
		parts := c.Parts()
		blocks(p, parts.Text)
		flags(p, c)
		if len(parts.Examples) > 0 {
			p.text("Examples:")
			blocks(p, parts.Examples)
		}
		for _, b := range parts.Status {
			p.text("Exit codes: " + b.Text)
		}
	}
	return p.String()
}

func blocks(p *page, list []commands.Block) {
	for _, b := range list {
		p.text(b.Text)
		if len(b.Lines) > 0 {
			p.literal(b.Lines...)
		}
	}
}

func flags(p *page, c commands.Command) {
	var rows [][]string
	defaults := false
	for _, f := range c.VisibleFlags() {
		if f.Names[0] == "--help" {
			continue
		}
		names := make([]string, len(f.Names))
		for i, name := range f.Names {
			switch names[i] = name; {
			case f.Optional && i == 0:
				names[i] += "[=" + f.Value + "]"
			case f.Value != "" && !f.Optional:
				names[i] += " " + f.Value
			}
		}
		usage := plain(f.Usage)
		if f.Repeats {
			usage += "; may be given again"
		}
		byDefault := f.Default
		if byDefault == "0s" {
			byDefault = "" // none
		}
		defaults = defaults || byDefault != ""
		rows = append(rows, []string{codes(names), code(byDefault), usage})
	}
	head := []string{"option", "default", "meaning"}
	if !defaults {
		head = slices.Delete(head, 1, 2)
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 1, 2)
		}
	}
	p.table(head, rows)
}
