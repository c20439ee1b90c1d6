package main

import (
	"context"
	"fmt"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

func (t tool) tmCommand() *cli.Command {
	common := []cli.Flag{
		&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "a transfer `FILE`, instead of asking oned which one"},
		&cli.StringFlag{Name: "var", Value: "/var/lib/one", Usage: "`DIRECTORY` with vms and remotes/tm"},
		&cli.StringFlag{Name: "endpoint", Value: one.DefaultEndpoint, Usage: "`URL` of oned"},
		&cli.StringFlag{Name: "credentials", Value: one.DefaultAuthFile, Usage: "`FILE` with user:password of oneadmin"},
	}
	asJSON := &cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print the result as JSON"}
	dry := &cli.BoolFlag{Name: "dry-run", DisableDefaultText: true, Usage: "print the commands and run none"}
	success := &cli.BoolFlag{Name: "success", DisableDefaultText: true, Usage: "when all actions are done, tell oned: onevm recover --success"}
	with := func(flags ...cli.Flag) []cli.Flag { return append(append([]cli.Flag{}, common...), flags...) }
	return &cli.Command{
		Name:      "tm",
		Usage:     "the disks of a virtual machine in a failed state, one action after the other",
		UsageText: "oneha tm COMMAND [options] VM",
		Description: "In PROLOG_FAILURE, EPILOG_FAILURE and their like the actions of the Transfer Manager\n" +
			"are still in a file. They can be listed, run one by one until they succeed, or\n" +
			"skipped; how far it got is kept beside the file. Scripts run as the user whom the\n" +
			"file belongs to, oneadmin, and what they print is kept in FILE.oneha.log.\n\n" +
			"Examples:\n  oneha tm debug 2        as onevm recover 2 --retry --interactive\n  oneha tm list 2\n  oneha tm resume 2 --success",
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "the actions and how far they got", ArgsUsage: "VM", Flags: with(asJSON), Action: t.tmList,
				Description: "Example:\n  oneha tm list 2\n  oneha tm list --file transfer.0.prolog --json"},
			{Name: "run", Usage: "run one action, whatever was done before", ArgsUsage: "VM ACTION", Flags: with(asJSON, dry), Action: t.tmRun,
				Description: "ACTION is a number of oneha tm list.\n\nExample:\n  oneha tm run 2 1"},
			{Name: "step", Usage: "run the first action that is not done", ArgsUsage: "VM", Flags: with(asJSON, dry, success), Action: t.tmStep,
				Description: "Example:\n  oneha tm step 2"},
			{Name: "resume", Usage: "run all actions that are not done, until one fails", ArgsUsage: "VM", Flags: with(asJSON, dry, success), Action: t.tmResume,
				Description: "Example:\n  oneha tm resume 2 --dry-run\n  oneha tm resume 2 --success"},
			{Name: "skip", Usage: "count an action as done without running it", ArgsUsage: "VM ACTION", Flags: with(asJSON), Action: t.tmSkip,
				Description: "ACTION is a number of oneha tm list.\n\nExample:\n  oneha tm skip 2 1"},
			{Name: "debug", Usage: "one action after the other, asking what to do", ArgsUsage: "VM", Flags: with(success), Action: t.tmDebug,
				Description: "The environment of onevm recover --retry --interactive: r runs the current action,\n" +
					"n skips it, a shows all, q quits. Begin again and it goes on where it was.\n\nExample:\n  oneha tm debug 2"},
		},
		Action: func(c *cli.Context) error {
			if !c.Args().Present() {
				return fmt.Errorf("say what to do with which virtual machine: see %s --help", c.Command.HelpName)
			}
			return unknownCommand(c.Args().First(), c.Command.VisibleCommands())
		},
	}
}

// transferArgs checks the arguments of a command: VM, without --file, and ACTION if
// the command takes one, whose text it returns.
func transferArgs(c *cli.Context, action bool) (string, error) {
	words := c.Args().Slice()
	if c.String("file") == "" {
		if len(words) == 0 {
			return "", fmt.Errorf("name a virtual machine by its ID, or a transfer file with --file: see %s --help", c.Command.HelpName)
		}
		words = words[1:]
	} else if c.Bool("success") {
		return "", fmt.Errorf("--success needs the ID of the virtual machine in place of --file")
	}
	switch {
	case action && len(words) == 1:
		return words[0], nil
	case !action && len(words) == 0:
		return "", nil
	case action && len(words) == 0:
		return "", fmt.Errorf("name the action by its number in oneha tm list: see %s --help", c.Command.HelpName)
	}
	return "", fmt.Errorf("%q is too much: see %s --help", words[len(words)-1], c.Command.HelpName)
}

