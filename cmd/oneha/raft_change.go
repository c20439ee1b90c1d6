package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/procedure"
)

// changeFlags are those of the commands that change which servers a zone has.
func changeFlags(more ...cli.Flag) []cli.Flag {
	return append(more,
		&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "the description is in `FILE`; ./oneha.yaml or /etc/oneha/oneha.yaml unless given"},
		&cli.BoolFlag{Name: "dry-run", DisableDefaultText: true, Usage: "print what would be done, as commands, and change nothing"},
		yesFlag,
		&cli.BoolFlag{Name: "abandon", DisableDefaultText: true, Usage: "give up a procedure that was interrupted, so that another can begin"},
		&cli.DurationFlag{Name: "wait", Value: 3 * time.Minute, Usage: "wait `TIME` at most for a server to start, to lead, to follow"},
		&cli.DurationFlag{Name: "copy-wait", Value: 2 * time.Hour, Usage: "wait `TIME` at most for a database to be dumped, copied or restored, each"},
		&cli.StringFlag{Name: "credentials", Aliases: []string{"auth"}, Value: one.DefaultAuthFile, Usage: "read user and password of oneadmin from `FILE`"},
		jsonFlag,
	)
}

// resumes is said by the help text of each of them.
const resumes = "Each step looks first whether it is done already. So a run that was interrupted, by\n" +
	"a power cut too, is simply run again and goes on; until then no other change of the\n" +
	"zone is begun. Between the servers it uses ssh as root (ssh_user in the description),\n" +
	"which must work without a password. Run it on a server of the zone.\n\n"

const changeCodes = "\n\nExit codes: 0 done, or nothing was to be done; 1 the zone is not fit for it, or a\n" +
	"step failed; 2 wrong usage, or a file that cannot be read."

// changingZone is one run of such a command.
type changingZone struct {
	tool
	c       *cli.Context
	env     procedure.Env
	request procedure.Request
	step    func() // ends the line of the step under way
}

// changeZone runs a command that changes which servers a zone has.
func (t tool) changeZone(c *cli.Context, q procedure.Request) (err error) {
	signal.Ignore(syscall.SIGPIPE) // a reader that went away stops no change half-way
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	run := &changingZone{tool: t, c: c, request: q, step: func() {}}
	closeAll, err := run.prepare()
	if err != nil {
		return err
	}
	defer closeAll()
	if c.Bool("abandon") {
		return run.abandon(ctx)
	}
	done := t.waiting("looking at the zone")
	p, err := procedure.New(ctx, run.env, q)
	done()
	if err != nil {
		return run.refused(err)
	}
	if before := p.Before.String(); before != "" {
		fmt.Fprintf(t.stderr, "oneha: goes on with %s\n", before)
	}
	if c.Bool("dry-run") {
		return run.dry(ctx, p)
	}
	if err := run.agree(ctx, p); err != nil {
		return err
	}
	return run.change(ctx, p)
}

// text is where people read.
func (run *changingZone) text() io.Writer {
	if run.c.Bool("json") {
		return run.stderr
	}
	return run.stdout
}

// again is the command that goes on.
func (run *changingZone) again() string {
	words := []string{"oneha raft", string(run.request.Kind), run.request.Server}
	if run.request.New != "" {
		words = append(words, run.request.New)
	}
	return strings.Join(words, " ")
}

// refused says why nothing was begun.
func (run *changingZone) refused(err error) error {
	if run.c.Bool("json") {
		_ = run.encode(procedure.Result{Procedure: run.request.Kind, Server: run.request.Server, ID: -1, Error: err.Error()})
	}
	return failure{fmt.Errorf("nothing was changed: %w", err)}
}

// dry prints the steps as commands.
func (run *changingZone) dry(ctx context.Context, p *procedure.Procedure) error {
	steps, err := p.DryRun(ctx)
	if err != nil {
		return run.refused(err)
	}
	if run.c.Bool("json") {
		return run.encode(struct {
			Procedure procedure.Kind      `json:"procedure"`
			Server    string              `json:"server"`
			DryRun    bool                `json:"dry_run"`
			Steps     []procedure.Planned `json:"steps"`
		}{run.request.Kind, run.request.Server, true, steps})
	}
	_, err = io.WriteString(run.stdout, procedure.Transcript(steps))
	return err
}

