package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// clockFaults step the wall clock of corosync, of Pacemaker and of the scripts that they
// start, on some of the nodes. oneha's own agents have the right time all the while, since
// no Go program can be given another (see lab.Machine.OwnClock).
var clockFaults = []Fault{
	{Name: "cluster daemons' clock on the active node stepped ahead", Fields: anyField, Do: clockSteps(clockStep)},
	{Name: "cluster daemons' clock on the active node stepped back", Fields: anyField, Do: clockSteps(-clockStep)},
	{Name: "oned killed, its node's daemons' clock an hour ahead", Fields: anyField, Do: clockOnedKilled(clockStep)},
	{Name: "oned killed, its node's daemons' clock 5 minutes back", Fields: anyField, Do: clockOnedKilled(slightBack)},
	{Name: "active node hangs, its daemons' clock an hour off", Fields: anyField, Do: clockHang},
	{Name: "active node hangs, the others' daemons' clock an hour off", Fields: anyField, Do: clockHangElsewhere},
}

// clockStep is more than any time that the configuration names, and slightBack less than the
// one that the DC compares with times that another node wrote (failure-timeout, 10 minutes).
const (
	clockStep  = time.Hour
	slightBack = -5 * time.Minute
)

// clockSteps steps the clock of the active node, and later steps it back. Nobody may notice.
func clockSteps(off time.Duration) func(context.Context, *Round) (Want, error) {
	return func(ctx context.Context, r *Round) (Want, error) {
		want := Want{Active: r.Active.Name}
		undisturbed, err := r.undisturbed(ctx)
		if err != nil {
			return want, err
		}
		if err := r.ownClocks(ctx, r.Active); err != nil {
			return want, err
		}
		for _, off := range []time.Duration{off, 0} {
			if err := r.stepClock(ctx, r.Active, off); err != nil {
				return want, err
			}
			// Longer than two monitors of anything.
			if err := lasts(ctx, r.between(32*time.Second, 40*time.Second)); err != nil {
				return want, err
			}
		}
		return want, undisturbed(ctx)
	}
}

// clockOnedKilled has oned die on a node whose clock is off: it is found and started again
// there, as without. Where the clock was put back that takes what an administrator has to do
// then (see refreshed).
func clockOnedKilled(off time.Duration) func(context.Context, *Round) (Want, error) {
	return func(ctx context.Context, r *Round) (Want, error) {
		want := Want{Active: r.Active.Name, Failures: []string{"oned_"}}
		if err := r.ownClocks(ctx, r.Active); err != nil {
			return want, err
		}
		if err := r.stepClock(ctx, r.Active, off); err != nil {
			return want, err
		}
		if off < 0 {
			if err := r.refreshed(ctx, r.Active); err != nil {
				return want, err
			}
		}
		before, err := process(ctx, r.Active, onedUnit)
		if err != nil {
			return want, err
		}
		if err := r.sh(ctx, r.Active, signal("KILL", onedUnit)); err != nil {
			return want, err
		}
		if err := r.replaced(ctx, onedUnit, before); err != nil {
			return want, err
		}
		_, err = r.Oned.WaitAnswer(ctx, time.Now())
		return want, err
	}
}

// refreshed has Pacemaker look anew at all that runs on a node. It orders what it knows of a
// monitor, the first success and the last failure, by when the node says that they were: after
// a step back a failure is the older one, and is not recovered from, until the clock is again
// where it was.
func (r *Round) refreshed(ctx context.Context, n *lab.Node) error {
	if err := r.sh(ctx, n, "crm_resource --refresh --node "+n.Name); err != nil {
		return err
	}
	return r.Cluster.WaitSettled(ctx)
}

// clockHang has a node hang whose clock is off.
func clockHang(ctx context.Context, r *Round) (Want, error) {
	if err := r.ownClocks(ctx, r.Active); err != nil {
		return Want{}, err
	}
	if err := r.stepClock(ctx, r.Active, r.anHour()); err != nil {
		return Want{}, err
	}
	return r.hangAndMove(ctx)
}

