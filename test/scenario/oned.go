package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/fakeoned"
	"github.com/oneha/oneha/test/lab"
)

// Fault is a way in which oned fails while its node lives: nobody is to be
// fenced for it.
type Fault struct {
	Name  string
	Cause string // shell command on the active node
	Undo  string // and what makes the node whole again, "" for nothing
	Moves bool   // a restart on the same node cannot help
	Found string // part of the failed action that Pacemaker shows; "": it finds nothing, and is right
}

// Faults are the ways in which a front-end's administrator has seen oned fail.
// --kill-who is the name of that option until systemd 251, and understood by later ones.
var Faults = []Fault{
	{Name: "oned killed", Cause: "systemctl kill --kill-who=main -s KILL " + onedUnit, Found: "oned_monitor_15000"},
	{Name: "oned stopped by hand", Cause: "systemctl stop " + onedUnit, Found: "oned_monitor_15000"},
	{Name: "oned frozen", Cause: "systemctl kill --kill-who=main -s STOP " + onedUnit, Found: "oned_monitor_60000"},
	{
		Name: "its port taken by another program", Moves: true, Found: "oned_start_0",
		// The thief tries until oned is gone, and has the port before it is back.
		Cause: "systemd-run --quiet --unit=thief -p Restart=always -p RestartSec=20ms -p StartLimitIntervalSec=0 " + fakeoned.Program + " -role gate -listen :2633 && " +
			"systemctl kill --kill-who=main -s KILL " + onedUnit,
		Undo: "systemctl stop thief.service",
	},
}

const onedUnit = "opennebula.service"

// Recovery is how a cluster dealt with a Fault. Times are counted from the fault.
type Recovery struct {
	Fault    string
	Found    string        // the failed actions, as Pacemaker shows them
	Detected time.Duration // Pacemaker showed the first of them
	Answers  time.Duration // oned answered on the floating IP again
	Node     string        // same node or peer
}

// faultLimit covers the longest interval of a monitor, its probe, a stop and a
// start; it ends a broken run and measures nothing.
const faultLimit = 3 * time.Minute

// BreakOned makes the fault on the active node and waits until oned answers again
// and the cluster is quiet. It returns an error when it did not recover, not
// where it should, when a node was fenced, or when the audit finds two writers.
func BreakOned(ctx context.Context, w *Watch, f Fault, log func(string, ...any)) (r Recovery, err error) {
	c := w.Cluster
	if err := w.settle(ctx); err != nil {
		return r, err
	}
	victim, err := c.Active()
	if err != nil {
		return r, err
	}
	ctx, cancel := context.WithTimeout(ctx, faultLimit)
	defer cancel()
	r = Recovery{Fault: f.Name}
	start := time.Now()
	if _, err := victim.Exec(ctx, "sh", "-euc", f.Cause); err != nil {
		return r, err
	}
	log("%s on %s", f.Name, victim.Name)
	defer func() { err = errors.Join(err, mend(c, victim, f)) }()

	failures, at, err := waitFailure(ctx, c, f.Found)
	if err != nil {
		return r, err
	}
	r.Detected = at.Sub(start)
	log("%5.1f s  found: %s", r.Detected.Seconds(), strings.Join(failures, "; "))
	// The fault ends the answers, and Pacemaker has not mended it before it found it.
	answer, err := w.Oned.WaitAnswer(ctx, at)
	if err != nil {
		return r, err
	}
	if err := w.settle(ctx); err != nil {
		return r, err
	}
	r.Answers = endOfGap(w.Oned.Answers(start.Add(-time.Second)), answer).Sub(start)
	status, err := c.Status(ctx)
	if err != nil {
		return r, err
	}
	r.Found = strings.Join(status.Failures, "; ")
	holder, err := c.Active()
	if err != nil {
		return r, err
	}
	r.Node = map[bool]string{true: "same node", false: "peer"}[holder == victim]
	log("%5.1f s  oned answers again, from the %s", r.Answers.Seconds(), r.Node)

	if (holder != victim) != f.Moves {
		return r, fmt.Errorf("oned recovered on the %s", r.Node)
	}
	if offs := powerOffs(c, start); len(offs) > 0 {
		return r, fmt.Errorf("a node was fenced for it: %v", offs)
	}
	return r, w.Audit(ctx)
}

// waitFailure waits until Pacemaker shows a failed action that contains found.
func waitFailure(ctx context.Context, c *lab.Cluster, found string) ([]string, time.Time, error) {
	for {
		status, err := c.Status(ctx)
		at := time.Now()
		if err == nil && slices.ContainsFunc(status.Failures, func(s string) bool { return strings.Contains(s, found) }) {
			return status.Failures, at, nil
		}
		select {
		case <-ctx.Done():
			return nil, time.Time{}, fmt.Errorf("wait for Pacemaker to find it: %w (%v, failures %v)", ctx.Err(), err, status.Failures)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// endOfGap returns the answer that ended the longest silence; late is the one to
// take when there was none.
func endOfGap(answers []time.Time, late time.Time) time.Time {
	end, longest := late, time.Duration(0)
	for i := 1; i < len(answers); i++ {
		if gap := answers[i].Sub(answers[i-1]); gap > longest {
			end, longest = answers[i], gap
		}
	}
	return end
}

// mend undoes the fault on its node and has Pacemaker forget the failures, so
// that the next fault meets a whole cluster.
func mend(c *lab.Cluster, victim *lab.Node, f Fault) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	commands := []string{"crm_resource --cleanup"}
	if f.Undo != "" {
		commands = []string{f.Undo, commands[0]}
	}
	_, err := victim.Exec(ctx, "sh", "-euc", strings.Join(commands, "\n"))
	return err
}
