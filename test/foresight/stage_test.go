package foresight

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/scenario"
)

// Time limits of the steps, generous: they end a broken run, they measure nothing.
const (
	healLimit    = 3 * time.Minute
	failureLimit = 3 * time.Minute
)

// stage is the cluster around one failure.
type stage struct {
	*lab.Cluster
	watch           *scenario.Watch
	active, passive *lab.Node // when it was whole
	at              time.Time // of the failure
	off             time.Time // when a node was fenced, zero for none
	died            string    // resource that fails by itself, "" for none
	before          happened  // what was when the cluster was whole, or nothing, where nodes only boot
	held            []*lab.Node
	cut             []*lab.Node
	lostBMC         []*lab.Node
	log             func(string, ...any)
}

// newStage looks at a cluster that is whole and quiet.
func newStage(w *scenario.Watch, log func(string, ...any)) (*stage, error) {
	active, err := w.Cluster.Active()
	if err != nil {
		return nil, err
	}
	return &stage{Cluster: w.Cluster, watch: w, active: active, passive: w.Cluster.Peer(active), log: log}, nil
}

// sh runs a shell command on a node.
func sh(ctx context.Context, n *lab.Node, script string) error {
	_, err := n.Exec(ctx, "sh", "-euc", script)
	return err
}

// fenced waits until the node was fenced by its BMC, and keeps it off then: a server
// takes minutes until it is a member again, and a container of the lab so few seconds
// that corosync may not have missed it. What the cluster does without it is to be seen.
func (s *stage) fenced(ctx context.Context, n *lab.Node) error {
	for {
		for _, e := range s.Events(s.at) {
			if e.Node != n.Name || !byBMC(e) {
				continue
			}
			if s.off.IsZero() { // of one that has lost its power, the first is the power on
				s.off = e.Time
			}
			if e.Kind == lab.PoweredOn {
				// The agent looks whether the power is on, and is done.
				return errors.Join(pause(ctx, time.Second), s.hold(n))
			}
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("wait for %s to be fenced: %w", n.Name, err)
		}
	}
}

// hold takes the node's power, and remembers to give it back.
func (s *stage) hold(n *lab.Node) error {
	s.held = append(s.held, n)
	return n.PowerOff()
}

// byBMC reports whether the node's BMC did it, which nobody asks but Pacemaker.
func byBMC(e lab.Event) bool { return strings.HasPrefix(e.By, "bmc: ") }

// fencedNodes are the nodes whose power the cluster has switched since the failure.
func (s *stage) fencedNodes() []string {
	nodes := []string{}
	for _, e := range s.Events(s.at) {
		if byBMC(e) && !slices.Contains(nodes, e.Node) {
			nodes = append(nodes, e.Node)
		}
	}
	slices.Sort(nodes)
	return nodes
}

// until asks Pacemaker on a node until it says what is wanted, and until its DC has
// nothing more to do: three times in a row, since a failed operation and what follows
// from it are two transitions.
func (s *stage) until(ctx context.Context, n *lab.Node, wanted func(lab.Status) bool) (lab.Status, error) {
	quiet := 0
	for {
		status, err := n.Status(ctx)
		switch {
		case err != nil || !wanted(status) || busy(status) || !s.idle(ctx, n, status.DC):
			quiet = 0
		case quiet == 2:
			return status, nil
		default:
			quiet++
		}
		if pausing := pause(ctx, 300*time.Millisecond); pausing != nil {
			return status, fmt.Errorf("wait for the cluster on %s: %w (%v, %+v)", n.Name, pausing, err, status)
		}
	}
}

// busy reports whether an operation is under way.
func busy(s lab.Status) bool {
	return slices.ContainsFunc(s.Resources, func(r lab.ResourceStatus) bool { return r.Pending != "" })
}

// idle reports whether the DC, as node n sees it, has nothing to do.
func (s *stage) idle(ctx context.Context, n *lab.Node, dc string) bool {
	if dc == "" {
		return false
	}
	asking, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := n.Exec(asking, "crmadmin", "--quiet", "--status", dc)
	return err == nil && strings.Contains(r.Stdout+r.Stderr, "S_IDLE")
}

// found waits until Pacemaker shows a failed operation of the resource, and returns when.
func (s *stage) found(ctx context.Context, resource string) (time.Time, error) {
	for {
		status, err := s.Status(ctx)
		now := time.Now()
		if err == nil && slices.ContainsFunc(status.Failures, func(f string) bool { return strings.HasPrefix(f, resource+"_") }) {
			return now, nil
		}
		if pausing := pause(ctx, 100*time.Millisecond); pausing != nil {
			return now, fmt.Errorf("wait for Pacemaker to find that %s failed: %w (%v)", resource, pausing, err)
		}
	}
}

// heal gives back what the failure took, has Pacemaker forget it, and waits until the
// cluster is whole.
func (s *stage) heal(ctx context.Context, undo string) error {
	ctx, cancel := context.WithTimeout(ctx, healLimit)
	defer cancel()
	var errs []error
	for _, n := range s.lostBMC {
		errs = append(errs, n.SetBMC(ctx, true))
	}
	for _, n := range s.cut {
		errs = append(errs, n.Heal())
	}
	for _, n := range s.held {
		errs = append(errs, n.PowerOn())
	}
	if undo != "" {
		errs = append(errs, sh(ctx, s.active, undo))
	}
	// What has failed is not started again before that.
	errs = append(errs, sh(ctx, s.living(), "crm_resource --cleanup"))
	return errors.Join(append(errs, s.WaitSettled(ctx))...)
}

// living is the node that was not lost, the active one when none was.
func (s *stage) living() *lab.Node {
	if slices.Contains(s.held, s.active) {
		return s.passive
	}
	return s.active
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
