package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/raft/hook"
	"github.com/oneha/oneha/internal/unit"
)

func (t tool) raftHookCommand() *cli.Command {
	return &cli.Command{
		Name:      "hook",
		Usage:     "what oned runs when it becomes leader or follower: addresses and services",
		UsageText: "oneha raft hook leader|follower [NIC ADDRESS/BITS ...]",
		Description: "In place of raft/vip.sh, with the same arguments, in oned.conf:\n" +
			"  RAFT_LEADER_HOOK = [\n" +
			"    COMMAND = \"/usr/bin/sudo\",\n" +
			"    ARGUMENTS = \"-n /usr/bin/oneha raft hook leader eth0 10.3.4.2/24\"\n" +
			"  ]\n" +
			"  RAFT_FOLLOWER_HOOK = [\n" +
			"    COMMAND = \"/usr/bin/sudo\",\n" +
			"    ARGUMENTS = \"-n /usr/bin/oneha raft hook follower eth0 10.3.4.2/24\"\n" +
			"  ]\n\n" +
			"oned's hooks overlap and end in any order, so the role is only a hint: the hook\n" +
			"asks oned what is true and makes it so. On the leader it adds the floating\n" +
			"addresses (IPv4, IPv6), announces them and starts the services that follow the\n" +
			"leader; anywhere else it takes all of that away. Where oneha-raft-guard runs, it\n" +
			"only tells the guard to look at once.\n\n" +
			"Run it as root, by hand as well: it never does anything that oned does not want.\n\n" +
			"Examples:\n" +
			"  oneha raft hook leader eth0 10.3.4.2/24\n" +
			"  oneha raft hook follower eth0 10.3.4.2/24 eth1 fd00:3::2/64\n" +
			"  oneha raft hook leader            no address: a load balancer stands in front\n\n" +
			"Exit codes: 0 addresses and services are where oned wants them; 1 they are not,\n" +
			"or the arguments are wrong. oned logs both, with what is printed.",
		// The rule of sudo lets oneadmin run it with any words behind the role. So
		// options, which are for tests, stand before the role or nowhere.
		SkipFlagParsing: true,
		Action:          t.raftHook,
	}
}

func (t tool) raftHook(c *cli.Context) error {
	var conf hook.Config
	flags := flag.NewFlagSet("oneha raft hook", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&conf.Dir, "dir", "", "")
	flags.StringVar(&conf.Socket, "socket", "", "")
	flags.StringVar(&conf.OnedConf, "oned-conf", "", "")
	flags.StringVar(&conf.AuthFile, "auth", "", "")
	flags.StringVar(&conf.Description, "config", "", "")
	flags.BoolVar(&conf.Guarded, "guarded", false, "")
	noServices := flags.Bool("no-services", false, "")
	if err := flags.Parse(c.Args().Slice()); errors.Is(err, flag.ErrHelp) {
		return cli.ShowSubcommandHelp(c)
	} else if err != nil {
		return failure{fmt.Errorf("raft hook: %w: see %s --help", err, c.Command.HelpName)}
	}
	call, err := hook.Parse(flags.Args())
	if err != nil {
		return failure{fmt.Errorf("raft hook: %w", err)}
	}
	if !*noServices {
		units := unit.New("")
		defer units.Close()
		conf.Units = units
	}
	outcome, err := hook.Run(c.Context, conf, call)
	if outcome.Text != "" {
		fmt.Fprintf(t.stdout, "raft hook %s: %s\n", call.Role, outcome.Text)
	}
	for _, w := range outcome.Warnings {
		fmt.Fprintf(t.stderr, "oneha: warning: raft hook: %s\n", line(w))
	}
	if err != nil {
		return failure{fmt.Errorf("raft hook: %s", line(err.Error()))}
	}
	return nil
}

// line makes one line of an error that joins several, as a log wants it.
func line(text string) string { return strings.ReplaceAll(text, "\n", "; ") }
