package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// fencingFaults are of BMCs and of the agents that talk to them. In all of them a node
// hangs, and nobody may take over from it before its fencing is confirmed.
var fencingFaults = slices.Concat(silentFaults, slowFaults, lyingFaults, agentEndFaults)

// fenceDevices are the actions of the devices that the generator writes.
var fenceDevices = []string{"fence-"}

// hold has the active node hang when its fencing cannot succeed, waits until that has
// shown, sees that everybody has waited, mends what stood in the way, and waits until the
// node is fenced and another one has taken over.
func (r *Round) hold(ctx context.Context, shown, mend func(context.Context) error) (Want, error) {
	want := Want{Fenced: []string{r.Active.Name}, Active: r.without(r.Active), Failures: fenceDevices, Unfenced: true}
	if err := r.Active.Freeze(); err != nil {
		return want, err
	}
	if err := shown(ctx); err != nil {
		return want, err
	}
	if fenced := fencedSince(r.Cluster, r.Start); len(fenced) > 0 && slices.Contains(fenced, r.Passive.Name) {
		return want, fmt.Errorf("%v was fenced, and %s hangs", fenced, r.Active.Name)
	}
	mended := time.Now()
	if err := mend(ctx); err != nil {
		return want, err
	}
	return want, r.takenOver(ctx, mended)
}

// takenOver waits until the active node, which hangs, is fenced and another one has the
// floating IP. It is an error when one had it before the fencing was confirmed, which
// cannot have been before the time that is given, or before the power was off.
func (r *Round) takenOver(ctx context.Context, confirmed time.Time) error {
	if err := r.waitFenced(ctx, r.Active); err != nil {
		return err
	}
	for _, e := range r.Cluster.Events(r.Start) {
		if e.Node == r.Active.Name && e.Kind == lab.PoweredOff && e.Time.After(confirmed) {
			confirmed = e.Time
		}
	}
	if _, err := r.moved(ctx); err != nil {
		return err
	}
	for _, n := range r.others() {
		// An address that another node had even for a moment was heard by the sampler.
		heard, cancel := context.WithTimeout(ctx, time.Second)
		at, err := r.VIP.WaitFor(heard, n.MAC(), r.Start)
		cancel()
		switch {
		case err != nil && !errors.Is(err, context.DeadlineExceeded):
			return err
		case err == nil && at.Before(confirmed):
			return fmt.Errorf("%s answered for the floating IP %.2f s before the fencing of %s could be confirmed", n.Name, confirmed.Sub(at).Seconds(), r.Active.Name)
		}
	}
	return ctx.Err()
}

// fencingFails waits until Pacemaker knows of a fencing of the active node that failed
// since the round began.
func (r *Round) fencingFails(ctx context.Context) error {
	return r.wait(ctx, "a fencing of "+r.Active.Name+" to fail", func(ctx context.Context) bool {
		fencings, err := r.Cluster.Fencings(ctx)
		return err == nil && slices.ContainsFunc(fencings, func(f lab.Fencing) bool {
			return f.Target == r.Active.Name && f.Status == "failed" && f.Completed.After(r.Start) // whole seconds: not before it
		})
	})
}

// chassis puts something between the BMC of a node and its power, for the time of the
// fault.
func (r *Round) chassis(n *lab.Node, c lab.Chassis) error {
	r.Undo(func(context.Context) error { return n.SetChassis(nil) })
	return n.SetChassis(c)
}