// clockHangElsewhere has the clocks off by which the fencing is decided, done and noted. The
// note would have the time of an hour from now, or before: it is looked at here, and removed.
func clockHangElsewhere(ctx context.Context, r *Round) (Want, error) {
	if err := r.ownClocks(ctx, r.others()...); err != nil {
		return Want{}, err
	}
	off := r.anHour()
	for _, n := range r.others() {
		if err := r.stepClock(ctx, n, off); err != nil {
			return Want{}, err
		}
	}
	want, err := r.hangAndMove(ctx)
	want.Unnoted = true
	if err != nil {
		return want, err
	}
	if err := r.Cluster.WaitSettled(ctx); err != nil {
		return want, err
	}
	fencings, err := r.Cluster.Fencings(ctx)
	if err != nil {
		return want, err
	}
	told := 0
	for _, f := range fencings {
		if d := f.Completed.Add(-off).Sub(r.Start); f.Target == r.Active.Name && f.Status == "success" && -2*time.Second < d && d < doLimit {
			told++
		}
	}
	if told != 1 {
		return want, fmt.Errorf("%d fencings of %s noted by the clock that is %v off, want one: %+v", told, r.Active.Name, off, fencings)
	}
	return want, r.sh(ctx, r.Passive, "stonith_admin --cleanup --history '*'")
}

// anHour is one ahead or back, by chance.
func (r *Round) anHour() time.Duration {
	off := clockStep
	if r.Rand.IntN(2) == 0 {
		off = -off
	}
	r.noted("cluster daemons' clocks stepped by %v", off)
	return off
}

// stepClock steps the clock of a node on which it can be, and sees that Pacemaker has it.
func (r *Round) stepClock(ctx context.Context, n *lab.Node, off time.Duration) error {
	if err := n.StepClock(ctx, off); err != nil {
		return err
	}
	logged, err := n.LoggedOff(ctx)
	if err == nil && (logged-off).Abs() > time.Minute {
		err = fmt.Errorf("the clock of %s was stepped by %v, and Pacemaker's is %v ahead", n.Name, off, logged)
	}
	return err
}

// ownClocks has the cluster software on some nodes run by clocks that can be stepped, until
// the fault is over.
func (r *Round) ownClocks(ctx context.Context, nodes ...*lab.Node) error {
	r.Undo(func(ctx context.Context) error {
		if err := r.Cluster.WaitSettled(ctx); err != nil { // a node that was fenced is back, with the host's clock
			return err
		}
		fenced := fencedSince(r.Cluster, r.Start)
		still := slices.DeleteFunc(slices.Clone(nodes), func(n *lab.Node) bool { return slices.Contains(fenced, n.Name) })
		if len(still) == 0 {
			return nil
		}
		return r.restack(ctx, still, (*lab.Machine).HostClock)
	})
	return r.restack(ctx, nodes, (*lab.Machine).OwnClock)
}

// clusterUnits are what runs by the clock.
var clusterUnits = []string{"corosync.service", "pacemaker.service"}

// restack restarts the cluster software on some nodes after a change of theirs, under what it
// manages: maintenance mode has everything go on where it is, and be found there.
func (r *Round) restack(ctx context.Context, nodes []*lab.Node, change func(*lab.Machine, context.Context, ...string) error) error {
	on := r.Cluster.Nodes[0]
	for _, script := range []string{"crm_attribute --name maintenance-mode --update true", "crm_resource --wait"} {
		if err := r.sh(ctx, on, script); err != nil {
			return err
		}
	}
	for _, n := range nodes {
		if err := change(n.Machine, ctx, clusterUnits...); err != nil {
			return err
		}
	}
	for _, script := range stopAndStart {
		if err := r.everywhere(ctx, nodes, script); err != nil {
			return err
		}
	}
	if err := r.wait(ctx, "Pacemaker to find again what runs", r.rediscovered); err != nil {
		return err
	}
	if err := r.sh(ctx, on, "crm_attribute --name maintenance-mode --delete"); err != nil {
		return err
	}
	return r.Cluster.WaitSettled(ctx)
}

// rediscovered reports whether Pacemaker, which may not start anything, knows of all that runs.
// Fence devices do not run then.
func (r *Round) rediscovered(ctx context.Context) bool {
	s, err := r.Cluster.Status(ctx)
	if err != nil || s.DC == "" || len(s.Nodes) != len(r.Cluster.Nodes) {
		return false
	}
	for _, n := range s.Nodes {
		if !n.Online || n.Pending || n.Unclean {
			return false
		}
	}
	for _, found := range s.Resources {
		if strings.HasPrefix(found.Agent, "ocf:") && (!found.Active || found.Pending != "") {
			return false
		}
	}
	return true
}
