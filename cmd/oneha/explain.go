package main

import (
	"errors"
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
		Usage:     "say what a description leaves out, or list its keys, and why",
		ArgsUsage: "[FILE | KEY]",
		Description: "With FILE, every value that the generated cluster has and FILE does not say:\n" +
			"the defaults of its keys, and what follows from them, each with its reason and\n" +
			"source. Otherwise the keys of a description, or those at or below KEY.\n\n" +
			"FILE is -, the name of a file, or anything with a slash, .yaml or .yml.\n\n" +
			"Examples:\n" +
			"  oneha explain oneha.yaml | less\n" +
			"  oneha explain oneha.yaml --target rhel-8\n" +
			"  oneha explain raft.yaml\n" +
			"  oneha explain - --json < oneha.yaml\n" +
			"  oneha explain\n" +
			"  oneha explain fence_delay",
		Flags: []cli.Flag{
			targetFlag,
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print JSON, for machines"},
		},
		Action: t.explain,
	}
}

// explain explains a description, or prints all keys, or those at or below the one
// named.
func (t tool) explain(c *cli.Context) error {
	if c.NArg() > 1 {
		return fmt.Errorf("%d keys given: name one, or none for all", c.NArg())
	}
	want := c.Args().First()
	if explainsFile(want) {
		return t.explainFile(c, want)
	}
	if c.IsSet("target") {
		return errors.New("--target is for explaining a description: name its FILE")
	}
	keys := []spec.Key{}
	var paths []string
	for _, k := range spec.Keys {
		paths = append(paths, k.Path)
		if want == "" || k.Path == want || strings.HasPrefix(k.Path, want+".") {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		if meant := diag.Nearest(want, paths); meant != "" {
			return fmt.Errorf("unknown key %q: did you mean %q?", want, meant)
		}
		return fmt.Errorf("%q is neither a file nor a key: see oneha explain", want)
	}
	if c.Bool("json") {
		return t.encode(keysReport(keys))
	}
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(explanation(k))
	}
	_, err := fmt.Fprint(t.stdout, strings.TrimSuffix(b.String(), "\n"))
	return err
}

// keyReport is a key as --json prints it.
type keyReport struct {
	Key      string `json:"key"`
	Form     string `json:"form"`
	Default  string `json:"default,omitempty"`
	Required bool   `json:"required"`
	Mode     string `json:"mode,omitempty"` // the only one that knows the key
	Why      string `json:"why"`
	Raft     string `json:"raft,omitempty"` // what is different in mode raft
	Source   string `json:"source,omitempty"`
}

func keysReport(keys []spec.Key) (all []keyReport) {
	for _, k := range keys {
		all = append(all, keyReport{k.Path, k.Form, k.Default, k.Required, string(k.Only()), k.Why, k.Raft, k.Source})
	}
	return all
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
	why := k.Why
	if only := k.Only(); only != "" {
		why += " Only with mode: " + string(only) + "."
	}
	b.WriteString(fold("    ", why))
	if k.Raft != "" {
		b.WriteString(fold("    ", "With mode: raft: "+k.Raft))
	}
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
