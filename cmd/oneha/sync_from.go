package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/twin"
)

// broughtReport is what --from --json prints.
type broughtReport struct {
	Format  int           `json:"format"`
	Mode    twin.Mode     `json:"mode"`
	From    string        `json:"from"`
	DryRun  bool          `json:"dry_run"`
	Changes []twin.Change `json:"changes"` // to be made or, if it is no dry run, made
	Left    []twin.Left   `json:"left"`    // differences that are not for a copy to mend
	Failed  []twin.Left   `json:"failed"`
	Backup  string        `json:"backup,omitempty"`
	Restart []string      `json:"restart,omitempty"` // units that still have the old files
	Reload  bool          `json:"daemon_reload,omitempty"`
}

// bring makes this server like another.
func (run *syncing) bring(ctx context.Context) error {
	p := run.peers[0]
	host := run.host(p)
	defer host.Close()
	request := run.request()
	var remove []twin.Path
	for _, f := range run.c.StringSlice("delete") {
		remove = append(remove, twin.Path(f))
	}
	done := run.waiting("comparing files with " + p.name)
	here, there, _, err := run.machine.Both(ctx, host, request)
	done()
	if err != nil {
		return failure{err}
	}
	changes, left, err := twin.Plan(here, there, run.mode, remove)
	if err != nil {
		return err
	}
	r := broughtReport{Format: syncFormat, Mode: run.mode, From: p.name, DryRun: run.c.Bool("dry-run"), Changes: append([]twin.Change{}, changes...), Left: append([]twin.Left{}, left...), Failed: []twin.Left{}}
	r.Restart, r.Reload = twin.Advice(changes)
	if !run.c.Bool("json") {
		run.showChanges(r)
	}
	if r.DryRun {
		if run.c.Bool("json") {
			if err := run.encode(r); err != nil {
				return err
			}
		}
		return r.verdict()
	}
	// Without changes it runs, too: it removes what a killed run left.
	if len(changes) > 0 {
		if err := run.agree(ctx, len(changes)); err != nil {
			return err
		}
	}
	progress, finished := run.counting("copying from " + p.name)
	result, err := run.machine.Apply(ctx, host, request, remove, changes, progress)
	finished()
	r.Changes, r.Failed, r.Backup = append([]twin.Change{}, result.Done...), append(r.Failed, result.Failed...), result.Backup
	r.Restart, r.Reload = twin.Advice(result.Done)
	if err != nil {
		return failure{fmt.Errorf("%w (%s made; run it again to go on)", err, diag.Count(len(result.Done), "change"))}
	}
	if run.c.Bool("json") {
		err = run.encode(r)
	} else {
		err = run.showResult(r, result.Swept)
	}
	if err != nil {
		return err
	}
	return r.verdict()
}

// verdict is the error whose exit code the report has.
func (r broughtReport) verdict() error {
	blocked := slices.ContainsFunc(r.Left, func(l twin.Left) bool { return !l.OnlyHere })
	if len(r.Failed) > 0 || blocked || r.DryRun && len(r.Changes) > 0 {
		return errFindings
	}
	return nil
}

// agree asks whether to go on.
func (run *syncing) agree(ctx context.Context, count int) error {
	if run.c.Bool("yes") {
		return nil
	}
	if !run.asks {
		return errors.New("nothing was done: there is no terminal to ask on: use --yes, or --dry-run")
	}
	fmt.Fprintf(run.stderr, "Make %s on this server? [y/N] ", diag.Count(count, "change"))
	typed, err := run.readLine(ctx)
	if err != nil {
		fmt.Fprintln(run.stderr)
		return failure{fmt.Errorf("nothing was done: %w", err)}
	}
	if !slices.Contains([]string{"y", "yes"}, strings.ToLower(typed)) {
		return failure{errors.New("nothing was done")}
	}
	return nil
}

// showChanges prints what is planned.
func (run *syncing) showChanges(r broughtReport) {
	width := max(run.statusStyle().Width, 100)
	if len(r.Changes) > 0 {
		rows := [][]string{{"DO", "FILE", "BECAUSE"}}
		for _, c := range r.Changes {
			rows = append(rows, []string{string(c.Deed), c.Path.String(), c.Why})
		}
		fmt.Fprint(run.stdout, table(rows, []int{7, 0, 0}, width))
	}
	for _, l := range r.Left {
		fmt.Fprint(run.stdout, paragraph("  left   ", "         ", l.Path.String()+": "+l.Why, width))
	}
	if r.DryRun && len(r.Changes) == 0 {
		fmt.Fprintf(run.stdout, "nothing to bring from %s\n", r.From)
	}
}

// showResult prints what was done and what is to do.
func (run *syncing) showResult(r broughtReport, swept int) error {
	var b strings.Builder
	width := max(run.statusStyle().Width, 100)
	if swept > 0 {
		fmt.Fprintf(&b, "removed %s of runs that were ended in the middle\n", diag.Count(swept, "temporary file"))
	}
	for _, f := range r.Failed {
		b.WriteString(paragraph("  failed ", "         ", f.Path.String()+": "+f.Why, width))
	}
	if len(r.Changes)+len(r.Failed) == 0 {
		fmt.Fprintf(&b, "nothing to bring from %s\n", r.From)
	} else {
		fmt.Fprintf(&b, "%s made", diag.Count(len(r.Changes), "change"))
		if r.Backup != "" {
			fmt.Fprintf(&b, "; what was replaced is in %s", r.Backup)
		}
		b.WriteString("\n")
	}
	if r.Reload {
		b.WriteString("units have changed: systemctl daemon-reload\n")
	}
	if len(r.Restart) > 0 {
		fmt.Fprintf(&b, "still with the old files, if they run: %s\n", strings.Join(r.Restart, ", "))
	}
	_, err := fmt.Fprint(run.stdout, b.String())
	return err
}
