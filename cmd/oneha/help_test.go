package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// The help of every command fits a terminal of 100 columns where its lines are its own, and
// says nothing of a default where there is only yes and no.
func TestHelpReadsWell(t *testing.T) {
	seen := 0
	var look func(path string, commands []*cli.Command)
	look = func(path string, commands []*cli.Command) {
		for _, c := range commands {
			if c.Hidden {
				continue
			}
			name := path + " " + c.Name
			seen++
			for _, line := range strings.Split(c.Description, "\n") {
				if n := utf8.RuneCountInString(line); n > 97 { // the help puts three spaces in front
					t.Errorf("%s --help has a line of %d columns: %s", name, n+3, line)
				}
			}
			for _, f := range c.Flags {
				if b, ok := f.(*cli.BoolFlag); ok && !b.Hidden && !b.DisableDefaultText {
					t.Errorf("%s --%s says (default: false)", name, b.Name)
				}
			}
			look(name, c.Subcommands)
		}
	}
	look("oneha", newTool(strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}).app().Commands)
	if seen < 30 {
		t.Errorf("only %d commands", seen)
	}
}
