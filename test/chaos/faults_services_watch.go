package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/test/lab"
)

// anyField are the fields of real nodes, each configured by what oneha generates.
var anyField = []string{"two-node", "two-links", "three-node"}

// twoNodes are those with two nodes, for faults where a third one leaves it to chance who
// tries what, and how often.
var twoNodes = []string{"two-node", "two-links"}

// anyAction is for faults that may have any action fail.
var anyAction = []string{""}

// onedUnit is the unit of oned.
const onedUnit = "opennebula.service"

// found waits until Pacemaker shows a failed action whose name begins with op, such as
// oned_monitor_, which are all of its monitors.
func (r *Round) found(ctx context.Context, op string) error {
	return r.wait(ctx, "Pacemaker to show that "+op+" failed", func(ctx context.Context) bool {
		status, err := r.Cluster.Status(ctx)
		return err == nil && slices.ContainsFunc(status.Failures, func(f string) bool { return strings.HasPrefix(f, op) })
	})
}

// foundAnswers waits until Pacemaker shows the failed action, and then until oned answers:
// until then the fault has not been dealt with.
func (r *Round) foundAnswers(ctx context.Context, op string) error {
	if err := r.found(ctx, op); err != nil {
		return err
	}
	_, err := r.Oned.WaitAnswer(ctx, time.Now())
	return err
}

// moved waits until another node than the active one has the floating IP and oned answers
// there. With two nodes it is the passive one, with three Pacemaker chooses.
func (r *Round) moved(ctx context.Context) (string, error) {
	to := ""
	err := r.wait(ctx, "the floating IP to leave "+r.Active.Name, func(context.Context) bool {
		holder, err := r.Cluster.Active() // fails while nobody or more than one has it
		if err != nil || holder == r.Active {
			return false
		}
		to = holder.Name
		return true
	})
	if err != nil {
		return "", err
	}
	_, err = r.Oned.WaitAnswer(ctx, time.Now())
	return to, err
}

// lasts lets time pass.
func lasts(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// between is a duration by chance.
func (r *Round) between(least, most time.Duration) time.Duration {
	return least + time.Duration(r.Rand.Int64N(int64(most-least)))
}

// undoOn has a script run on a node when the fault is over. A node that was fenced
// meanwhile boots first. The script may run more than once.
func (r *Round) undoOn(n *lab.Node, script string) {
	r.Undo(func(ctx context.Context) error {
		var last error
		err := r.wait(ctx, n.Name+" to undo the fault", func(ctx context.Context) bool {
			last = r.sh(ctx, n, script)
			return last == nil
		})
		if err != nil {
			err = errors.Join(err, last)
		}
		return err
	})
}

// process is the process number of a unit, as systemd on the node knows it.
func process(ctx context.Context, n *lab.Node, unit string) (string, error) {
	r, err := n.Exec(ctx, "systemctl", "show", "--value", "-p", "MainPID", unit)
	pid := strings.TrimSpace(r.Stdout)
	if err == nil && (pid == "" || pid == "0") {
		err = fmt.Errorf("%s does not run on %s", unit, n.Name)
	}
	return pid, err
}

// undisturbed returns what looks whether oned is the process on the active node that it
// is now: neither restarted nor moved.
func (r *Round) undisturbed(ctx context.Context) (func(context.Context) error, error) {
	before, err := process(ctx, r.Active, onedUnit)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		after, err := process(ctx, r.Active, onedUnit)
		if err == nil && after != before {
			err = fmt.Errorf("oned was restarted: process %s became %s", before, after)
		}
		return err
	}, nil
}

// others are the nodes that may take over.
func (r *Round) others() []*lab.Node {
	return slices.DeleteFunc(slices.Clone(r.Cluster.Nodes), func(n *lab.Node) bool { return n == r.Active })
}

// side is one of the services beside oned, by chance.
func (r *Round) side() one.Service {
	names := slices.DeleteFunc(slices.Clone(r.Cluster.Spec.Services), func(s string) bool { return s == "oned" })
	service, _ := one.ServiceNamed(names[r.Rand.IntN(len(names))]) // the description was checked
	return service
}

// signal is a command that sends a signal to the main process of a unit. (The option of
// systemctl kill has another name before systemd 252.)
func signal(name, unit string) string {
	return fmt.Sprintf("kill -s %s $(systemctl show --value -p MainPID %s)", name, unit)
}

// hang makes the active node hang, and waits until it was fenced.
func (r *Round) hang(ctx context.Context) error {
	if err := r.Active.Freeze(); err != nil {
		return err
	}
	return r.waitFenced(ctx, r.Active)
}
