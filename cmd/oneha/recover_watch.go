package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/vmha/survey"
)

// hypervisorPace is how often hypervisors are visited at most.
const hypervisorPace = 10 * time.Second

// recoverLook is what one look found, or why there is nothing.
type recoverLook struct {
	report survey.Report
	err    error
}

// watchRecover looks again and again until ctx ends; the error is that of the last look.
func (t tool) watchRecover(ctx context.Context, c *cli.Context, job *recoverJob, every time.Duration) error {
	if job.source.Look != nil {
		every = max(every, hypervisorPace)
	}
	asJSON, verbose := c.Bool("json"), c.Bool("verbose")
	if !asJSON && t.screen() {
		job.waiting = func(string) func() { return func() {} }
	}
	return watch(ctx, t, every, asJSON, watched[recoverLook]{
		look: func(ctx context.Context) recoverLook {
			r, err := job.find(ctx)
			return recoverLook{r, err}
		},
		text: func(l recoverLook, width int) string {
			if l.err != nil {
				return paragraph("", "", l.err.Error(), width)
			}
			return recoverTable(l.report, job.notes, nil, width, verbose, false)
		},
		json: func(l recoverLook) any {
			if l.err != nil {
				return struct {
					Error string `json:"error"`
				}{l.err.Error()}
			}
			return recoverReportOf(l.report, job.notes, nil)
		},
		verdict: func(l recoverLook) error {
			if l.err != nil || recoverLeft(l.report, nil) {
				return errFindings
			}
			return nil
		},
		key: recoverLook.key,
	})
}

// key changes when something has happened; time alone is nothing.
func (l recoverLook) key() string {
	if l.err != nil {
		return l.err.Error()
	}
	text := fmt.Sprint(l.report.Notes, l.report.Objects, l.report.Missing)
	for _, m := range l.report.Machines {
		text += fmt.Sprint(m.ID, m.State.Name, m.Host, m.Seq, m.Facts, m.Proposal.Verdict)
	}
	return text
}
