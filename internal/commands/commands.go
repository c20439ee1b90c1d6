// Package commands is a program's command line as data: what the program parses with
// is read once, and help for shells, manual pages and the reference are made from it.
package commands

import (
	"slices"
	"strings"
)

// Command is a command with everything that its help says.
type Command struct {
	Name        string    `json:"name"`             // whole, as in "oneha raft leave"
	Usage       string    `json:"usage"`            // one line
	Synopsis    []string  `json:"synopsis"`         // the ways to call it
	Arguments   []string  `json:"arguments"`        // what its words stand for, as in KEY; one that repeats ends in ...
	Description string    `json:"description"`      // as Blocks reads it
	Flags       []Flag    `json:"flags"`            // in the order of the help
	Commands    []Command `json:"commands"`         // of its own
	Hidden      bool      `json:"hidden,omitempty"` // works, and nobody is told
}

// Flag is a flag of a command.
type Flag struct {
	Names    []string `json:"names"`             // as typed, the long one first
	Value    string   `json:"value,omitempty"`   // what its value stands for, as in FILE; "" for a switch
	Optional bool     `json:"optional"`          // the value may be left out, and is given after =
	Repeats  bool     `json:"repeats"`           // may be given again
	Default  string   `json:"default,omitempty"` // "" for none
	Usage    string   `json:"usage"`
	Hidden   bool     `json:"hidden,omitempty"`
}

// Takes reports whether the next word is the value of the flag.
func (f Flag) Takes() bool { return f.Value != "" && !f.Optional }

// Flag returns the flag of that name, as it is typed.
func (c Command) Flag(name string) (Flag, bool) {
	for _, f := range c.Flags {
		if slices.Contains(f.Names, name) {
			return f, true
		}
	}
	return Flag{}, false
}

// Sub returns the command below it of that name.
func (c Command) Sub(name string) (Command, bool) {
	for _, s := range c.Commands {
		if s.Word() == name {
			return s, true
		}
	}
	return Command{}, false
}

// Word is the last word of the command's name.
func (c Command) Word() string { return c.Name[strings.LastIndexByte(c.Name, ' ')+1:] }

// Visible are the commands below it that people are told of.
func (c Command) Visible() []Command {
	return slices.DeleteFunc(slices.Clone(c.Commands), func(s Command) bool { return s.Hidden })
}

// VisibleFlags are the flags that people are told of.
func (c Command) VisibleFlags() []Flag {
	return slices.DeleteFunc(slices.Clone(c.Flags), func(f Flag) bool { return f.Hidden })
}

// All returns the command and all those below it that people are told of.
func (c Command) All() []Command {
	all := []Command{c}
	for _, s := range c.Visible() {
		all = append(all, s.All()...)
	}
	return all
}
