package main

import (
	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/raft/procedure"
)

func (t tool) raftResetCommand() *cli.Command {
	return &cli.Command{
		Name:      "reset",
		Usage:     "give a server that fell behind a fresh copy of the database",
		ArgsUsage: "SERVER",
		Description: "For a server of the zone that was away longer than the leader's log reaches back\n" +
			"(LOG_RETENTION) or whose database is damaged: it is stopped, its database replaced\n" +
			"by a fresh dump of the leader's, and started. Nothing is done when it has caught up.\n\n" +
			resumes +
			"Examples:\n" +
			"  oneha raft reset server-1 --dry-run\n" +
			"  oneha raft reset server-1" + changeCodes,
		Flags:  changeFlags(),
		Action: t.raftReset,
	}
}

func (t tool) raftReset(c *cli.Context) error {
	server, err := serverArgument(c)
	if err != nil {
		return err
	}
	return t.changeZone(c, procedure.Request{Kind: procedure.Reset, Server: server})
}
