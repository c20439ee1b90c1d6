package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/apply"
	"github.com/oneha/oneha/internal/pacemaker"
)

// settle waits until the cluster is at rest and says what came of the change.
func (run *changing) settle(ctx context.Context, after []byte) error {
	if run.wait <= 0 {
		fmt.Fprintln(run.text(), "not waited for the cluster to settle: oneha status shows it")
		run.result.Waits = "not waited"
		if run.json {
			return run.encode(run.result)
		}
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, run.wait)
	defer cancel()
	seen, erase := run.progress()
	began := time.Now()
	last, waits := apply.Settle(waiting, run.tools, seen)
	erase()
	run.result.Settled, run.result.Waits, run.result.Resources = waits == "", waits, last.Resources
	run.result.Failures = slices.DeleteFunc(slices.Clone(last.Failures), func(f pacemaker.FailedAction) bool { return slices.Contains(run.before.Failures, f) })
	printTable(run.text(), last)
	idle := notRunning(last, after)
	switch {
	case ctx.Err() != nil:
		run.result.Error = "interrupted while the cluster settles: its configuration stays as it is now; oneha status shows how the cluster takes it"
	case waits != "":
		run.result.Error = fmt.Sprintf("the cluster did not settle within %v: %s; see oneha status, go on waiting there, or go back with oneha rollback", run.wait, waits)
	case len(run.result.Failures) > 0 || len(idle) > 0:
		run.result.Error = trouble(last, run.result.Failures, idle)
	default:
		fmt.Fprintf(run.text(), "settled after %.0f s\n", time.Since(began).Seconds())
	}
	if run.json {
		if err := run.encode(run.result); err != nil {
			return err
		}
	}
	if run.result.Error != "" {
		return failure{errors.New(run.result.Error)}
	}
	return nil
}

// trouble says in one line what is wrong with a cluster that has settled, and what
// to do.
func trouble(s pacemaker.Status, failures []pacemaker.FailedAction, idle []string) string {
	var parts []string
	for _, f := range failures {
		parts = append(parts, fmt.Sprintf("%s of %s failed on %s: %s", f.Task, f.Resource, f.Node, cmp.Or(f.Reason, f.Result)))
	}
	if len(idle) > 0 {
		parts = append(parts, "not running: "+strings.Join(idle, ", "))
	}
	todo := "mend it and run crm_resource --cleanup"
	if len(failures) == 0 {
		todo = "oneha status says more"
	}
	for _, n := range s.Nodes {
		if !n.Ready() {
			parts = append(parts, "node "+n.Name+" takes no resources: "+nodeState(n))
			todo = "bring the node back"
		}
	}
	return "the cluster has the configuration, but " + strings.Join(parts, "; ") + "; " + todo + ", or go back with oneha rollback"
}
