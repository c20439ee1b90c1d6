package main

import (
	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/raft/procedure"
)

func (t tool) raftJoinCommand() *cli.Command {
	return &cli.Command{
		Name:      "join",
		Usage:     "add a server to the zone",
		ArgsUsage: "SERVER",
		Description: "SERVER is in the description and has OpenNebula installed. It is given a copy of the\n" +
			"leader's database and of /var/lib/one/.one, added to the zone, configured with the\n" +
			"SERVER_ID that oned gives it, and started. What its own database held is kept beside\n" +
			"it. Refused unless the zone is healthy. One server at a time: as soon as a second one\n" +
			"is added, and until it runs, the first commits nothing. A server that is in and has\n" +
			"caught up is left as it is. The disks of both have to have room for the copies.\n\n" +
			"While a database is being restored a drop-in of its unit keeps oned from starting\n" +
			"there, and it is compared with the dump before it is let.\n\n" +
			resumes +
			"Examples:\n" +
			"  oneha raft join server-1 --dry-run\n" +
			"  oneha raft join server-1\n" +
			"  oneha raft join server-1 --yes --json       in a script" + changeCodes,
		Flags:  changeFlags(),
		Action: t.raftJoin,
	}
}

func (t tool) raftJoin(c *cli.Context) error {
	server, err := serverArgument(c)
	if err != nil {
		return err
	}
	return t.changeZone(c, procedure.Request{Kind: procedure.Join, Server: server})
}
