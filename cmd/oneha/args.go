package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves a command's flags before its arguments. The library stops
// looking for flags at the first argument, but `oneha generate FILE -o DIR` is
// how people write it. What stands behind "--" is an argument always.
func flagsFirst(args []string, commands []*cli.Command) []string {
	if len(args) < 2 {
		return args
	}
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[1]) })
	if i < 0 {
		return args
	}
	flags, words := args[:2:2], []string(nil)
	for rest := args[2:]; len(rest) > 0; rest = rest[1:] {
		word := rest[0]
		switch {
		case word == "--":
			words = append(words, rest[1:]...)
			rest = rest[len(rest)-1:]
		case word == "-h" || word == "-help" || word == "--help":
			return append(flags[:2:2], "--help") // the library would take an argument for a topic of help
		case word == "-" || !strings.HasPrefix(word, "-"):
			words = append(words, word)
		default:
			flags = append(flags, word)
			if !takesValue(word, commands[i].Flags) {
				continue
			}
			if len(rest) == 1 {
				return flags // the library reports the missing value; "--" would be taken for it
			}
			flags, rest = append(flags, rest[1]), rest[1:]
		}
	}
	return append(append(flags, "--"), words...)
}

// takesValue reports whether the next word is the value of this flag. A flag
// that does not exist takes none: the library reports it.
func takesValue(word string, flags []cli.Flag) bool {
	for _, f := range flags {
		_, isBool := f.(*cli.BoolFlag)
		if !isBool && slices.Contains(f.Names(), strings.TrimLeft(word, "-")) {
			return true
		}
	}
	return false
}
