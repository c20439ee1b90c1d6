package main

import (
	"context"
	"encoding/json"
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
		return t.watchZone(ctx, time.Duration(every), c.Bool("json"), look)
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

// watchZone shows the zone until ctx ends; the error is that of the last look.
func (t tool) watchZone(ctx context.Context, every time.Duration, asJSON bool, look func(context.Context) health.Picture) (last error) {
	show, end, err := t.zoneView(asJSON)
	if err != nil {
		return err
	}
	defer func() {
		if err := end(); err != nil && last == nil {
			last = err
		}
	}()
	for {
		began := time.Now()
		p := look(ctx)
		if ctx.Err() != nil {
			return last // cut short: not what the zone is like
		}
		if err := show(p); err != nil {
			return err
		}
		last = zoneError(p)
		wait := time.NewTimer(max(every-time.Since(began), every/4))
		select {
		case <-ctx.Done():
			wait.Stop()
			return last
		case <-wait.C:
		}
	}
}

// zoneView is how somebody watches: on a terminal all pictures at one place,
// otherwise those in which something happened, one after the other.
func (t tool) zoneView(asJSON bool) (show func(health.Picture) error, end func() error, err error) {
	if !asJSON && t.screen() {
		s, err := t.openScreen()
		if err != nil {
			return nil, nil, err
		}
		return func(p health.Picture) error {
			style := t.statusStyle()
			style.Width, _ = s.Size()
			return s.Draw(health.Render(p, style))
		}, s.Close, nil
	}
	was := ""
	return func(p health.Picture) error {
		key := p.Key()
		if key == was {
			return nil
		}
		first := was == ""
		was = key
		if asJSON {
			return json.NewEncoder(t.stdout).Encode(p.Report())
		}
		between := "\n"
		if first {
			between = ""
		}
		_, err := fmt.Fprint(t.stdout, between+health.Render(p, t.statusStyle()))
		return err
	}, func() error { return nil }, nil
}
