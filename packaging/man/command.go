package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/commands"
	"github.com/oneha/oneha/internal/roff"
)

// manual is the book of the command's pages.
const manual = "High availability for OpenNebula"

// commandPages are the pages of a program: one of its own, and one for each of its
// commands, with the commands below that.
func commandPages(top commands.Command, e edition) map[string][]byte {
	pages := map[string][]byte{}
	var names []string
	for _, c := range top.Visible() {
		names = append(names, pageOf(c)+"(8)")
	}
	pages[pageOf(top)+".8"] = programPage(top, e, append(names, fileReferences()...))
	for _, c := range top.Visible() {
		pages[pageOf(c)+".8"] = commandPage(c, e, append([]string{pageOf(top) + "(8)"}, fileReferences()...))
	}
	return pages
}

// pageOf is the name of a command's page, as man(1) finds it for `man oneha raft` too.
func pageOf(c commands.Command) string { return strings.ReplaceAll(c.Name, " ", "-") }

// programPage is the page of the program as a whole.
func programPage(top commands.Command, e edition, others []string) []byte {
	p := commandTitle(top, e)
	parts := top.Parts()
	p.Section("DESCRIPTION")
	blocks(p, parts.Text)
	p.Section("COMMANDS")
	for _, c := range top.Visible() {
		p.Entry(roff.Bold(c.Word()))
		p.Fill(append(roff.Words(sentence(c.Usage)), "See", roff.Bold(pageOf(c))+`(8).`)...)
	}
	options(p, top)
	return commandEnd(p, parts, others)
}

// commandPage is the page of one command. Those below it are subsections: who reads of
// one of them wants to know its neighbours.
func commandPage(c commands.Command, e edition, others []string) []byte {
	p := commandTitle(c, e)
	parts := c.Parts()
	if len(parts.Text) > 0 {
		p.Section("DESCRIPTION")
		blocks(p, parts.Text)
	}
	options(p, c)
	if len(c.Visible()) > 0 {
		p.Section("COMMANDS")
	}
	for _, sub := range c.Visible() {
		p.Subsection(sub.Name)
		own := sub.Parts()
		synopsis(p, sub)
		p.Paragraph()
		p.Text(sentence(sub.Usage))
		if len(own.Text) > 0 {
			p.Paragraph()
			blocks(p, own.Text)
		}
		if len(own.Status) > 0 {
			p.Paragraph()
			p.Text("Exit status: " + own.Status[0].Text)
		}
		flags(p, sub)
		if len(own.Examples) > 0 {
			p.Paragraph()
			p.Text("Examples:")
			blocks(p, own.Examples)
		}
	}
	return commandEnd(p, parts, others)
}

func commandTitle(c commands.Command, e edition) *roff.Page {
	p := roff.New(roff.Title{Name: pageOf(c), Section: "8", Date: e.date, Package: e.from, Manual: manual})
	p.Name(pageOf(c), c.Usage)
	p.Section("SYNOPSIS")
	synopsis(p, c)
	return p
}

// synopsis is how a command is called; what is typed as it is stands out.
func synopsis(p *roff.Page, c commands.Command) {
	for i, line := range c.Synopsis {
		if i > 0 {
			p.Break()
		}
		words := strings.Fields(line)
		fixed := len(strings.Fields(c.Name))
		for n, w := range words {
			if n < fixed {
				words[n] = roff.Bold(w)
			} else {
				words[n] = roff.Words(w)[0]
			}
		}
		p.Fill(words...)
	}
}

// commandEnd writes what stands last on each page.
func commandEnd(p *roff.Page, parts commands.Parts, others []string) []byte {
	if len(parts.Status) > 0 {
		p.Section("EXIT STATUS")
		blocks(p, parts.Status)
	}
	if len(parts.Examples) > 0 {
		p.Section("EXAMPLES")
		blocks(p, parts.Examples)
	}
	p.Section("SEE ALSO")
	p.References(others)
	return p.Bytes()
}

// blocks writes paragraphs and the lines that belong to them.
func blocks(p *roff.Page, list []commands.Block) {
	for i, b := range list {
		if i > 0 {
			p.Paragraph()
		}
		if b.Text != "" {
			p.Text(b.Text)
		}
		if len(b.Lines) > 0 {
			p.Literal(fit(b.Lines)...)
		}
	}
}

// options are the flags of a command in a section of their own.
func options(p *roff.Page, c commands.Command) {
	if len(shown(c)) > 0 {
		p.Section("OPTIONS")
		flags(p, c)
	}
}

func flags(p *roff.Page, c commands.Command) {
	for _, f := range shown(c) {
		var head []string
		for _, name := range sorted(f.Names) {
			if len(head) > 0 {
				head[len(head)-1] += ","
			}
			head = append(head, roff.Bold(name))
		}
		switch {
		case f.Optional:
			head[len(head)-1] += "[=" + roff.Italic(f.Value) + "]"
		case f.Value != "":
			head = append(head, roff.Italic(f.Value))
		}
		p.Entry(head...)
		text := sentence(f.Usage)
		if f.Default != "" && f.Default != "0s" {
			text += " Default: " + f.Default + "."
		}
		if f.Repeats {
			text += " May be given again."
		}
		p.EntryText(text)
	}
}

// shown are the flags that a page names: --help is said once, for all commands.
func shown(c commands.Command) []commands.Flag {
	return slices.DeleteFunc(c.VisibleFlags(), func(f commands.Flag) bool { return f.Names[0] == "--help" && strings.Contains(c.Name, " ") })
}

// sorted puts short names first, as manual pages do.
func sorted(names []string) []string {
	return slices.SortedStableFunc(slices.Values(names), func(a, b string) int { return cmp.Compare(len(a), len(b)) })
}

// sentence makes a sentence of a line of help.
func sentence(line string) string {
	return strings.ToUpper(line[:1]) + strings.TrimSuffix(line[1:], ".") + "."
}
