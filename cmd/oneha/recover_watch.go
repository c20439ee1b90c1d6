package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	tty "github.com/oneha/oneha/internal/screen"
	"github.com/oneha/oneha/internal/vmha/survey"
)

// hypervisorPace is how often hypervisors are visited at most.
const hypervisorPace = 10 * time.Second

// watchRecover looks again and again until ctx ends; the error is that of the last
// look. On a terminal all pictures are at one place, otherwise one follows the other
// when something changed.
func (t tool) watchRecover(ctx context.Context, c *cli.Context, job *recoverJob, every time.Duration) (last error) {
	if job.source.Look != nil {
		every = max(every, hypervisorPace)
	}
	asJSON := c.Bool("json")
	var screen *tty.Terminal
	if !asJSON && t.screen() {
		var err error
		if screen, err = tty.Open(t.stdout, func() (int, int) {
			columns, rows, err := t.size()
			if err != nil || columns <= 0 || rows <= 0 {
				return 80, 24
			}
			return columns, rows
		}); err != nil {
			return err
		}
		job.waiting = func(string) func() { return func() {} }
		defer func() {
			if err := screen.Close(); err != nil && last == nil {
				last = err
			}
		}()
	}
	was := ""
	for {
		began := time.Now()
		r, err := job.find(ctx)
		if ctx.Err() != nil {
			return last // cut short: not what it is like
		}
		key := recoverKey(r, err)
		switch {
		case screen != nil:
			columns, _ := screen.Size()
			text := ""
			if err != nil {
				text = paragraph("", "", err.Error(), columns)
			} else {
				text = recoverTable(r, job.notes, nil, columns, c.Bool("verbose"), false)
			}
			if err := screen.Draw(text); err != nil {
				return err
			}
		case key == was:
		case err != nil:
			fmt.Fprintf(t.stderr, "oneha: %v\n", err)
		case asJSON:
			if err := json.NewEncoder(t.stdout).Encode(recoverReportOf(r, job.notes, nil)); err != nil {
				return err
			}
		default:
			if _, err := fmt.Fprintln(t.stdout, recoverTable(r, job.notes, nil, t.statusStyle().Width, c.Bool("verbose"), false)); err != nil {
				return err
			}
		}
		was, last = key, nil
		if err != nil || recoverLeft(r, nil) {
			last = errFindings
		}
		wait := time.NewTimer(max(every-time.Since(began), every/4))
		select {
		case <-ctx.Done():
			wait.Stop()
			return last
		case <-wait.C:
		}
	}
}

// recoverKey changes when something has happened; time alone is nothing.
func recoverKey(r survey.Report, err error) string {
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprint(r.Notes, r.Objects, r.Missing)
	for _, m := range r.Machines {
		text += fmt.Sprint(m.ID, m.State.Name, m.Host, m.Seq, m.Facts, m.Proposal.Verdict)
	}
	return text
}
