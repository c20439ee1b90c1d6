package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/scenario"
)

// Fault is one way to break a cluster.
type Fault struct {
	Name   string   // as the reports have it: "active node hangs"
	Fields []string // names of the fields to which it can be done
	// Do does it, and waits until what it was about has happened: until then its undoing
	// (Round.Undo) must not begin. What heals by itself need not be waited for.
	Do func(context.Context, *Round) (Want, error)
}

// Want is how the cluster has to be once it has healed.
type Want struct {
	Fenced   []string // nodes that lost their power by their BMC, each once
	Dead     []string // nodes whose power was gone when the cluster fenced them: their BMCs only gave it back
	Ended    []string // nodes that the fault had end by themselves: rebooted, powered off, crashed
	Active   string   // node that has the floating IP; "" for any
	Untold   []string // nodes whose agents were kept from logging what they did
	Failures []string // begins of the names of actions that may fail ("oned_monitor_"); they are cleaned up
	Stranger bool     // a machine outside of the cluster answered for the floating IP: the fault itself
	Doubled  []string // nodes on which the fault itself put the floating IP, beside its owner
	Unfenced bool     // fencings may fail before one succeeds
	Unnoted  bool     // Pacemaker's history of fencings was removed by the fault, which has looked at it
	Unclean  bool     // a fault that ends agents in the middle: what they leave is looked for after the next action
}

// Round is one fault done to a field.
type Round struct {
	*scenario.Watch
	Rand    *rand.Rand // the same for the same seed and round
	Active  *lab.Node  // had the floating IP when the round began
	Passive *lab.Node  // one of the others
	Start   time.Time
	Writer  *Writer // the client that writes all the time
	Log     func(string, ...any)
	Kept    map[string]any // by auditors, under their Rule; lasts as long as the cluster

	undo   []func(context.Context) error
	note   string   // what became of the fault where that is not always the same, for the result
	failed []string // actions that had failed when they were cleaned up
}

// noted keeps what became of the fault for the result.
func (r *Round) noted(format string, args ...any) {
	r.note = fmt.Sprintf(format, args...)
	r.Log("%s", r.note)
}

// Undo has f done when the fault is over, also when the round fails; the last one
// that was given is done first.
func (r *Round) Undo(f func(context.Context) error) { r.undo = append(r.undo, f) }

// undone does what was given to Undo.
func (r *Round) undone(ctx context.Context) error {
	var errs []error
	for i := len(r.undo) - 1; i >= 0; i-- {
		errs = append(errs, r.undo[i](ctx))
	}
	r.undo = nil
	return errors.Join(errs...)
}

// sh runs a shell script on a node.
func (r *Round) sh(ctx context.Context, n *lab.Node, script string) error {
	_, err := n.Exec(ctx, "sh", "-euc", script)
	return err
}

// waitFenced waits until the node has lost its power by its BMC since the round began.
func (r *Round) waitFenced(ctx context.Context, n *lab.Node) error {
	return r.wait(ctx, fmt.Sprintf("%s to be fenced", n.Name), func(context.Context) bool {
		for _, e := range r.Cluster.Events(r.Start) {
			if e.Node == n.Name && e.Kind == lab.PoweredOff && strings.HasPrefix(e.By, "bmc: ") {
				return true
			}
		}
		return false
	})
}

// wait asks until what it waits for is so.
func (r *Round) wait(ctx context.Context, what string, so func(context.Context) bool) error {
	for !so(ctx) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// group are faults of one kind, as the report has them together.
type group struct {
	name   string
	faults []Fault
}

// groups are all faults that there are, in the order of the report.
func groups() []group {
	return []group{
		{"nodes", nodeFaults}, {"network", networkFaults}, {"fencing", fencingFaults}, {"services", serviceFaults},
		{"agents", agentFaults}, {"commands", commandFaults}, {"split brain", splitFaults},
	}
}

// faults are the same, one after the other.
func faults() []Fault {
	var all []Fault
	for _, g := range groups() {
		all = append(all, g.faults...)
	}
	return all
}
