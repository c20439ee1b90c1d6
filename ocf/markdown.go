package ocf

import (
	"fmt"
	"strings"
)

// Markdown returns the agent's reference as a section of a Markdown document:
// its texts, a table of parameters and a table of actions.
func (a Agent) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s.\n\n%s\n", a.Name, plain(a.Short), plain(a.Long))

	b.WriteString("\n| parameter | type | default | |\n|---|---|---|---|\n")
	for _, p := range a.Params {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.Name, p.Type, code(p.Default), p.notes()+cell(plain(p.Short+". "+p.Long)))
	}

	b.WriteString("\n| action | timeout | interval | depth |\n|---|---|---|---|\n")
	for _, act := range a.listed() {
		interval, depth := "", ""
		if act.Name == Monitor {
			interval, depth = Seconds(act.Interval), fmt.Sprint(act.Depth)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", act.Name, Seconds(act.Timeout), interval, depth)
	}
	return b.String()
}

// notes returns what the type and the default do not say.
func (p Param) notes() string {
	var notes []string
	if p.Required {
		notes = append(notes, "required")
	}
	if p.Unique {
		notes = append(notes, "unique")
	}
	if len(p.Aliases) > 0 {
		notes = append(notes, "formerly `"+strings.Join(p.Aliases, "`, `")+"`")
	}
	if len(notes) == 0 {
		return ""
	}
	return "*" + strings.Join(notes, ", ") + "* "
}

// code renders a value as it is typed.
func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}

// plain keeps text from being taken for HTML.
func plain(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(s)
}

// cell makes text fit into one cell of a table.
func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
}
