package main

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/one"
	tty "github.com/oneha/oneha/internal/screen"
	"github.com/oneha/oneha/internal/vmha/recovery"
	"github.com/oneha/oneha/internal/vmha/survey"
)

func (t tool) recoverCommand() *cli.Command {
	return &cli.Command{
		Name:      "recover",
		Usage:     "virtual machines that a failover has left between two states",
		UsageText: "oneha recover [options]\noneha recover explain STATE",
		Description: "When oned dies, what its drivers were doing ends without an answer, and the virtual\n" +
			"machine stays in PROLOG, BOOT or HOTPLUG for ever. onevm recover can answer in the\n" +
			"driver's place; the wrong answer loses a disk or runs a machine twice.\n\n" +
			"Lists what waits or has failed, what probably happened, and what is right. --ssh asks\n" +
			"the hypervisors what is true: without it nearly nothing is sure. --apply gives the\n" +
			"answers that what was found proves, and looks whether oned did what it said;\n" +
			"everything else is left to you. Never given: a retry that ends a guest hard, a\n" +
			"failure that boots on a dead host, success on a detach.\n\n" +
			"VERDICT is safe (what was found proves the answer), ask (a person has to look),\n" +
			"wait (it may end by itself) or handle (with its dead host, by the host error hook).\n\n" +
			"Exit codes: 0 nothing waits, or all of it was recovered; 1 something is left to do or\n" +
			"went wrong; 2 wrong usage.\n\n" +
			"Examples:\n  oneha recover                    on the server where oned runs\n  oneha recover --ssh --verbose\n  oneha recover --ssh --apply\n  oneha recover --ssh --apply --yes --vm 42\n  oneha recover --json | jq '.machines[] | select(.verdict == \"ask\")'\n  oneha recover explain PROLOG",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "endpoint", Value: one.DefaultEndpoint, Usage: "`URL` of oned"},
			&cli.StringFlag{Name: "credentials", Value: one.DefaultAuthFile, Usage: "`FILE` with user:password of oneadmin"},
			&cli.StringFlag{Name: "started", Value: "auto", Usage: "oned was started or began to lead that long ago (`DURATION` such as 10m): what began later is left alone; auto asks the guard of a zone or looks on this machine, none lists all"},
			&cli.StringSliceFlag{Name: "vm", Usage: "only the virtual machine with this `ID`; again for more, or with commas"},
			&cli.BoolFlag{Name: "ssh", DisableDefaultText: true, Usage: "ask the hypervisors over ssh; nothing is changed there"},
			&cli.StringFlag{Name: "ssh-user", Value: "oneadmin", Usage: "`USER` there, who may use virsh"},
			&cli.StringSliceFlag{Name: "front-end", Usage: "another `HOST` on which oned may have run before, whose scripts may still work; those of a Raft zone are known"},
			&cli.StringFlag{Name: "datastores", Value: "/var/lib/one/datastores", Usage: "`DIRECTORY` of the datastores on all machines"},
			&cli.BoolFlag{Name: "apply", DisableDefaultText: true, Usage: "give the answers that are safe, after asking"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, DisableDefaultText: true, Usage: "with --apply: do not ask"},
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, DisableDefaultText: true, Usage: "say of each what was found, and which answers are refused"},
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print the result as JSON (version 1); with --watch a line for each change"},
			&cli.GenericFlag{Name: "watch", Aliases: []string{"w"}, Value: new(pace), Usage: "look again and again, every 2 `SECONDS` or --watch=SECONDS; with --ssh every 10 at the least"},
		},
		Subcommands: []*cli.Command{{
			Name: "explain", Usage: "what a state means and what each answer would do", ArgsUsage: "STATE",
			Description: "STATE is a name as onevm show has it, a number of LCM_STATE, or the short form\n" +
				"of onevm list, which stands for several. Nothing is asked of OpenNebula.\n\n" +
				"Examples:\n  oneha recover explain PROLOG_MIGRATE_FAILURE\n  oneha recover explain 17\n  oneha recover explain hotp",
			Action: t.recoverExplain,
		}, t.takeoverCommand()},
		Action: t.recover,
	}
}

// findTime bounds a look at everything.
const findTime = 5 * time.Minute

