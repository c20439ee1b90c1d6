package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/raft/procedure"
)

func (t tool) raftReplaceCommand() *cli.Command {
	return &cli.Command{
		Name:      "replace",
		Usage:     "have another server take the place of a dead one",
		ArgsUsage: "OLD [NEW]",
		Description: "OLD is removed from the zone, and NEW joins it; without NEW that is OLD again, installed\n" +
			"anew. Refused while OLD's oned answers: a server that lives leaves with oneha raft\n" +
			"leave. oned gives a server that joins an ID of its own, which may differ from OLD's.\n\n" +
			resumes +
			"Examples:\n" +
			"  oneha raft replace server-2                 the machine was installed anew\n" +
			"  oneha raft replace server-2 server-3        another machine" + changeCodes,
		Flags:  changeFlags(&cli.BoolFlag{Name: "force", DisableDefaultText: true, Usage: "also when OLD still answers: it then disturbs elections until it is stopped"}),
		Action: t.raftReplace,
	}
}

func (t tool) raftReplace(c *cli.Context) error {
	if n := c.NArg(); n > 2 || n == 0 && !c.Bool("abandon") {
		return fmt.Errorf("name the dead server, and the one that comes if that is another; see %s --help", c.Command.HelpName)
	}
	return t.changeZone(c, procedure.Request{Kind: procedure.Replace, Server: c.Args().Get(0), New: c.Args().Get(1), Force: c.Bool("force")})
}
