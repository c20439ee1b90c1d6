package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/raft/procedure"
)

func (t tool) raftInitCommand() *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "make an OpenNebula that runs alone the first server of a zone",
		ArgsUsage: "[SERVER]",
		Description: "SERVER, this machine unless named, becomes the first server of the zone that the\n" +
			"description has: oned is started alone, the server added to its own zone, its\n" +
			"configuration changed (SERVER_ID, RAFT, the hooks, monitord.conf), oned and the guard\n" +
			"enabled and started. It ends when the server leads and clients are told the floating IP.\n\n" +
			"Of a zone that has grown it makes right what has drifted on SERVER; where oned there\n" +
			"has to start anew for that, another server may lead from then on.\n\n" +
			resumes +
			"Examples:\n" +
			"  oneha raft init --dry-run\n" +
			"  oneha raft init\n" +
			"  oneha raft init server-0 -f oneha.yaml --yes --json" + changeCodes,
		Flags:  changeFlags(),
		Action: t.raftInit,
	}
}

func (t tool) raftInit(c *cli.Context) error {
	server := c.Args().First()
	if c.NArg() > 1 {
		return fmt.Errorf("%d servers given: a zone begins with one", c.NArg())
	}
	if server == "" && !c.Bool("abandon") {
		run := &changingZone{tool: t, c: c}
		z, _, err := run.describedZone()
		if err != nil {
			return err
		}
		if server = run.here(z); server == "" {
			return errors.New("this machine has none of the addresses in the description: name the SERVER, or run this on it")
		}
	}
	return t.changeZone(c, procedure.Request{Kind: procedure.Init, Server: server})
}
