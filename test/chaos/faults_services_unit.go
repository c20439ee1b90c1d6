package chaos

import (
	"context"
	"fmt"
	"time"

	"github.com/oneha/oneha/test/fakeoned"
	"github.com/oneha/oneha/test/lab"
)

// dropIn changes the unit of oned on a node. It is gone with the next boot.
const dropIn = "/run/systemd/system/" + onedUnit + ".d/chaos.conf"

// changeUnit changes the unit of oned on a node until the fault is over.
func (r *Round) changeUnit(ctx context.Context, n *lab.Node, lines string) error {
	r.undoOn(n, "rm -f "+dropIn+"; systemctl daemon-reload")
	return r.sh(ctx, n, fmt.Sprintf("f=%s; mkdir -p ${f%%/*}; printf '%s' >$f; systemctl daemon-reload", dropIn, lines))
}

// slowOned are lines of a unit whose oned takes its time.
func slowOned(option string, d time.Duration) string {
	return fmt.Sprintf(`[Service]\nExecStart=\nExecStart=%s -role oned -%s %.1fs\n`, fakeoned.Oned, option, d.Seconds())
}

// startSlowly has the active node hang while oned takes far longer to start elsewhere
// than it usually does, but not as long as it may.
func startSlowly(ctx context.Context, r *Round) (Want, error) {
	takes := r.between(10*time.Second, 30*time.Second)
	for _, n := range r.others() {
		if err := r.changeUnit(ctx, n, slowOned("start-time", takes)); err != nil {
			return Want{}, err
		}
	}
	return r.hangAndMove(ctx)
}

// hangAndMove makes the active node hang, and waits until another has taken over.
func (r *Round) hangAndMove(ctx context.Context) (Want, error) {
	if err := r.hang(ctx); err != nil {
		return Want{}, err
	}
	to, err := r.moved(ctx)
	return Want{Fenced: []string{r.Active.Name}, Active: to}, err
}

// ignoreTerm has oned restarted while it closes its ports at SIGTERM and stays, as one
// that has lost its database was seen to. systemd kills it then.
func ignoreTerm(ctx context.Context, r *Round) (Want, error) {
	want := Want{Active: r.Active.Name, Failures: []string{"oned_"}}
	file := fakeoned.ModeDir + "/" + fakeoned.IgnoreTerm("oned")
	r.undoOn(r.Active, "rm -f "+file)
	// The usual minute and a half would prove no more.
	limit := r.between(5*time.Second, 20*time.Second)
	if err := r.changeUnit(ctx, r.Active, fmt.Sprintf(`[Service]\nTimeoutStopSec=%d\n`, int(limit.Seconds()))); err != nil {
		return want, err
	}
	before, err := process(ctx, r.Active, onedUnit)
	if err != nil {
		return want, err
	}
	if err := r.sh(ctx, r.Active, "touch "+file+"; "+r.fail("oned")); err != nil {
		return want, err
	}
	return want, r.replaced(ctx, onedUnit, before)
}

// fail is a command that has Pacemaker believe that a resource of the active node failed.
func (r *Round) fail(resource string) string {
	return fmt.Sprintf("crm_resource --fail --resource %s --node %s", resource, r.Active.Name)
}

// replaced waits until a unit of the active node runs as another process than before.
func (r *Round) replaced(ctx context.Context, unit, before string) error {
	return r.wait(ctx, unit+" to be started again", func(ctx context.Context) bool {
		now, err := process(ctx, r.Active, unit)
		return err == nil && now != before
	})
}

// refuseStop has oned restarted while systemd refuses to stop it: the agent cannot prove
// that it is stopped, so the node is fenced.
func refuseStop(ctx context.Context, r *Round) (Want, error) {
	if err := r.changeUnit(ctx, r.Active, `[Unit]\nRefuseManualStop=yes\n`); err != nil {
		return Want{}, err
	}
	if err := r.sh(ctx, r.Active, r.fail("oned")); err != nil {
		return Want{}, err
	}
	return r.stopFails(ctx, "oned")
}

// stopFails waits until the active node was fenced because a resource on it could not be
// stopped, and another has taken over.
func (r *Round) stopFails(ctx context.Context, resource string) (Want, error) {
	if err := r.waitFenced(ctx, r.Active); err != nil {
		return Want{}, err
	}
	to, err := r.moved(ctx)
	return Want{Fenced: []string{r.Active.Name}, Active: to, Failures: []string{resource + "_"}}, err
}
