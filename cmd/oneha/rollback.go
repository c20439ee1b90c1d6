package main

import (
	"bytes"
	"fmt"
	"os/signal"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/apply"
)

func (t tool) rollbackCommand() *cli.Command {
	return &cli.Command{
		Name:      "rollback",
		Usage:     "bring back the configuration from before an apply",
		UsageText: "oneha rollback [options]",
		Description: "Every apply on this node keeps the configuration that it replaced, the last " + fmt.Sprint(apply.Kept) + " of\n" +
			"them. rollback brings back the one from before the last apply, byte for byte, in\n" +
			"one change like apply's, after showing it and asking. What it replaces is kept,\n" +
			"too: rollback --to with that ID takes it back. Run again it changes nothing.\n\n" +
			"Examples:\n" +
			"  oneha rollback\n" +
			"  oneha rollback --list\n" +
			"  oneha rollback --to 20260517-031500 --yes\n\n" +
			"Exit codes: 0 the cluster has the old configuration and has settled; 1 it did not\n" +
			"take the change, did not settle or something failed; 2 wrong usage.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "list", DisableDefaultText: true, Usage: "list what is kept, the newest first"},
			&cli.StringFlag{Name: "to", Usage: "bring back the configuration `ID` of the list"},
			yesFlag,
			&cli.BoolFlag{Name: "dry-run", DisableDefaultText: true, Usage: "show what would change, and change nothing"},
			waitFlag, keepFlag, jsonFlag,
		},
		Action: t.rollback,
	}
}

func (t tool) rollback(c *cli.Context) error {
	if c.NArg() > 0 {
		return fmt.Errorf("rollback takes no FILE: use --to ID; see %s --help", c.Command.HelpName)
	}
	run := t.changing(c, "rollback")
	kept, err := run.store.List()
	if err != nil {
		return failure{err}
	}
	if c.Bool("list") {
		return run.list(kept)
	}
	to, err := restorable(kept, c.String("to"), run.store.Dir)
	if err != nil {
		return err
	}
	configuration, err := run.store.Load(to.ID)
	if err != nil {
		return failure{err}
	}
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if !c.Bool("dry-run") {
		release, err := run.store.Lock()
		if err != nil {
			return failure{err}
		}
		defer release()
	}
	if err := run.look(ctx); err != nil {
		return err
	}
	wanted, exact, err := apply.Restored(run.live, configuration)
	if err != nil {
		return failure{err}
	}
	restored, err := isRestored(run.live, wanted, exact)
	if err != nil {
		return failure{err}
	}
	when := to.Made.Local().Format(time.DateTime)
	if restored {
		return run.nothing(ctx, fmt.Sprintf("nothing to change: the cluster has the configuration from before %s (%s)", when, to.ID))
	}
	fmt.Fprintf(run.text(), "Back to the configuration from before %s, when %s ran oneha %s %s (%s).\n", when, to.By, to.Command, to.Description, to.ID)
	if now, err := apply.Digest(run.live); err == nil && now != to.After {
		fmt.Fprintf(run.stderr, "oneha: warning: the configuration is not the one that this %s made: it was changed since, last %s; going back undoes that, too\n", to.Command, apply.LastChange(run.live))
	}
	if !exact {
		fmt.Fprintln(run.stderr, "oneha: note: nodes or Pacemaker's release have changed since: those of now are kept, and all else is as it was")
	}
	if err := run.tools.Verify(ctx, wanted); err != nil {
		fmt.Fprintf(run.stderr, "oneha: warning: Pacemaker's own check refuses that configuration: %v\n", err)
	}
	if err := run.show(ctx, planned{live: run.live, wanted: wanted, corosync: run.corosync, calm: true, brief: true}); err != nil {
		return err
	}
	if c.Bool("dry-run") {
		return run.dry()
	}
	if err := run.ask(ctx, "Go back to that?"); err != nil {
		return err
	}
	run.about.Description = "to " + to.ID
	return run.change(ctx, wanted, func(live []byte) ([]byte, error) {
		wanted, _, err := apply.Restored(live, configuration)
		return wanted, err
	}, exact)
}

// restorable is the configuration that id names, without one that from before the last
// apply: what a rollback replaced is never meant, so that a second one changes nothing.
func restorable(kept []apply.Saved, id, dir string) (apply.Saved, error) {
	i := slices.IndexFunc(kept, func(s apply.Saved) bool { return s.ID == id || id == "" && s.Command == "apply" })
	switch {
	case i >= 0:
		return kept[i], nil
	case id != "":
		return apply.Saved{}, fmt.Errorf("no configuration %q is kept in %s: see oneha rollback --list", id, dir)
	}
	return apply.Saved{}, failure{fmt.Errorf("nothing to go back to: no apply on this node kept a configuration in %s; look on the node where apply ran", dir)}
}

// isRestored reports whether a CIB is already what it is to be.
func isRestored(live, wanted []byte, exact bool) (bool, error) {
	if !exact {
		return apply.Same(live, wanted)
	}
	now, err := apply.Configuration(live)
	if err != nil {
		return false, err
	}
	then, err := apply.Configuration(wanted)
	return bytes.Equal(now, then), err
}

// list prints what is kept.
func (run *changing) list(kept []apply.Saved) error {
	if run.json {
		return run.encode(append([]apply.Saved{}, kept...))
	}
	if len(kept) == 0 {
		_, err := fmt.Fprintf(run.stdout, "nothing is kept in %s\n", run.store.Dir)
		return err
	}
	table := tabwriter.NewWriter(run.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tREPLACED\tBY\tWITH")
	for _, s := range kept {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s %s\n", s.ID, s.Made.Local().Format(time.DateTime), s.By, s.Command, s.Description)
	}
	return table.Flush()
}
