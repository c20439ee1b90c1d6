package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// Limits of a round's parts, generous: they end what hangs, they measure nothing.
const (
	doLimit    = 3 * time.Minute
	undoLimit  = 2 * time.Minute
	healLimit  = 4 * time.Minute
	selfLimit  = 90 * time.Second // of which for healing without a clean-up, where a clean-up is allowed
	cleanLimit = time.Minute
	auditLimit = 2 * time.Minute
)

// round does one fault: see Round.
func (b *nodes) round(ctx context.Context, d deed, log func(string, ...any)) (result Result) {
	fail := func(doing string, err error) Result {
		result.Error = fmt.Sprintf("%s: %v", doing, err)
		return result
	}
	if err := within(ctx, healLimit, b.whole); err != nil {
		return fail("before the fault", err)
	}
	if err := within(ctx, healLimit, func(ctx context.Context) error { return b.moveTo(ctx, d.before) }); err != nil {
		return fail("before the fault", err)
	}
	r, err := b.newRound(d, log)
	if err != nil {
		return fail("before the fault", err)
	}
	result.Before = r.Active.Name // a fault may begin with another
	if err := within(ctx, auditLimit, func(ctx context.Context) error { return baseline(ctx, r) }); err != nil {
		return fail("before the fault", err)
	}
	fault := faults()[slices.IndexFunc(faults(), func(f Fault) bool { return f.Name == d.fault })]

	r.Start = time.Now()
	var want Want
	broken := within(ctx, doLimit, func(ctx context.Context) (err error) {
		want, err = fault.Do(ctx, r)
		return err
	})
	// Undone also when the campaign is interrupted, so that the lab can be looked at.
	undone := within(context.WithoutCancel(ctx), undoLimit, r.undone)
	result.At, result.Note = r.Start, r.note
	result.fencings(r)
	if err := errors.Join(broken, undone); err != nil {
		result.Violations, err = worst(ctx, r, want, err)
		return fail("do it", err)
	}
	result.Expected = want.Active
	result.CleanedUp, err = b.heal(ctx, r, want)
	end := time.Now()
	result.Settled = end.Sub(r.Start).Seconds()
	result.fencings(r)
	gap, _ := r.Writer.Gap(r.Start, end)
	result.Away = gap.Seconds()
	if err != nil {
		result.Violations, err = worst(ctx, r, want, err)
		return fail("did not settle", err)
	}
	if active, err := r.Cluster.Active(); err == nil { // the auditors say it when there is none
		result.After = active.Name
	}
	result.Violations, err = audit(ctx, r, want, auditors)
	if err != nil {
		return fail("audit", err)
	}
	return result
}

// moveTo has a node run the services, for a round that is done again; "" leaves them.
func (b *nodes) moveTo(ctx context.Context, node string) error {
	c := b.watch.Cluster
	active, err := c.Active()
	if err != nil || node == "" || active.Name == node {
		return err
	}
	if c.Node(node) == nil {
		return fmt.Errorf("there is no node %q to be active", node)
	}
	if _, err := active.Exec(ctx, "crm_resource", "--move", "--resource", "frontend", "--node", node); err != nil {
		return err
	}
	for err == nil && active.Name != node {
		if err = lasts(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("move the services to %s: %w", node, err)
		}
		if now, unclear := c.Active(); unclear == nil { // nobody has the address while it moves
			active = now
		}
	}
	if err := b.whole(ctx); err != nil {
		return err
	}
	if _, err := active.Exec(ctx, "crm_resource", "--clear", "--resource", "frontend"); err != nil {
		return err
	}
	return b.whole(ctx)
}

// newRound looks at a cluster that is whole.
func (b *nodes) newRound(d deed, log func(string, ...any)) (*Round, error) {
	c := b.watch.Cluster
	active, err := c.Active()
	if err != nil {
		return nil, err
	}
	r := &Round{Watch: b.watch, Rand: d.rand(), Active: active, Writer: b.writer, Kept: b.kept, Log: log}
	others := slices.DeleteFunc(slices.Clone(c.Nodes), func(n *lab.Node) bool { return n == active })
	r.Passive = others[r.Rand.IntN(len(others))]
	return r, nil
}

// heal waits until all is well. Failed actions are cleaned up where the fault allows
// some, afterwards when they do not stand in the way, which is what cleaned says; which
// they were is noted for the auditors.
func (b *nodes) heal(ctx context.Context, r *Round, want Want) (cleaned bool, err error) {
	if len(want.Failures) == 0 {
		return false, within(ctx, healLimit, b.whole)
	}
	if within(ctx, selfLimit, b.whole) != nil {
		cleaned = true
	}
	err = within(ctx, cleanLimit, func(ctx context.Context) error {
		status, err := b.watch.Cluster.Status(ctx)
		if err != nil {
			return err
		}
		r.failed = status.Failures
		return b.cleanUp(ctx)
	})
	if err != nil {
		return cleaned, err
	}
	return cleaned, within(ctx, healLimit, b.whole)
}

// cleanUp has Pacemaker forget failed actions.
func (b *nodes) cleanUp(ctx context.Context) error {
	var errs []error
	for _, n := range b.watch.Cluster.Nodes {
		if !n.Powered() {
			continue
		}
		_, err := n.Exec(ctx, "crm_resource", "--cleanup")
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, errors.New("clean up: no node does it"))...)
}

// fencedSince are the nodes that lost their power by their BMC since t, in order.
func fencedSince(c *lab.Cluster, t time.Time) []string {
	names := []string{}
	for _, e := range fencings(c, t) {
		names = append(names, e.Node)
	}
	return names
}

// fencings are the times that a BMC took a node's power since t.
func fencings(c *lab.Cluster, t time.Time) []lab.Event {
	return slices.DeleteFunc(c.Events(t), func(e lab.Event) bool { return e.Kind != lab.PoweredOff || !byBMC(e) })
}

// fencings notes who was fenced in a round, and how soon.
func (result *Result) fencings(r *Round) {
	result.Fenced = fencedSince(r.Cluster, r.Start)
	if all := fencings(r.Cluster, r.Start); len(all) > 0 {
		result.FencedAfter = all[0].Time.Sub(r.Start).Seconds()
	}
}

// baseline has the auditors note how the cluster is before the fault.
func baseline(ctx context.Context, r *Round) error {
	for _, a := range auditors {
		if a.Baseline == nil {
			continue
		}
		if err := a.Baseline(ctx, r); err != nil {
			return fmt.Errorf("note for %q: %w", a.Rule, err)
		}
	}
	return nil
}

// worst has the auditors look that can when a round has failed: what it failed of may be
// the smaller harm. What they find and the error that they are given come back.
func worst(ctx context.Context, r *Round, want Want, failed error) ([]string, error) {
	can := slices.DeleteFunc(slices.Clone(auditors), func(a Auditor) bool { return !a.Always })
	violations, err := audit(ctx, r, want, can)
	if err != nil {
		failed = fmt.Errorf("%w; then audit: %w", failed, err)
	}
	return violations, failed
}

// audit has auditors look, also when one of them cannot.
func audit(ctx context.Context, r *Round, want Want, by []Auditor) ([]string, error) {
	violations := []string{}
	var errs []error
	for _, a := range by {
		err := within(ctx, auditLimit, func(ctx context.Context) error {
			found, err := a.Look(ctx, r, want)
			for _, v := range found {
				violations = append(violations, a.Rule+": "+v)
			}
			return err
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", a.Rule, err))
		}
	}
	return violations, errors.Join(errs...)
}

// within gives f a time limit.
func within(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return f(ctx)
}
