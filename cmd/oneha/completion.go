package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/complete"
)

func (t tool) completionCommand() *cli.Command {
	shell := func(name, script, description string) *cli.Command {
		return &cli.Command{
			Name: name, Usage: "print the completion for " + name, Description: description,
			Action: func(c *cli.Context) error {
				if err := noArguments(c); err != nil {
					return err
				}
				_, err := fmt.Fprint(t.stdout, script)
				return err
			},
		}
	}
	return &cli.Command{
		Name:      "completion",
		Usage:     "let a shell complete the words of oneha",
		UsageText: "oneha completion bash|zsh|fish",
		Description: "Prints a script for the shell, which asks oneha itself: for commands, flags, rules,\n" +
			"states, keys, and the servers of the description that is named or in this directory.\n" +
			"The packages install it; this is for other ways.\n\n" +
			"Examples:\n" +
			"  source <(oneha completion bash)    in ~/.bashrc\n" +
			"  oneha completion zsh > ~/.zfunc/_oneha\n" +
			"  oneha completion fish > ~/.config/fish/completions/oneha.fish",
		Subcommands: []*cli.Command{
			shell("bash", complete.Bash, "Example:\n  source <(oneha completion bash)"),
			shell("zsh", complete.Zsh, "To be in a directory of fpath before compinit runs, or sourced after it.\n\nExample:\n  oneha completion zsh > ~/.zfunc/_oneha"),
			shell("fish", complete.Fish, "Example:\n  oneha completion fish > ~/.config/fish/completions/oneha.fish"),
			{
				Name: "answer", Hidden: true, SkipFlagParsing: true,
				Usage:       "say what may stand at the cursor: the last of the words",
				UsageText:   "oneha completion answer oneha WORD ...",
				Description: "Example:\n  oneha completion answer oneha raft le",
				Action: func(c *cli.Context) error {
					_, err := fmt.Fprint(t.stdout, complete.Complete(treeOf(c.App), c.Args().Slice(), t.completionValues))
					return err
				},
			},
		},
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return fmt.Errorf("name the shell: bash, zsh or fish; see %s --help", c.Command.HelpName)
			}
			return unknownCommand(c.Args().First(), c.Command.VisibleCommands())
		},
	}
}
