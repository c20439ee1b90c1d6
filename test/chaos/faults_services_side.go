package chaos

import (
	"context"
	"fmt"
)

// sideFails does something to a service beside oned, which recovers on the same node
// while oned runs on (decision 5).
func (r *Round) sideFails(ctx context.Context, name string) (Want, error) {
	same, err := r.undisturbed(ctx)
	if err != nil {
		return Want{}, err
	}
	service := r.side()
	want := Want{Active: r.Active.Name, Failures: []string{service.Name + "_"}}
	before, err := process(ctx, r.Active, service.Unit)
	if err != nil {
		return want, err
	}
	r.Log("%s to %s", name, service.Name)
	if err := r.sh(ctx, r.Active, signal(name, service.Unit)); err != nil {
		return want, err
	}
	// Of its monitors, any: two that are due at once find one that died both.
	if err := r.found(ctx, service.Name+"_monitor_"); err != nil {
		return want, err
	}
	if err := r.replaced(ctx, service.Unit, before); err != nil {
		return want, err
	}
	return want, same(ctx)
}

func sideKilled(ctx context.Context, r *Round) (Want, error) { return r.sideFails(ctx, "KILL") }

func sideHangs(ctx context.Context, r *Round) (Want, error) { return r.sideFails(ctx, "STOP") }

// sideRests has a side service fail for the third time, in Pacemaker's count: it rests
// until its failures are cleaned up or expire, and oned does not notice.
func sideRests(ctx context.Context, r *Round) (Want, error) {
	same, err := r.undisturbed(ctx)
	if err != nil {
		return Want{}, err
	}
	service := r.side()
	want := Want{Active: r.Active.Name, Failures: []string{service.Name + "_"}}
	r.Log("%s is to rest", service.Name)
	r.undoOn(r.Active, "crm_resource --cleanup --resource "+service.Name)
	count := fmt.Sprintf("attrd_updater --name 'fail-count-%s#monitor_30000' --update 2", service.Name)
	if err := r.sh(ctx, r.Active, count+"; "+signal("KILL", service.Unit)); err != nil {
		return want, err
	}
	err = r.wait(ctx, service.Name+" to rest", func(ctx context.Context) bool {
		status, err := r.Cluster.Status(ctx)
		return err == nil && status.On(service.Name) == "" && len(status.Failures) > 0
	})
	if err != nil {
		return want, err
	}
	return want, same(ctx)
}