// agree has a person agree to what is stopped or replaced.
func (run *changingZone) agree(ctx context.Context, p *procedure.Procedure) error {
	careful, err := p.Careful(ctx)
	if err != nil {
		return run.refused(err)
	}
	if len(careful) == 0 {
		return nil
	}
	for _, text := range careful {
		fmt.Fprintf(run.stderr, "CAREFUL: %s\n", text)
	}
	if run.c.Bool("yes") {
		return nil
	}
	if !run.asks {
		return failure{errors.New("nothing was changed: there is no terminal to ask on: read the above and use --yes")}
	}
	fmt.Fprint(run.stderr, "Go on? Type yes: ")
	typed, err := run.readLine(ctx)
	if err != nil {
		fmt.Fprintln(run.stderr)
		return failure{fmt.Errorf("nothing was changed: %w", err)}
	}
	if typed != "yes" {
		return failure{errors.New("nothing was changed")}
	}
	return nil
}

// change runs the procedure and shows its steps.
func (run *changingZone) change(ctx context.Context, p *procedure.Procedure) error {
	result, err := p.Run(ctx, run.report)
	run.step()
	if err != nil {
		result.Error = err.Error()
	}
	if run.c.Bool("json") {
		if err := run.encode(result); err != nil {
			return err
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			err = errors.New("interrupted")
		}
		return failure{fmt.Errorf("%w; when that is mended, run it again and it goes on: %s", err, run.again())}
	}
	for _, n := range result.Notes {
		fmt.Fprintf(run.stderr, "oneha: note: %s\n", n)
	}
	if !run.c.Bool("json") {
		fmt.Fprintln(run.stdout, run.outcome(result))
	}
	return nil
}

// outcome says what came of it.
func (run *changingZone) outcome(r procedure.Result) string {
	for _, s := range r.Steps {
		if !s.Already {
			switch {
			case r.Mended:
				return fmt.Sprintf("%s is in the zone, as server %d, and what had drifted there is right", run.request.Server, r.ID)
			case run.request.Kind == procedure.Leave:
				return run.request.Server + " has left the zone"
			case run.request.Kind == procedure.Init:
				return fmt.Sprintf("%s leads a zone of its own, as server %d: oneha raft join brings the next", run.request.Server, r.ID)
			}
			return fmt.Sprintf("%s follows, as server %d", cmp.Or(run.request.New, run.request.Server), r.ID)
		}
	}
	if run.request.Kind == procedure.Join && r.ID >= 0 {
		return fmt.Sprintf("nothing was to be done: %s is in the zone, as server %d", run.request.Server, r.ID)
	}
	if run.request.Kind == procedure.Leave {
		return fmt.Sprintf("nothing was to be done: %s is in no zone, and does not run", run.request.Server)
	}
	return "nothing was to be done: all steps are done already"
}

// report shows a step while it runs and when it has ended.
func (run *changingZone) report(e procedure.Event) {
	at := fmt.Sprintf("[%d/%d] %s", e.Step, e.Of, e.Name)
	switch e.What {
	case procedure.Began:
		run.step = run.waiting(at)
		return
	case procedure.Already:
		run.step()
		fmt.Fprintf(run.stderr, "%s: already so\n", at)
	default:
		run.step()
		fmt.Fprintf(run.stderr, "%s: %.1f s\n", at, e.Took.Seconds())
	}
	run.step = func() {}
}

// abandon gives up what is under way.
func (run *changingZone) abandon(ctx context.Context) error {
	what, all, err := procedure.Abandon(ctx, run.env)
	if run.c.Bool("json") {
		if err := run.encode(all); err != nil {
			return err
		}
	}
	if err != nil {
		return failure{err}
	}
	if what.Procedure == "" {
		fmt.Fprintln(run.text(), "nothing is under way")
	} else {
		fmt.Fprintf(run.text(), "given up: %s\nWhat was done stays so: oneha raft status shows where the zone is.\n", what)
	}
	unreached := 0
	for _, a := range all {
		if a.Half {
			fmt.Fprintf(run.text(), "%s: its database is not whole, and systemd does not start oned there: oneha raft join or reset gives it one\n", a.Server)
		}
		if a.Error != "" {
			unreached++
			fmt.Fprintf(run.stderr, "oneha: warning: %s\n", a.Error)
		}
	}
	if unreached > 0 {
		return failure{fmt.Errorf("%s could not be asked: a record there is given up by running this again", diag.Count(unreached, "server"))}
	}
	return nil
}

// serverArgument is the one server that a command is about.
func serverArgument(c *cli.Context) (string, error) {
	switch {
	case c.NArg() == 1:
		return c.Args().First(), nil
	case c.Bool("abandon") && c.NArg() == 0:
		return "", nil
	case c.NArg() == 0:
		return "", fmt.Errorf("no SERVER given: name it as the description does; see %s --help", c.Command.HelpName)
	}
	return "", fmt.Errorf("%d servers given: one at a time", c.NArg())
}
