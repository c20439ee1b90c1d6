package chaos

import (
	"context"
	"fmt"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// orderFaults are what administrators do: nobody may be fenced for them.
var orderFaults = []Fault{
	{Name: "rolling restart, passive nodes first", Fields: anyField, Do: rollingRestart},
	{Name: "active node is powered off in order", Fields: anyField, Do: powerOff},
	{Name: "active node in standby, and back", Fields: anyField, Do: standby},
	{Name: "active node in standby while the passive one hangs", Fields: pairs, Do: standbyWithoutPeer},
	{Name: "oned killed in maintenance mode", Fields: anyField, Do: maintenance},
}

// target has systemd work towards a target, as systemctl reboot and poweroff do, without
// asking logind, which the lab does not run.
func (r *Round) target(ctx context.Context, n *lab.Node, name string) error {
	_, err := n.Exec(ctx, "systemctl", "start", name, "--job-mode=replace-irreversibly", "--no-block")
	return err
}

// rollingRestart reboots one node after another, the active one last, each when the one
// before is back.
func rollingRestart(ctx context.Context, r *Round) (Want, error) {
	order, want := []*lab.Node{}, Want{Active: r.without(r.Active)}
	for _, n := range r.Cluster.Nodes {
		want.Ended = append(want.Ended, n.Name)
		if n != r.Active {
			order = append(order, n)
		}
	}
	for _, n := range append(order, r.Active) {
		begin := time.Now()
		if err := r.target(ctx, n, "reboot.target"); err != nil {
			return want, err
		}
		if err := r.happened(ctx, n, lab.Rebooted, begin); err != nil {
			return want, err
		}
		if err := r.Cluster.WaitSettled(ctx); err != nil {
			return want, err
		}
	}
	return want, nil
}

// powerOff has the active node end in order. The power comes back when the others have
// taken over.
func powerOff(ctx context.Context, r *Round) (Want, error) {
	r.Undo(func(context.Context) error { return r.Active.PowerOn() })
	if err := r.target(ctx, r.Active, "poweroff.target"); err != nil {
		return Want{}, err
	}
	if err := r.happened(ctx, r.Active, lab.PoweredOff, r.Start); err != nil {
		return Want{}, err
	}
	to, err := r.moved(ctx)
	return Want{Ended: []string{r.Active.Name}, Active: to}, err
}

// standby has the active node give everything away, and take part again.
func standby(ctx context.Context, r *Round) (Want, error) {
	if err := r.standby(ctx); err != nil {
		return Want{}, err
	}
	to, err := r.moved(ctx)
	return Want{Active: to}, err
}

// standbyWithoutPeer has the active node give everything away when nobody is there to
// take it: it does when the other is back.
func standbyWithoutPeer(ctx context.Context, r *Round) (Want, error) {
	if err := r.Passive.Freeze(); err != nil {
		return Want{}, err
	}
	if err := r.standby(ctx); err != nil {
		return Want{}, err
	}
	if err := r.waitFenced(ctx, r.Passive); err != nil {
		return Want{}, err
	}
	to, err := r.moved(ctx)
	return Want{Fenced: []string{r.Passive.Name}, Active: to}, err
}

// standby puts the active node into standby for the time of the fault.
func (r *Round) standby(ctx context.Context) error {
	r.Undo(func(ctx context.Context) error {
		return r.sh(ctx, r.Active, "crm_standby --node "+r.Active.Name+" --delete")
	})
	return r.sh(ctx, r.Active, "crm_standby --node "+r.Active.Name+" --update on")
}

// maintenance has oned die while Pacemaker is told to keep its hands off: it finds it
// when it may look again.
func maintenance(ctx context.Context, r *Round) (Want, error) {
	want := Want{Active: r.Active.Name, Failures: []string{"oned_"}}
	r.Undo(func(ctx context.Context) error {
		return r.sh(ctx, r.Active, "crm_attribute --name maintenance-mode --delete")
	})
	if err := r.sh(ctx, r.Active, "crm_attribute --name maintenance-mode --update true"); err != nil {
		return want, err
	}
	err := r.wait(ctx, "Pacemaker to manage nothing", func(ctx context.Context) bool {
		s, err := r.Active.Status(ctx)
		for _, resource := range s.Resources {
			if resource.ID == "oned" && (resource.Managed || resource.Pending != "") {
				return false
			}
		}
		return err == nil
	})
	if err != nil {
		return want, err
	}
	if err := r.sh(ctx, r.Active, signal("KILL", onedUnit)); err != nil {
		return want, err
	}
	// Longer than the interval of its monitor.
	if err := lasts(ctx, 20*time.Second); err != nil {
		return want, err
	}
	if state, _ := r.Active.Exec(ctx, "systemctl", "is-active", onedUnit); state.Code == 0 {
		return want, fmt.Errorf("oned was started again in maintenance mode")
	}
	return want, nil
}

// happened waits until something has happened to a node since t.
func (r *Round) happened(ctx context.Context, n *lab.Node, kind lab.Kind, t time.Time) error {
	return r.wait(ctx, fmt.Sprintf("%s to be %s", n.Name, kind), func(context.Context) bool {
		for _, e := range r.Cluster.Events(t) {
			if e.Node == n.Name && e.Kind == kind {
				return true
			}
		}
		return false
	})
}
