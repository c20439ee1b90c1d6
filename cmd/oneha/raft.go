package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

func (t tool) raftCommand() *cli.Command {
	return &cli.Command{
		Name:      "raft",
		Usage:     "an OpenNebula zone under Raft: floating IP, state, servers",
		UsageText: "oneha raft COMMAND [options]",
		Description: "OpenNebula's own high availability: three or five servers, a database each, and\n" +
			"a floating IP on the leader. The zone is described in one file (mode: raft).\n\n" +
			"A first zone, on its first server:\n" +
			"  oneha check raft.yaml\n" +
			"  oneha raft init -f raft.yaml --dry-run\n" +
			"  oneha raft init -f raft.yaml\n" +
			"  oneha raft join -f raft.yaml server-1\n" +
			"  oneha raft status -f raft.yaml",
		Subcommands: []*cli.Command{
			t.raftStatusCommand(), t.raftDoctorCommand(),
			t.raftInitCommand(), t.raftJoinCommand(), t.raftLeaveCommand(), t.raftReplaceCommand(), t.raftResetCommand(),
			t.raftGuardCommand(), t.raftHookCommand(),
		},
		Action: noRaftCommand,
	}
}

func noRaftCommand(c *cli.Context) error {
	if !c.Args().Present() {
		return fmt.Errorf("say what to do with the zone: see %s --help", c.Command.HelpName)
	}
	return unknownCommand(c.Args().First(), c.Command.VisibleCommands())
}
