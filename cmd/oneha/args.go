package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves a command's flags before its arguments. The library stops
// looking for flags at the first argument, but `oneha generate FILE -o DIR` is
// how people write it. What stands behind "--" is an argument always. Of a command
// with commands of its own, the first argument names one of them, and the flags
// are that one's, wherever they stand.
func flagsFirst(args []string, commands []*cli.Command) []string {
	if len(args) < 2 {
		return args
	}
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[1]) })
	if i < 0 {
		return args
	}
	if verbatim := func(c *cli.Command) bool { return c.SkipFlagParsing && len(args) > 2 && c.HasName(args[2]) }; slices.ContainsFunc(commands[i].Subcommands, verbatim) {
		return args // where its flags may stand is for the command to say
	}
	known := slices.Clone(commands[i].Flags)
	for _, sub := range commands[i].Subcommands {
		known = append(known, sub.Flags...)
	}
	flags, words, help, whole := splitArgs(args[2:], known)
	path := args[:2:2]
	if subs := commands[i].Subcommands; len(subs) > 0 {
		switch {
		case len(words) == 0 && help:
			return append(path, "--help")
		case len(words) == 0 && len(commands[i].Flags) > 0: // it does something without one of them
			return append(path, flags...)
		case len(words) == 0: // the command reports it
			return append(path, "--")
		case !slices.ContainsFunc(subs, func(c *cli.Command) bool { return c.HasName(words[0]) }):
			return append(append(path, "--"), words...)
		}
		path, words = append(path, words[0]), words[1:]
	}
	switch {
	case help:
		return append(path, "--help") // the library would take an argument for a topic of help
	case !whole:
		return append(path, flags...) // the library reports the missing value; "--" would be taken for it
	}
	return append(append(append(path, flags...), "--"), words...)
}

// splitArgs separates flags, with their values, from other words. It stops at a
// request for help, and at a flag whose value is missing: whole is false then.
func splitArgs(args []string, known []cli.Flag) (flags, words []string, help, whole bool) {
	for rest := args; len(rest) > 0; rest = rest[1:] {
		word := rest[0]
		switch {
		case word == "--":
			return flags, append(words, rest[1:]...), false, true
		case word == "-h" || word == "-help" || word == "--help":
			return flags, words, true, true
		case word == "-" || !strings.HasPrefix(word, "-"):
			words = append(words, word)
		default:
			flags = append(flags, word)
			if !takesValue(word, known) {
				continue
			}
			if len(rest) == 1 {
				return flags, words, false, false
			}
			flags, rest = append(flags, rest[1]), rest[1:]
		}
	}
	return flags, words, false, true
}

// takesValue reports whether the next word is the value of this flag. A flag
// that does not exist takes none: the library reports it.
func takesValue(word string, flags []cli.Flag) bool {
	for _, f := range flags {
		_, isBool := f.(*cli.BoolFlag)
		if g, ok := f.(*cli.GenericFlag); ok { // a value may follow it only after =
			optional, ok := g.Value.(interface{ IsBoolFlag() bool })
			isBool = ok && optional.IsBoolFlag()
		}
		if !isBool && slices.Contains(f.Names(), strings.TrimLeft(word, "-")) {
			return true
		}
	}
	return false
}
