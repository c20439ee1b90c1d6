package main

import (
	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/raft/procedure"
)

func (t tool) raftLeaveCommand() *cli.Command {
	return &cli.Command{
		Name:      "leave",
		Usage:     "take a server out of the zone",
		ArgsUsage: "SERVER",
		Description: "SERVER is stopped, removed from the zone, and made an OpenNebula of no zone that does\n" +
			"not start at boot. One that leads may leave too: another server leads before it is\n" +
			"removed. For a server that is dead use oneha raft replace.\n\n" +
			resumes +
			"Examples:\n" +
			"  oneha raft leave server-2 --dry-run\n" +
			"  oneha raft leave server-2" + changeCodes,
		Flags:  changeFlags(),
		Action: t.raftLeave,
	}
}

func (t tool) raftLeave(c *cli.Context) error {
	server, err := serverArgument(c)
	if err != nil {
		return err
	}
	return t.changeZone(c, procedure.Request{Kind: procedure.Leave, Server: server})
}
