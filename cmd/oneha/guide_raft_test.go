package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/twin"
)

const raftGuide = "../../docs/raft.md"

func guide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(raftGuide)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// commandLines are what a text tells to type: `oneha ...` in a line, or in a block.
func commandLines(text string) []string {
	var found []string
	inline := regexp.MustCompile("`(oneha [^`]+)`")
	block := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			block = !block
			continue
		}
		if block && strings.HasPrefix(line, "oneha ") {
			found = append(found, line)
		}
		for _, m := range inline.FindAllStringSubmatch(line, -1) {
			if !block {
				found = append(found, m[1])
			}
		}
	}
	return found
}

// accepts says what is wrong with a command line: commands or flags that are not there,
// words that are missing. Nothing is run.
func accepts(app *cli.App, line string) error {
	args := strings.Fields(line)
	commands, path := app.Commands, "oneha"
	var command *cli.Command
	for args = args[1:]; len(args) > 0; args = args[1:] {
		i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(args[0]) })
		if i < 0 {
			break
		}
		command, commands = commands[i], commands[i].Subcommands
		path += " " + command.Name
	}
	if command == nil {
		return fmt.Errorf("%s: no such command", line)
	}
	if len(commands) > 0 && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return fmt.Errorf("%s: %s has no command %q", line, path, args[0])
	}
	for i := 0; i < len(args); i++ {
		name, _, hasValue := strings.Cut(args[i], "=")
		if !strings.HasPrefix(name, "-") || name == "-" {
			continue
		}
		if !slices.ContainsFunc(command.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), strings.TrimLeft(name, "-")) }) {
			return fmt.Errorf("%s: %s has no flag %s", line, path, name)
		}
		if !hasValue && takesValue(name, command.Flags) {
			if i++; i == len(args) {
				return fmt.Errorf("%s: %s needs a value", line, name)
			}
		}
	}
	return nil
}

// Every command of the guide exists, with its flags; and none of those that make up a
// zone is left out.
func TestRaftGuideCommands(t *testing.T) {
	app := tool{}.app()
	lines := commandLines(guide(t))
	for _, line := range lines {
		if err := accepts(app, line); err != nil {
			t.Error(err)
		}
	}
	for _, want := range []string{"raft init", "raft join", "raft leave", "raft replace", "raft reset", "raft status", "raft doctor", "raft guard", "raft hook", "sync --check", "sync --from", "generate", "check"} {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, "oneha "+want) }) {
			t.Errorf("the guide has no oneha %s", want)
		}
	}
	for _, wrong := range []string{"oneha rafft status", "oneha raft stats", "oneha raft join --dryrun", "oneha sync --from", "oneha sync --compare"} {
		if accepts(app, wrong) == nil {
			t.Errorf("%q was accepted", wrong)
		}
	}
}

// The table of attributes says what the shipped files say.
func TestRaftGuideDefaults(t *testing.T) {
	_, table, ok := strings.Cut(guide(t), "| attribute | 5.4 | 5.6 | 5.8 to 7.4 |")
	if !ok {
		t.Fatal("the table of attributes is gone")
	}
	columns := map[string]int{"5.4": 1, "5.6": 2}
	rows := map[string][]string{}
	for _, line := range strings.Split(table, "\n")[2:] {
		cells := strings.Split(line, "|")
		if len(cells) < 7 {
			break
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows[cells[1]] = cells[1:]
	}
	files, err := filepath.Glob("../../internal/confedit/testdata/oned-*.conf")
	if err != nil || len(files) < 13 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		release := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "oned-"), ".conf")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		conf, findings := confedit.Parse(file, text)
		if findings.HasErrors() {
			t.Fatal(findings)
		}
		column, ok := columns[release]
		if !ok {
			column = 3
		}
		for _, a := range conf.All() {
			if a.Name == "RAFT" {
				for _, k := range a.Keys {
					if rows[k.Name] == nil {
						t.Errorf("%s: the guide has no %s", release, k.Name)
					}
				}
			}
		}
		for name, cells := range rows {
			value, has := conf.Get("RAFT", name)
			if !has {
				value = "–"
			}
			if cells[column] != value {
				t.Errorf("%s: %s is %s as shipped, and %s in the guide", release, name, value, cells[column])
			}
		}
	}
	if len(rows) != 6 {
		t.Errorf("%d attributes", len(rows))
	}
}

// What is kept by a copy is in the guide.
func TestRaftGuideKept(t *testing.T) {
	text := guide(t)
	_, text, _ = strings.Cut(text, "| value | why |")
	text, _, _ = strings.Cut(text, "\n\n")
	for _, k := range twin.Kept {
		last := strings.TrimLeft(k.Path[len(k.Path)-1], ":")
		if k.Path[0] == "default_zone" {
			last = k.Path[0]
		}
		if !strings.Contains(text, last) {
			t.Errorf("the guide does not say that %s %s is kept", k.File, strings.Join(k.Path, " "))
		}
	}
}