// withTransfer checks the arguments, opens the job, and does something with it; n is
// the action that the command names, from 0, or -1.
func (t tool) withTransfer(c *cli.Context, action bool, do func(ctx context.Context, job *transferJob, n int) error) error {
	word, err := transferArgs(c, action)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	job, err := t.openTransfer(c, c.Command.Name == "list" || c.Bool("dry-run"))
	if err != nil {
		return err
	}
	defer job.close()
	if job.fresh {
		fmt.Fprintf(t.stderr, "oneha: oned wrote %s anew since it was worked on: it begins at the first action\n", job.file.Name)
	}
	n := -1
	if action {
		if n, err = strconv.Atoi(word); err != nil || n < 1 || n > len(job.file.Actions) {
			return fmt.Errorf("there is no action %q: it has %d, counted from 1", word, len(job.file.Actions))
		}
		n--
	}
	return do(ctx, job, n)
}

func (t tool) tmList(c *cli.Context) error {
	return t.withTransfer(c, false, func(_ context.Context, job *transferJob, _ int) error {
		return t.transferState(c, job, "")
	})
}

func (t tool) tmSkip(c *cli.Context) error {
	return t.withTransfer(c, true, func(_ context.Context, job *transferJob, n int) error {
		if err := job.skip(n); err != nil {
			return failure{err}
		}
		return t.transferState(c, job, "")
	})
}

func (t tool) tmRun(c *cli.Context) error {
	return t.withTransfer(c, true, func(ctx context.Context, job *transferJob, n int) error {
		return t.runActions(ctx, c, job, []int{n})
	})
}

func (t tool) tmStep(c *cli.Context) error {
	return t.withTransfer(c, false, func(ctx context.Context, job *transferJob, _ int) error {
		return t.runActions(ctx, c, job, rest(job, 1))
	})
}

func (t tool) tmResume(c *cli.Context) error {
	return t.withTransfer(c, false, func(ctx context.Context, job *transferJob, _ int) error {
		return t.runActions(ctx, c, job, rest(job, len(job.file.Actions)))
	})
}

// rest are at most so many actions that are not done.
func rest(job *transferJob, most int) (list []int) {
	for n := range job.file.Actions {
		if !job.progress.Mark(n).Done() && len(list) < most {
			list = append(list, n)
		}
	}
	return list
}

// runActions runs actions until one fails, and tells oned if that was asked for.
func (t tool) runActions(ctx context.Context, c *cli.Context, job *transferJob, list []int) error {
	output := t.stdout
	if c.Bool("json") {
		output = t.stderr
	}
	for _, n := range list {
		action := job.file.Actions[n]
		script, err := job.runner.Find(action)
		if err != nil {
			return failure{err}
		}
		fmt.Fprintf(output, "(%d) %s\n", n+1, commandLine(script, action))
		if c.Bool("dry-run") {
			continue
		}
		result, ok, err := job.run(ctx, n, output)
		switch {
		case err != nil:
			return t.transferFailed(c, job, err.Error())
		case !ok:
			return t.transferFailed(c, job, fmt.Sprintf("action %d: %s ended with exit code %d: mend it and go on with oneha tm resume", n+1, result.Script, result.Exit))
		}
		fmt.Fprintf(output, "    success after %.1f s\n", result.Took.Seconds())
	}
	if c.Bool("success") && !c.Bool("dry-run") && job.progress.Next() == len(job.file.Actions) {
		state, err := t.tellOned(ctx, job)
		if err != nil {
			return failure{err}
		}
		return t.transferState(c, job, state)
	}
	if c.Bool("json") || c.Bool("dry-run") {
		return t.transferState(c, job, "")
	}
	t.transferHint(job)
	return nil
}

func (t tool) transferFailed(c *cli.Context, job *transferJob, why string) error {
	if c.Bool("json") {
		if err := t.transferState(c, job, ""); err != nil {
			return err
		}
	}
	return failure{fmt.Errorf("%s", why)}
}

// tellOned answers success for the driver and waits until the state has changed.
func (t tool) tellOned(ctx context.Context, job *transferJob) (string, error) {
	now, err := job.ask(ctx)
	switch {
	case err != nil:
		return "", err
	case now.State != job.vm.State || now.LCM != job.vm.LCM || now.Seq != job.vm.Seq:
		return "", fmt.Errorf("virtual machine %d is not in %s any more but in %s: oned was not told anything", now.ID, job.state.Name, recovery.Find(now.State, now.LCM).Name)
	}
	if err := job.recover(ctx, recovery.Success); err != nil {
		return "", err
	}
	job.note("told oned: success")
	for limit := time.Now().Add(30 * time.Second); time.Now().Before(limit) && ctx.Err() == nil; time.Sleep(250 * time.Millisecond) {
		if now, err = job.ask(ctx); err == nil && (now.State != job.vm.State || now.LCM != job.vm.LCM) {
			return recovery.Find(now.State, now.LCM).Name, nil
		}
	}
	return "", fmt.Errorf("oned took the answer, and the virtual machine is still in %s: see onevm show %d", job.state.Name, job.vm.ID)
}
