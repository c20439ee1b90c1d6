package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/shell"
	"github.com/oneha/oneha/internal/vmha/transfer"
)

// commandLine is an action as a person would type it.
func commandLine(script string, a transfer.Action) string {
	return shell.Quote(append([]string{script}, a.Args...)...)
}

// tmDebug is the interactive environment of onevm recover --retry --interactive, with
// the words that people know.
func (t tool) tmDebug(c *cli.Context) error {
	return t.withTransfer(c, false, func(ctx context.Context, job *transferJob, _ int) error {
		lines := t.lines()
		show := func() {
			fmt.Fprintln(t.stdout, "TM Action list:")
			for n, a := range job.file.Actions {
				mark := ""
				if m := job.progress.Mark(n); m != transfer.Open {
					mark = "  [" + string(m) + "]"
				}
				fmt.Fprintf(t.stdout, "(%d) %s%s\n", n+1, a, mark)
			}
			fmt.Fprintln(t.stdout)
		}
		fmt.Fprint(t.stdout, "TM Debug Interactive Environment.\n\n")
		show()
		for n := job.progress.Next(); n < len(job.file.Actions); n = job.progress.Next() {
			fmt.Fprintf(t.stdout, "Current action (%d):\n%s\n\nChoose action:\n(r) Run action\n(n) Skip to next action\n(a) Show all actions\n(q) Quit\n", n+1, job.file.Actions[n])
			switch t.debugChoice(ctx, lines, job) {
			case "r":
				if err := t.debugRun(ctx, job, n); err != nil {
					return err
				}
			case "n":
				if err := job.skip(n); err != nil {
					return failure{err}
				}
			case "a":
				show()
			default:
				return failure{errors.New("ended before all actions were done; oneha tm debug goes on here")}
			}
		}
		return t.debugEnd(ctx, c, job)
	})
}

// debugChoice asks until one of the choices is typed; "" is the end of what is typed.
func (t tool) debugChoice(ctx context.Context, lines <-chan string, job *transferJob) string {
	for {
		fmt.Fprint(t.stdout, "> ")
		var line string
		open := false
		select {
		case line, open = <-lines:
		case <-ctx.Done():
		}
		fmt.Fprintln(t.stdout)
		choice := strings.ToLower(strings.TrimSpace(line))
		switch {
		case !open:
			return ""
		case slices.Contains([]string{"r", "n", "a", "q"}, choice):
			return choice
		case choice == "?", choice == "h", choice == "help":
			fmt.Fprintf(t.stdout, "(r) runs the script of the action, as %s. When it fails: mend what it\n"+
				"    says, outside, and run it again.\n"+
				"(n) counts it as done, without running it: for what was done by hand.\n"+
				"(q) ends here; the next oneha tm debug goes on where this one was.\n"+
				"oned is told nothing before the end. What scripts print is kept in\n%s\n\n", job.runner.As.Name, job.file.Name+logSuffix)
		case choice != "": // an empty line is a slip
			fmt.Fprintf(t.stdout, "%q is none of r, n, a and q; ? says what they do.\n\n", choice)
		}
	}
}

// debugRun runs the current action and says how it ended, in the words of the
// driver's log.
func (t tool) debugRun(ctx context.Context, job *transferJob, n int) error {
	result, ok, err := job.run(ctx, n, t.stdout)
	_, stale := errors.AsType[staleError](err)
	switch {
	case ctx.Err() != nil, stale:
		return failure{err}
	case ok:
		fmt.Fprint(t.stdout, "SUCCESS\n\n")
		return nil
	case err != nil:
		fmt.Fprintf(t.stdout, "LOG E  %v\n", err)
	default:
		fmt.Fprintf(t.stdout, "LOG I  Command execution fail: %s\nLOG I  ExitCode: %d\n", commandLine(result.Script, job.file.Actions[n]), result.Exit)
	}
	fmt.Fprint(t.stdout, "\nFAILURE. Repeat command.\n\n")
	return nil
}

func (t tool) debugEnd(ctx context.Context, c *cli.Context, job *transferJob) error {
	if c.Bool("success") {
		state, err := t.tellOned(ctx, job)
		if err != nil {
			return failure{err}
		}
		fmt.Fprintf(t.stdout, "All the TM actions have been successful or were skipped; oned was told, and the\nVirtual Machine is in %s.\n", state)
		return nil
	}
	if job.ask == nil {
		fmt.Fprintln(t.stdout, "All the TM actions have been successful or were skipped.")
		return nil
	}
	fmt.Fprintf(t.stdout, "If all the TM actions have been successful and you want to\nrecover the Virtual Machine execute this command; what follows is\n%s:\n$ onevm recover %d --success\n", job.ending(), job.vm.ID)
	return nil
}

// lines are what is typed, until the end of standard input. A read cannot be
// cancelled; it ends with the process at the latest.
func (t tool) lines() <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(t.stdin); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	return lines
}
