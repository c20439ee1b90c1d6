package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/fenceagent"
)

// lever is a fence agent with options of every kind.
func lever() fence.Agent {
	return fence.Agent{
		Name:  "fence_lever",
		Short: "Fence agent for a lever",
		Long:  "fence_lever pulls a lever.",
		Options: []fence.Option{
			{Name: "arm", Old: []string{"limb", "hand"}, Short: 'A', Arg: "side", Type: fence.Select, Choices: []string{"left", "right"}, Default: "left", Text: "Arm to pull with"},
			{Name: "oil_file", Arg: "file", Type: fence.String, Default: "/etc/oil", Text: "File with the oil"},
			{Name: "host_key", Arg: "key", Type: fence.String, Secret: true, Text: "Key"},
		},
		Defaults: map[string]string{"ipport": "7", "login_timeout": "9"},
		Login:    fence.ByPassword,
		Diag:     true,
	}
}

func TestFencePage(t *testing.T) {
	trials["fence_lever"] = trial{"fence_crank(8)", []string{"arm=right"}}
	defer delete(trials, "fence_lever")
	page := fencePage(lever(), someday, []string{"fence_wheel(8)"})
	golden(t, "fence_lever.8", page)
	isTaken(t, "lever", page)
}

func TestEveryFenceAgentHasAPageThatNamesAllItTakes(t *testing.T) {
	all := agentPages(someday)
	for _, a := range fenceagent.All() {
		page := string(all[a.Name+".8"])
		for _, g := range a.OptionGroups() {
			if !strings.Contains(page, "\n.SS \""+g.Name+"\"\n") {
				t.Errorf("%s: no options of group %s", a.Name, g.Name)
			}
			for _, o := range g.Options {
				for _, name := range append([]string{o.Name}, o.Old...) {
					if !strings.Contains(page, `\fB`+strings.ReplaceAll(name, "-", `\-`)+`\fR`) {
						t.Errorf("%s: no option %s", a.Name, name)
					}
				}
				for _, flag := range o.Flags() {
					if !strings.Contains(page, `\fB`+strings.ReplaceAll(flag, "-", `\-`)+`\fR`) {
						t.Errorf("%s: no flag %s", a.Name, flag)
					}
				}
			}
		}
		for _, action := range a.Actions() {
			if fenceActions[action] == "" {
				t.Errorf("%s: nothing is said of the action %s", a.Name, action)
			}
		}
	}
}

// What is said of one agent or option is said of one that exists.
func TestFenceTablesNameWhatExists(t *testing.T) {
	var names []string
	options := map[string]bool{}
	for _, a := range fenceagent.All() {
		names = append(names, a.Name)
		for _, g := range a.OptionGroups() {
			for _, o := range g.Options {
				options[o.Name] = true
			}
		}
	}
	if known := slices.Sorted(maps.Keys(trials)); !slices.Equal(known, names) {
		t.Errorf("examples for %v, agents are %v", known, names)
	}
	for name := range optionSecurity {
		if !options[name] {
			t.Errorf("no agent has the option %s", name)
		}
	}
}

// The examples are taken by the agents, from standard input and as flags.
func TestFenceExamplesWork(t *testing.T) {
	dir := t.TempDir()
	here := func(option string) string { return strings.ReplaceAll(option, filepath.Dir(passwordFile), dir) }
	if err := os.WriteFile(here(passwordFile), []byte("a password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, a := range fenceagent.All() {
		lines, flags := []string{"action=validate-all"}, []string{"--action=validate-all"}
		for _, o := range trials[a.Name].example() {
			lines, flags = append(lines, here(o)), append(flags, flagOf(here(o)))
		}
		for way, env := range map[string]fence.Env{
			"input": {Stdin: strings.NewReader(strings.Join(lines, "\n"))},
			"flags": {Args: flags},
		} {
			var said bytes.Buffer
			env.Stdout, env.Stderr, env.Getenv = &said, &said, func(string) string { return "" }
			if code := fence.Run(t.Context(), a, env); code != 0 || said.Len() > 0 {
				t.Errorf("%s, %s: exit %d: %s", a.Name, way, code, said.String())
			}
		}
	}
}
