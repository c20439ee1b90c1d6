package main

import (
	"context"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/raft/health"
)

func (t tool) raftStatusCommand() *cli.Command {
	return &cli.Command{
		Name:      "status",
		Usage:     "say how the zone is: who leads, who follows, who lags, where the floating IP is",
		UsageText: "oneha raft status [options]",
		Description: "Asks all servers of the zone at once: oned for its place in Raft, the guard for\n" +
			"its lease, and who answers at the floating IP. A server that hangs delays nobody:\n" +
			"it takes 2 seconds at most. Nothing is changed. The first line is the verdict.\n\n" +
			"The leader is the server with the highest term whom a majority follows; one that\n" +
			"only says that it leads is shown as leader?. A ? stands for what nobody said.\n" +
			"LAG counts records behind the leader, CLOCK is ahead of this machine's.\n\n" +
			"It runs on any machine that reaches the servers (2633, 2645) and has a description;\n" +
			"on a server of the zone it needs none.\n\n" +
			"Exit codes: 0 healthy, perhaps with warnings; 1 not healthy; 2 wrong usage, or\n" +
			"nothing says which servers there are. With --watch it is that of the last look.\n\n" +
			"Examples:\n" +
			"  oneha raft status\n" +
			"  oneha raft status --watch        every 2 seconds, until Ctrl-C\n" +
			"  oneha raft status --watch > log  what changes, as it changes\n" +
			"  oneha raft status --json | jq -r .verdict\n" +
			"  oneha raft status --json | jq '.servers[] | {name, raft: .oned.raft}'",
		Flags: append(zoneFlags(),
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print it as JSON (version 1); with --watch a line for each change"},
			&cli.GenericFlag{Name: "watch", Aliases: []string{"w"}, Value: new(pace), Usage: "look again and again, every 2 `SECONDS` or --watch=SECONDS"},
		),
		Action: t.raftStatus,
	}
}

func (t tool) raftStatus(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	z, err := t.raftZone(c)
	if err != nil {
		return err
	}
	look := func(ctx context.Context) health.Picture {
		return health.Gather(ctx, z, health.Options{})
	}
	if every := *c.Generic("watch").(*pace); every != 0 {
		ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
		defer stop()
		return watch(ctx, t, time.Duration(every), c.Bool("json"), watched[health.Picture]{
			look: look,
			text: func(p health.Picture, width int) string {
				style := t.statusStyle()
				style.Width = width
				return health.Render(p, style)
			},
			json:    func(p health.Picture) any { return p.Report() },
			verdict: zoneError,
			key:     health.Picture.Key,
		})
	}
	p := look(c.Context)
	if c.Bool("json") {
		err = t.encode(p.Report())
	} else {
		_, err = fmt.Fprint(t.stdout, health.Render(p, t.statusStyle()))
	}
	if err != nil {
		return err
	}
	return zoneError(p)
}

// zoneError is the error whose exit code a zone has.
func zoneError(p health.Picture) error {
	if p.Healthy() != nil {
		return errFindings
	}
	return nil
}
