package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	tty "github.com/oneha/oneha/internal/screen"
	"github.com/oneha/oneha/internal/vmha/incident"
	"github.com/oneha/oneha/internal/vmha/settings"
)

func (t tool) hookMissedCommand() *cli.Command {
	return &cli.Command{
		Name: "missed", Usage: "hosts in ERROR that no hook has handled",
		Description: "OpenNebula sends the event of a host once. When oned or the hook manager dies at\n" +
			"that moment, it is lost, and the machines of the host wait for ever. This compares\n" +
			"the hosts with the records, in one call: run it after a takeover, or by a timer.\n" +
			"With missed: handle in the settings, or --handle, they are handled as by the hook.\n\n" +
			"Exit codes: 0 nothing was missed, or all was handled; 1 something was, or failed.\n\n" +
			"Hosts are handled as oneadmin only (sudo -u oneadmin), for its records and its log.\n\n" +
			"Examples:\n  oneha hook missed\n  oneha hook missed --json | jq '.[].host'\n  oneha hook missed --handle --arguments='-m -p 2'",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "handle", DisableDefaultText: true, Usage: "handle them, all at the same time"},
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print the list as JSON"},
			&cli.StringFlag{Name: "arguments", Value: "-m -p 5", Usage: "`WORDS` of the hook: see oneha hook host-error --help"},
			&cli.StringFlag{Name: "settings", Usage: "`FILE` instead of " + settings.DefaultFile},
			&cli.StringFlag{Name: "log", Value: defaultHookLog(), Usage: "`FILE` of the hook's lines"},
			&cli.StringFlag{Name: "records", Value: incident.DefaultDir, Usage: "`DIR` of the records"},
		},
		Action: t.hookMissed,
	}
}

// missedHost is a row of --json.
type missedHost struct {
	Host  int    `json:"host"`
	Name  string `json:"name"`
	State string `json:"state"`
	Why   string `json:"why"`
}

func (t tool) hookMissed(c *cli.Context) error {
	if c.Args().Present() {
		return fmt.Errorf("%q: no argument is taken: see %s --help", c.Args().First(), c.Command.HelpName)
	}
	if _, err := incident.Parse(append(strings.Fields(c.String("arguments")), "0")); err != nil {
		return fmt.Errorf("--arguments: %w", err)
	}
	own := ownOptions{settings: c.String("settings"), log: c.String("log"), records: c.String("records")}
	work, err := t.hookWork(own, nil)
	if err != nil {
		return failure{err}
	}
	ctx, done := duty(c.Context)
	defer done()
	asking, cancel := askLimit(ctx)
	list, err := incident.FindMissed(asking, work)
	cancel()
	if err != nil {
		return failure{err}
	}
	rows := []missedHost{}
	for _, m := range list {
		rows = append(rows, missedHost{m.ID, m.Name, m.State.String(), m.Why})
	}
	if c.Bool("json") {
		if err := t.encode(rows); err != nil {
			return err
		}
	} else {
		for _, r := range rows {
			fmt.Fprintf(t.stdout, "host %d %s  %s  %s\n", r.Host, tty.Clean(r.Name), r.State, tty.Clean(r.Why))
		}
		if len(rows) == 0 {
			fmt.Fprintln(t.stdout, "No host in ERROR was missed.")
		}
	}
	switch {
	case len(list) == 0:
		return nil
	case c.Bool("handle") || work.Settings.Missed == settings.Handle:
		if err := asOneadmin(c.Command.HelpName+" --handle", own.records, filepath.Dir(own.log), work.Settings.AuthFile); err != nil {
			return failure{err}
		}
		return t.handleMissed(ctx, work, own.log, list, c.String("arguments"))
	case !c.Bool("json"):
		fmt.Fprintf(t.stdout, "To do: mend the host and see it come back, or: sudo -u oneadmin %s --handle\n", c.Command.HelpName)
	}
	return errFindings
}

// handleMissed handles hosts side by side: each waits for minutes.
func (t tool) handleMissed(ctx context.Context, work incident.Work, log string, list []incident.Missed, arguments string) error {
	var all sync.WaitGroup
	failed := make([]bool, len(list))
	for i, m := range list {
		all.Go(func() {
			event, err := incident.Parse(append(strings.Fields(arguments), fmt.Sprint(m.ID)))
			if err == nil {
				work := work
				work.Log = t.hookLog(log, m.ID)
				err = incident.Run(ctx, work, event)
			}
			failed[i] = err != nil
		})
	}
	all.Wait()
	var hosts []string
	for i, f := range failed {
		if f {
			hosts = append(hosts, list[i].Name)
		}
	}
	if len(hosts) > 0 {
		return failure{fmt.Errorf("not everything was done for %s: see %s", strings.Join(hosts, ", "), log)}
	}
	return nil
}
