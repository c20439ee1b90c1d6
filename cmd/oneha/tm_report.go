package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/vmha/transfer"
)

// transferHint says what comes after the actions.
func (t tool) transferHint(job *transferJob) {
	if n := job.progress.Next(); n < len(job.file.Actions) {
		fmt.Fprintf(t.stdout, "Next is action %d.\n", n+1)
		return
	}
	fmt.Fprintln(t.stdout, "All actions are done.")
	if what := job.ending(); what != "" {
		fmt.Fprintf(t.stdout, "Tell oned, and what follows is %s:\n$ onevm recover %d --success\n", what, job.vm.ID)
	}
}

// transferReport is what --json prints.
type transferReport struct {
	Version int              `json:"version"` // of this form: 1
	VM      *int             `json:"vm,omitempty"`
	State   string           `json:"state,omitempty"` // of the virtual machine, as it is now
	File    string           `json:"file"`
	Actions []transferAction `json:"actions"`
	Next    int              `json:"next"`              // number of the first action that is not done, 0 when all are
	Success string           `json:"success,omitempty"` // what oned does when it is told that all was done
}

type transferAction struct {
	Number int           `json:"number"`
	Line   int           `json:"line"` // in the file
	Action string        `json:"action"`
	Script string        `json:"script,omitempty"`
	Error  string        `json:"error,omitempty"` // why there is no script
	Mark   transfer.Mark `json:"mark"`
}

// transferState prints the actions; state is the one that the virtual machine is in
// by now, "" for the one that it was in.
func (t tool) transferState(c *cli.Context, job *transferJob, state string) error {
	report := transferReport{Version: 1, File: job.file.Name, Success: job.ending()}
	if job.ask != nil {
		report.VM, report.State = &job.vm.ID, job.state.Name
	}
	if state != "" {
		report.State, report.Success = state, ""
	}
	if n := job.progress.Next(); n < len(job.file.Actions) {
		report.Next = n + 1
	}
	for n, a := range job.file.Actions {
		row := transferAction{Number: n + 1, Line: a.Line, Action: a.String(), Mark: job.progress.Mark(n)}
		script, err := job.runner.Find(a)
		if row.Script = script; err != nil {
			row.Error = err.Error()
		}
		report.Actions = append(report.Actions, row)
	}
	if c.Bool("json") {
		encoder := json.NewEncoder(t.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	if c.Bool("dry-run") {
		return nil
	}
	return t.printTransfer(t.stdout, job, report)
}

func (t tool) printTransfer(w io.Writer, job *transferJob, report transferReport) error {
	fmt.Fprintf(w, "%s\n", report.File)
	if report.VM != nil {
		fmt.Fprintf(w, "virtual machine %d, %s\n", *report.VM, report.State)
	}
	for _, a := range report.Actions {
		fmt.Fprintf(w, "(%d) %-8s %s\n", a.Number, a.Mark, a.Action)
		if a.Error != "" {
			fmt.Fprintf(w, "    %s\n", a.Error)
		}
	}
	t.transferHint(job)
	return nil
}
