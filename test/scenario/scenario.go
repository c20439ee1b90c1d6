// Package scenario breaks a running cluster in one way, waits until it has
// healed itself, and says what happened and how long each step took. The demo
// shows what the end-to-end tests prove, by the same code.
package scenario

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// Time limits of the steps, generous: they end a broken run, they measure
// nothing.
const (
	settleLimit  = 3 * time.Minute
	recoverLimit = 90 * time.Second
)

// Watch observes a cluster from the switch, where clients are: who answers for
// the floating IP, and whether oned answers on it.
type Watch struct {
	Cluster *lab.Cluster
	VIP     *lab.Sampler
	Oned    *lab.Poller
}

// NewWatch starts observing. The caller must Stop it.
func NewWatch(c *lab.Cluster) (*Watch, error) {
	vip, err := c.SampleVIP()
	if err != nil {
		return nil, err
	}
	return &Watch{Cluster: c, VIP: vip, Oned: c.PollOned()}, nil
}

// Stop ends the observation.
func (w *Watch) Stop() {
	w.Oned.Stop()
	_, _ = w.VIP.Stop() // its report was asked for before
}

// settle waits until the cluster is whole and quiet.
func (w *Watch) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	return w.Cluster.WaitSettled(ctx)
}

// Audit reports every rule of a healthy cluster that was broken while the
// watch ran: two machines answered for the floating IP, or two oned wrote to
// one database.
func (w *Watch) Audit(ctx context.Context) error {
	var errs []error
	report, err := w.VIP.Report()
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("audit floating IP: %w", err))
	case len(report.Overlaps) > 0:
		errs = append(errs, fmt.Errorf("two machines answered for the floating IP:\n%s", report))
	case report.Claims == 0:
		errs = append(errs, errors.New("audit floating IP: nobody ever answered, so nothing was audited"))
	}
	alarm, err := w.Cluster.SecondWriter()
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("audit database: %w", err))
	case alarm != "":
		errs = append(errs, fmt.Errorf("two oned wrote to one database: %s", strings.TrimSpace(alarm)))
	}
	return errors.Join(errs...)
}

// powerOffs are the times a node lost power after t, by whom.
func powerOffs(c *lab.Cluster, t time.Time) []lab.Event {
	var offs []lab.Event
	for _, e := range c.Events(t) {
		if e.Kind == lab.PoweredOff {
			offs = append(offs, e)
		}
	}
	return offs
}

// fencedOnce checks that victim, and nobody else, lost its power after t, once,
// by its BMC, and that Pacemaker says the same: one success, by the device that
// the description gives victim.
func fencedOnce(ctx context.Context, c *lab.Cluster, victim *lab.Node, t time.Time) error {
	offs := powerOffs(c, t)
	if len(offs) != 1 || offs[0].Node != victim.Name || !strings.HasPrefix(offs[0].By, "bmc: ") {
		return fmt.Errorf("want one power-off, of %s by its BMC; got %v", victim.Name, offs)
	}
	fencings, err := c.Fencings(ctx)
	if err != nil {
		return err
	}
	var since []lab.Fencing
	for _, f := range fencings {
		// The history has whole seconds.
		if f.Completed.After(t.Truncate(time.Second).Add(-time.Second)) {
			since = append(since, f)
		}
	}
	if len(since) != 1 || since[0].Target != victim.Name || since[0].Status != "success" {
		return fmt.Errorf("want one successful fencing of %s in Pacemaker's history; got %+v", victim.Name, since)
	}
	if device := since[0].Device; device != deviceOf(c, victim) || c.Agent(device) != "fence_bmc_ipmi" {
		return fmt.Errorf("%s was fenced by device %q (agent %q)", victim.Name, device, c.Agent(device))
	}
	return nil
}

// deviceOf is the fence device that the description gives a node.
func deviceOf(c *lab.Cluster, n *lab.Node) string {
	for _, d := range c.Spec.Fencing {
		if d.Target == n.Name {
			return d.ID
		}
	}
	return ""
}

// Protected is the node that the fencing delay protects.
func Protected(c *lab.Cluster) *lab.Node {
	for _, d := range c.Spec.Fencing {
		if d.Delay > 0 {
			return c.Node(d.Target)
		}
	}
	return c.Nodes[0]
}
