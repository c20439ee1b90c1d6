package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
)

func (t tool) explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "list the keys of a description, their defaults and why",
		ArgsUsage: "[KEY]",
		Description: "Examples:\n" +
			"  oneha explain\n" +
			"  oneha explain fence_delay",
		Action: t.explain,
	}
}

// explain prints all keys, or those at or below the one named.
func (t tool) explain(c *cli.Context) error {
	if c.NArg() > 1 {
		return fmt.Errorf("%d keys given: name one, or none for all", c.NArg())
	}
	want := c.Args().First()
	var b strings.Builder
	var paths []string
	for _, k := range spec.Keys {
		paths = append(paths, k.Path)
		if want == "" || k.Path == want || strings.HasPrefix(k.Path, want+".") {
			b.WriteString(explanation(k))
		}
	}
	if b.Len() == 0 {
		if meant := diag.Nearest(want, paths); meant != "" {
			return fmt.Errorf("unknown key %q: did you mean %q?", want, meant)
		}
		return fmt.Errorf("unknown key %q: see oneha explain", want)
	}
	_, err := fmt.Fprint(t.stdout, strings.TrimSuffix(b.String(), "\n"))
	return err
}

// explanation is one key: its name and default, and below it form, reason and
// source.
func explanation(k spec.Key) string {
	var b strings.Builder
	switch {
	case k.Required:
		fmt.Fprintf(&b, "%s  (required)\n", k.Path)
	case k.Default != "":
		fmt.Fprintf(&b, "%s: %s\n", k.Path, k.Default)
	default:
		fmt.Fprintf(&b, "%s  (none by default)\n", k.Path)
	}
	b.WriteString(fold("    ", k.Form))
	b.WriteString(fold("    ", k.Why))
	if k.Source != "" {
		b.WriteString(fold("    ", "Source: "+k.Source+"."))
	}
	return b.String() + "\n"
}

// fold breaks a text into indented lines of at most 80 characters.
func fold(indent, text string) string {
	var b strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > 80 && line != indent {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}
