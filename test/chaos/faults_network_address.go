package chaos

import (
	"context"
	"fmt"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// addressFaults are of the floating IP, done behind Pacemaker's back.
var addressFaults = []Fault{
	{Name: "floating IP deleted by hand", Fields: anyField, Do: deleteAddress},
	{Name: "floating IP taken by a stranger", Fields: anyField, Do: takeAddress},
	{Name: "active node hangs while a stranger has the floating IP", Fields: anyField, Do: takeAddressAndHang},
	{Name: "floating IP added by hand on the passive node", Fields: anyField, Do: addAddress},
}

// deleteAddress removes the address: its monitor finds that within 10 s.
func deleteAddress(ctx context.Context, r *Round) (Want, error) {
	script := fmt.Sprintf("ip address del %s dev %s", r.Cluster.Spec.VIP.Address, r.nic())
	if err := r.sh(ctx, r.Active, script); err != nil {
		return Want{}, err
	}
	return Want{Active: r.Active.Name, Failures: []string{"vip_"}}, r.foundAnswers(ctx, "vip_monitor")
}

// takeAddress has another machine on the LAN answer for the floating IP. Nothing that a
// cluster can do would help, and a failover least of all: everything has to stay as it is,
// and to work as soon as the stranger is gone.
func takeAddress(ctx context.Context, r *Round) (Want, error) {
	look, err := r.undisturbed(ctx)
	if err != nil {
		return Want{}, err
	}
	want := Want{Active: r.Active.Name, Stranger: true}
	if err := r.stranger(); err != nil {
		return want, err
	}
	if err := lasts(ctx, 25*time.Second); err != nil { // two monitors
		return want, err
	}
	return want, look(ctx)
}

// takeAddressAndHang has a failover happen meanwhile: it must not stop at the stranger.
func takeAddressAndHang(ctx context.Context, r *Round) (Want, error) {
	want := Want{Fenced: []string{r.Active.Name}, Stranger: true}
	if err := r.stranger(); err != nil {
		return want, err
	}
	if err := r.hang(ctx); err != nil {
		return want, err
	}
	var to *lab.Node
	err := r.wait(ctx, "another node to have the floating IP", func(context.Context) bool {
		holder, err := r.Cluster.Active()
		to = holder
		return err == nil && holder != r.Active
	})
	if err != nil {
		return want, err
	}
	want.Active = to.Name
	return want, nil
}

// stranger is there for the time of the fault.
func (r *Round) stranger() error {
	r.Undo(func(context.Context) error { return r.Cluster.SetSquatter(false) })
	return r.Cluster.SetSquatter(true)
}

// addAddress has an administrator add the address on the passive node, who then sees that
// nothing got better and asks Pacemaker to look. Pacemaker looks for a resource where it
// did not start it only when it is asked to; then it stops it everywhere and starts it
// once.
func addAddress(ctx context.Context, r *Round) (Want, error) {
	want := Want{Doubled: []string{r.Passive.Name}, Failures: []string{"vip_"}}
	script := fmt.Sprintf("ip address add %s dev %s", r.Cluster.Spec.VIP.Address, r.nic())
	if err := r.sh(ctx, r.Passive, script); err != nil {
		return want, err
	}
	if err := lasts(ctx, r.between(time.Second, 12*time.Second)); err != nil {
		return want, err
	}
	if err := r.sh(ctx, r.Passive, "crm_resource --refresh --resource vip"); err != nil {
		return want, err
	}
	err := r.wait(ctx, "one node to have the floating IP", func(context.Context) bool {
		_, err := r.Cluster.Active()
		return err == nil
	})
	return want, err
}
