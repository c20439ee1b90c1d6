package scenario

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/test/fakeoned"
	"github.com/oneha/oneha/test/lab"
)

// switchDatabase is the command that takes oned's database away on one node, or
// gives it back: the other node has a way of its own to it.
func switchDatabase(mode fakeoned.Mode) string {
	return fmt.Sprintf("mkdir -p %[1]s && echo %[2]s >%[1]s/%[3]s", fakeoned.ModeDir, mode, fakeoned.ModeName)
}

// awayFor is how long the database stays away: longer than the interval of every
// monitor that is generated.
const awayFor = 75 * time.Second

// DatabaseAway takes the database away from the active node's oned, which the
// generated monitors do not ask about, and gives it back. Pacemaker is to do
// nothing, for oned recovers by itself: it returns an error when oned was
// restarted or something failed.
func DatabaseAway(ctx context.Context, w *Watch, log func(string, ...any)) (r Recovery, err error) {
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
	r = Recovery{Fault: "database away, monitors as generated", Node: "same node"}
	before, err := mainPID(ctx, victim)
	if err != nil {
		return r, err
	}
	start := time.Now()
	if _, err := victim.Exec(ctx, "sh", "-euc", switchDatabase(fakeoned.Away)); err != nil {
		return r, err
	}
	log("the database of %s is away for %s", victim.Name, awayFor)
	select {
	case <-time.After(awayFor):
	case <-ctx.Done():
		err = ctx.Err()
	}
	back := time.Now()
	_, undo := victim.Exec(context.WithoutCancel(ctx), "sh", "-euc", switchDatabase(fakeoned.Up))
	if err := errors.Join(err, undo); err != nil {
		return r, err
	}
	if answers := w.Oned.Answers(start.Add(2 * time.Second)); len(answers) > 0 && answers[0].Before(back) {
		return r, errors.New("oned answered while its database was away, so nothing was tried")
	}
	answer, err := w.Oned.WaitAnswer(ctx, back)
	if err != nil {
		return r, err
	}
	r.Answers = answer.Sub(start)
	log("%5.1f s  oned answers again, %.1f s after its database came back", r.Answers.Seconds(), answer.Sub(back).Seconds())
	status, err := c.Status(ctx)
	if err != nil {
		return r, err
	}
	after, err := mainPID(ctx, victim)
	switch {
	case err != nil:
		return r, err
	case before != after:
		return r, fmt.Errorf("oned was restarted: process %s became %s", before, after)
	case len(status.Failures) > 0:
		return r, fmt.Errorf("failures are shown: %s", strings.Join(status.Failures, "; "))
	}
	r.Found = "nothing; oned recovers by itself"
	return r, w.Audit(ctx)
}

// mainPID is the process number of the node's oned, as systemd knows it.
func mainPID(ctx context.Context, n *lab.Node) (string, error) {
	r, err := n.Exec(ctx, "systemctl", "show", "--value", "-p", "MainPID", onedUnit)
	pid := strings.TrimSpace(r.Stdout)
	if err == nil && (pid == "" || pid == "0") {
		err = fmt.Errorf("oned does not run on %s", n.Name)
	}
	return pid, err
}

// DeepMonitor is the fault of DatabaseAway in a cluster whose administrator has
// added a monitor at depth 20 (AddDeepMonitor): the other node takes over.
var DeepMonitor = Fault{
	Name: "database away, with a monitor at depth 20", Moves: true, Found: "oned_monitor_31000",
	Cause: switchDatabase(fakeoned.Away), Undo: switchDatabase(fakeoned.Up),
}

// AddDeepMonitor adds a monitor of oned at depth 20 to the configuration, every
// 31 s: two monitors of a resource must not share an interval.
func AddDeepMonitor(ctx context.Context, c *lab.Cluster) error {
	const op = `<op id="oned-monitor-31s" name="monitor" interval="31s" timeout="30s">` +
		`<instance_attributes id="oned-monitor-31s-attributes"><nvpair id="oned-monitor-31s-depth" name="OCF_CHECK_LEVEL" value="20"/></instance_attributes></op>`
	_, err := c.Nodes[0].Exec(ctx, "cibadmin", "--modify", "--allow-create", "--scope", "resources",
		"--xml-text", `<primitive id="oned"><operations>`+op+`</operations></primitive>`)
	return err
}