func (t tool) recover(c *cli.Context) error {
	if c.Args().Present() {
		return unknownCommand(c.Args().First(), c.Command.VisibleCommands())
	}
	apply, every := c.Bool("apply"), time.Duration(*c.Generic("watch").(*pace))
	switch {
	case apply && every != 0:
		return errors.New("--apply and --watch: use one of the two")
	case apply && !c.Bool("yes") && !t.asks:
		return errors.New("nothing was done: --apply asks before it answers, and there is no terminal to ask on: use --yes")
	case c.Bool("yes") && !apply:
		return errors.New("--yes is for --apply")
	}
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	job, err := t.recoverJob(ctx, c)
	if err != nil {
		return err
	}
	if every != 0 {
		return t.watchRecover(ctx, c, job, every)
	}
	if apply && job.follower != "" {
		return failure{fmt.Errorf("nothing was done: %s: answers belong to the leader, give its --endpoint, or that of the floating IP", job.follower)}
	}
	report, err := job.find(ctx)
	if err != nil {
		return failure{err}
	}
	var outcomes []survey.Outcome
	var applied error
	if apply {
		outcomes, report, applied = t.recoverSafely(ctx, c, job, report)
		if errors.Is(applied, errNotAgreed) {
			return failure{applied}
		}
	}
	if c.Bool("json") {
		err = t.encode(recoverReportOf(report, job.notes, outcomes))
	} else {
		_, err = fmt.Fprint(t.stdout, recoverTable(report, job.notes, outcomes, t.statusStyle().Width, c.Bool("verbose"), apply))
	}
	switch {
	case err != nil:
		return err
	case applied != nil:
		return failure{fmt.Errorf("not all was done: %w; run it again", applied)}
	case recoverLeft(report, outcomes):
		return errFindings
	}
	return nil
}

var errNotAgreed = errors.New("nothing was done")

// recoverSafely gives the safe answers, after a person agreed to them. Between the
// table and the agreement time passes, so that all is looked at again, and only what was
// shown and still holds is done.
func (t tool) recoverSafely(ctx context.Context, c *cli.Context, job *recoverJob, report survey.Report) ([]survey.Outcome, survey.Report, error) {
	safe := safeOnes(report)
	if len(safe) == 0 {
		return nil, report, nil
	}
	if !c.Bool("yes") {
		fmt.Fprint(t.stderr, recoverTable(report, job.notes, nil, t.statusStyle().Width, c.Bool("verbose"), true))
		fmt.Fprintf(t.stderr, "oned will be given %s, those that are safe. Type yes to go on: ", diag.Count(len(safe), "answer"))
		typed, err := t.readLine(ctx)
		if err != nil || typed != "yes" {
			fmt.Fprintln(t.stderr)
			return nil, report, errNotAgreed
		}
		again, err := job.find(ctx)
		if err != nil {
			return nil, report, err
		}
		report = again
		for i := range report.Machines {
			if m := &report.Machines[i]; m.Proposal.Verdict == recovery.Safe && safe[m.ID] != shownAs(*m) {
				m.Proposal.Verdict, m.Proposal.Look = recovery.Ask, "it changed while you were asked: look again"
			}
		}
	}
	outcomes, err := survey.Apply(ctx, job.source, report, survey.Default, func(m survey.Machine, choice recovery.Choice, err error) {
		if err != nil {
			fmt.Fprintf(t.stderr, "%d %s: %s: %s\n", m.ID, tty.Clean(m.Name), choice, tty.Clean(err.Error()))
			return
		}
		fmt.Fprintf(t.stderr, "%d %s: oned was told %s\n", m.ID, tty.Clean(m.Name), choice)
	})
	return outcomes, report, err
}

// safeOnes are those whose answer is safe, by the ID of the virtual machine, as they are
// shown.
func safeOnes(r survey.Report) map[int]string {
	safe := map[int]string{}
	for _, m := range r.Machines {
		if m.Proposal.Verdict == recovery.Safe {
			safe[m.ID] = shownAs(m)
		}
	}
	return safe
}

// shownAs is what a person agrees to: answers in a state, at a place, since a time.
func shownAs(m survey.Machine) string {
	return fmt.Sprint(m.State.Name, " ", m.Seq, " ", m.Since.Unix(), " ", m.Proposal.Choices)
}

// recoverLeft reports whether something is left to do.
func recoverLeft(r survey.Report, outcomes []survey.Outcome) bool {
	done := map[int]bool{}
	for _, o := range outcomes {
		done[o.ID] = o.Err == nil
	}
	return len(r.Objects) > 0 || len(r.Missing) > 0 ||
		slices.ContainsFunc(r.Machines, func(m survey.Machine) bool { return !done[m.ID] })
}

func (t tool) recoverExplain(c *cli.Context) error {
	if c.NArg() != 1 {
		return fmt.Errorf("name one STATE, as onevm show has it: see %s --help", c.Command.HelpName)
	}
	word := c.Args().First()
	found := recovery.Named(word)
	if len(found) == 0 {
		return fmt.Errorf("there is no state %q%s", word, meantState(word))
	}
	for i, s := range found {
		if i > 0 {
			fmt.Fprintln(t.stdout)
		}
		if _, err := fmt.Fprint(t.stdout, recovery.Explain(s)); err != nil {
			return err
		}
	}
	return nil
}

// meantState says what a word may have been meant for, or how to name a state.
func meantState(word string) string {
	var names []string
	for _, s := range recovery.States {
		names = append(names, s.Name)
	}
	if meant := diag.Nearest(strings.ToUpper(word), names); slices.Contains(names, meant) {
		return fmt.Sprintf(": did you mean %s?", meant)
	}
	return ": use a name such as PROLOG, a number of LCM_STATE from 0 to 71, or the short form of onevm list"
}
