package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/commands"
)

// treeOf is the command line of the app as data.
func treeOf(app *cli.App) commands.Command {
	top := commands.Command{
		Name: app.Name, Usage: app.Usage, Synopsis: strings.Split(app.UsageText, "\n"), Description: app.Description,
		Flags: []commands.Flag{helpFlag, {Names: []string{"--version", "-v"}, Usage: "print the version"}},
	}
	for _, c := range app.Commands {
		if c.Name == "help" {
			continue // the library's, of which --help does more
		}
		top.Commands = append(top.Commands, commandOf(app.Name, c))
	}
	return top
}

var helpFlag = commands.Flag{Names: []string{"--help", "-h"}, Usage: "show help"}

// commandOf is the command below the one that is called parent.
func commandOf(parent string, c *cli.Command) commands.Command {
	is := commands.Command{
		Name: parent + " " + c.Name, Usage: c.Usage, Description: c.Description, Hidden: c.Hidden,
		Arguments: argumentsOf(c.ArgsUsage),
	}
	for _, f := range c.Flags {
		is.Flags = append(is.Flags, flagOf(f))
	}
	is.Flags = append(is.Flags, helpFlag)
	for _, s := range c.Subcommands {
		is.Commands = append(is.Commands, commandOf(is.Name, s))
	}
	switch {
	case c.UsageText != "":
		is.Synopsis = strings.Split(c.UsageText, "\n")
	case len(c.Flags) > 0:
		is.Synopsis = []string{strings.TrimSpace(is.Name + " [options] " + c.ArgsUsage)}
	default:
		is.Synopsis = []string{strings.TrimSpace(is.Name + " " + c.ArgsUsage)}
	}
	return is
}

// argumentsOf reads what a help shows of arguments: [NAME], [NAME | OTHER], NAME ...
func argumentsOf(usage string) (names []string) {
	usage = strings.NewReplacer("[", "", "]", "", " | ", "|", " ...", "...").Replace(usage)
	return strings.Fields(usage)
}

// flagOf is a flag as data. What its value stands for is the word that its text has in
// backticks.
func flagOf(f cli.Flag) commands.Flag {
	doc := f.(cli.DocGenerationFlag) // all flags of the library are
	value, usage := unquoted(doc.GetUsage())
	is := commands.Flag{Usage: usage}
	for _, name := range f.Names() {
		if len(name) == 1 {
			is.Names = append(is.Names, "-"+name)
		} else {
			is.Names = append(is.Names, "--"+name)
		}
	}
	if v, ok := f.(cli.VisibleFlag); ok {
		is.Hidden = !v.IsVisible()
	}
	if d, ok := f.(cli.DocGenerationSliceFlag); ok {
		is.Repeats = d.IsSliceFlag()
	}
	if !doc.TakesValue() {
		return is
	}
	is.Value = value
	if value == "" {
		is.Value = "VALUE"
	}
	if g, ok := f.(*cli.GenericFlag); ok {
		optional, ok := g.Value.(interface{ IsBoolFlag() bool })
		is.Optional = ok && optional.IsBoolFlag()
	}
	is.Default = strings.Trim(doc.GetDefaultText(), `"`)
	return is
}

// unquoted takes the backticks off a flag's text, and returns what stood in them.
func unquoted(usage string) (name, text string) {
	before, rest, found := strings.Cut(usage, "`")
	name, after, closed := strings.Cut(rest, "`")
	if !found || !closed {
		return "", usage
	}
	return name, before + name + after
}

func (t tool) referenceCommand() *cli.Command {
	return &cli.Command{
		Name: "reference", Hidden: true,
		Usage:       "print every command as JSON: what manual pages are made from",
		Description: "Example:\n  oneha reference",
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return fmt.Errorf("%q: reference takes no arguments", c.Args().First())
			}
			return t.encode(treeOf(c.App))
		},
	}
}
