package main

import (
	"slices"
	"time"

	"github.com/oneha/oneha/internal/vmha/survey"
)

// recoverReport is what --json prints.
type recoverReport struct {
	Version  int              `json:"version"` // of this form: 1
	Total    int              `json:"total"`   // virtual machines that are not DONE
	Driven   int              `json:"driven"`  // that oned is driving, and that are left alone
	Asked    bool             `json:"hypervisors_asked"`
	Notes    []string         `json:"notes"`             // what could not be asked
	Missing  []int            `json:"missing,omitempty"` // of --vm
	Machines []recoverMachine `json:"machines"`
	Objects  []recoverObject  `json:"objects"`
}

type recoverMachine struct {
	ID      int               `json:"id"`
	Name    string            `json:"name"`
	State   string            `json:"state"`
	Host    string            `json:"host,omitempty"`
	Since   *time.Time        `json:"since,omitempty"`
	Found   []string          `json:"found"`   // what is known of it
	Verdict string            `json:"verdict"` // safe, ask, wait, handle
	Choices []string          `json:"choices"`
	Why     string            `json:"why"`
	Look    string            `json:"look,omitempty"`
	Refused map[string]string `json:"refused,omitempty"` // choice: why
	Told    []string          `json:"told,omitempty"`
	Now     string            `json:"now,omitempty"` // state after it was recovered
	Trouble string            `json:"error,omitempty"`
}

type recoverObject struct {
	Kind  string `json:"kind"`
	ID    int    `json:"id"`
	Name  string `json:"name"`
	State string `json:"state"`
	Why   string `json:"why"`
	Look  string `json:"look"`
}

func recoverReportOf(r survey.Report, notes []string, outcomes []survey.Outcome) recoverReport {
	report := recoverReport{Version: 1, Total: r.Total, Driven: r.Driven, Asked: r.Asked, Notes: slices.Concat([]string{}, notes, r.Notes), Missing: r.Missing, Machines: []recoverMachine{}, Objects: []recoverObject{}}
	for _, m := range r.Machines {
		row := recoverMachine{ID: m.ID, Name: m.Name, State: m.State.Name, Host: m.Host, Verdict: m.Proposal.Verdict.String(),
			Found: slices.Concat([]string{}, m.Facts.Words()), Choices: []string{}, Why: m.Proposal.Why, Look: m.Proposal.Look, Refused: map[string]string{}}
		if !m.Since.IsZero() {
			row.Since = &m.Since
		}
		for _, choice := range m.Proposal.Choices {
			row.Choices = append(row.Choices, choice.String())
		}
		for _, refusal := range m.Proposal.Refused {
			row.Refused[refusal.Choice.String()] = refusal.Why
		}
		for _, o := range outcomes {
			if o.ID != m.ID {
				continue
			}
			row.Now = o.State.Name
			for _, choice := range o.Told {
				row.Told = append(row.Told, choice.String())
			}
			if o.Err != nil {
				row.Trouble = o.Err.Error()
			}
		}
		report.Machines = append(report.Machines, row)
	}
	for _, o := range r.Objects {
		report.Objects = append(report.Objects, recoverObject(o))
	}
	return report
}
