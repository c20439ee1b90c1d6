package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// daemonFaults kill parts of the cluster software.
var daemonFaults = []Fault{
	// Without corosync a node is no member, and its Pacemaker ends: what it runs is lost
	// to the others until it is fenced.
	{Name: "corosync killed on the active node", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.loseDaemon(ctx, r.Active, "corosync")
	}},
	{Name: "corosync killed on the passive node", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.loseDaemon(ctx, r.Passive, "corosync")
	}},
	// pacemakerd starts it again at once. Whether the others see a member that answers nothing
	// before that, and fence it, is a race, and either way is right.
	{Name: "pacemaker-controld killed on the active node", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.loseController(ctx, r.Active)
	}},
	{Name: "pacemaker-controld killed on the passive node", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.loseController(ctx, r.Passive)
	}},
	// pacemakerd only starts the others: systemd starts it again, and it finds them alive.
	{Name: "pacemakerd killed on the active node", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.respawn(ctx, r.Active, "pacemakerd")
	}},
}

// loseDaemon kills a process without which the others take the node for lost.
func (r *Round) loseDaemon(ctx context.Context, n *lab.Node, program string) (Want, error) {
	if err := r.killAll(ctx, n, program); err != nil {
		return Want{}, err
	}
	return Want{Fenced: []string{n.Name}, Active: r.without(n)}, r.waitFenced(ctx, n)
}

// missed is longer than corosync takes to miss a node (token and consensus, 11 s where they
// are longest).
const missed = 15 * time.Second

// loseController kills the controller, and waits until the cluster has come to terms with
// it. When it is fenced for that, corosync has not missed it yet: a server takes minutes to
// boot, but a container would be a member again before its fencing is told, and be fenced
// once more. So it is kept off until it was missed.
func (r *Round) loseController(ctx context.Context, n *lab.Node) (Want, error) {
	want, err := r.respawn(ctx, n, "pacemaker-controld")
	if err != nil {
		return want, err
	}
	fenced := func() bool { return slices.Contains(fencedSince(r.Cluster, r.Start), n.Name) }
	err = r.wait(ctx, "the cluster to settle, or "+n.Name+" to be fenced", func(ctx context.Context) bool {
		return fenced() || within(ctx, time.Second, r.Cluster.WaitSettled) == nil
	})
	if err != nil || !fenced() {
		return want, err
	}
	want.Fenced, want.Active = []string{n.Name}, r.without(n)
	r.Undo(func(context.Context) error { return n.PowerOn() })
	// The agent looks whether the power is on, and is done.
	return want, errors.Join(lasts(ctx, time.Second), n.PowerOff(), lasts(ctx, missed))
}

// respawn kills a process that is started again, and waits until it is, or until the node
// was fenced: then it may even have the number of before.
func (r *Round) respawn(ctx context.Context, n *lab.Node, program string) (Want, error) {
	want := Want{Active: r.Active.Name}
	before, err := pids(ctx, n, program)
	if err != nil {
		return want, err
	}
	if err := r.killAll(ctx, n, program); err != nil {
		return want, err
	}
	return want, r.wait(ctx, fmt.Sprintf("another %s on %s", program, n.Name), func(ctx context.Context) bool {
		if slices.Contains(fencedSince(r.Cluster, r.Start), n.Name) {
			return true
		}
		now, err := pids(ctx, n, program)
		return err == nil && now != "" && now != before
	})
}

// killAll kills the processes of a program.
func (r *Round) killAll(ctx context.Context, n *lab.Node, program string) error {
	return r.sh(ctx, n, "kill -KILL $(pidof "+program+")")
}

// pids are the processes of a program, as pidof(8) writes them; "" for none.
func pids(ctx context.Context, n *lab.Node, program string) (string, error) {
	out, err := n.Exec(ctx, "sh", "-c", "pidof "+program+" || true")
	return out.Stdout, err
}

// byBMC reports whether the node's BMC did it, which nobody asks but Pacemaker.
func byBMC(e lab.Event) bool { return strings.HasPrefix(e.By, "bmc: ") }
