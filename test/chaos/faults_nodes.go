package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// nodeFaults are what happens to whole nodes, and what administrators do to them.
var nodeFaults = slices.Concat(lossFaults, daemonFaults, bootFaults, orderFaults, clockFaults)

// pairs are the fields of two nodes.
var pairs = []string{"two-node", "two-links"}

// lossFaults take a node away at once.
var lossFaults = []Fault{
	{Name: "active node hangs", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.lose(ctx, r.Active, (*lab.Node).Freeze)
	}},
	{Name: "passive node hangs", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.lose(ctx, r.Passive, (*lab.Node).Freeze)
	}},
	{Name: "active node crashes (PID 1 killed)", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		want, err := r.lose(ctx, r.Active, (*lab.Node).Crash)
		want.Ended = want.Fenced
		return want, err
	}},
	{Name: "active node loses its power", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.losePower(ctx, r.Active)
	}},
	{Name: "passive node loses its power", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.losePower(ctx, r.Passive)
	}},
	{Name: "active node hangs for a moment", Fields: anyField, Do: hangShortly},
}

// lose has a node die in a way that leaves its power on, and waits until it was fenced.
func (r *Round) lose(ctx context.Context, n *lab.Node, die func(*lab.Node) error) (Want, error) {
	if err := die(n); err != nil {
		return Want{}, err
	}
	return Want{Fenced: []string{n.Name}, Active: r.without(n)}, r.waitFenced(ctx, n)
}

// losePower pulls a node's plug. Its BMC lives, so the fencing finds that the power is
// off, which is what it wants, and switches it on again.
func (r *Round) losePower(ctx context.Context, n *lab.Node) (Want, error) {
	if err := n.PowerOff(); err != nil {
		return Want{}, err
	}
	err := r.wait(ctx, fmt.Sprintf("%s to be switched on by its BMC", n.Name), func(context.Context) bool {
		return slices.ContainsFunc(r.Cluster.Events(r.Start), func(e lab.Event) bool { return e.Node == n.Name && e.Kind == lab.PoweredOn && byBMC(e) })
	})
	return Want{Dead: []string{n.Name}, Active: r.without(n)}, err
}

// hangShortly has the active node hang for less than corosync's token (3 s, tolerant 5 s,
// 2 nodes; the third adds 650 ms): nobody may be the worse for it.
func hangShortly(ctx context.Context, r *Round) (Want, error) {
	err := r.Active.Freeze()
	if err == nil {
		err = lasts(ctx, time.Duration(200+r.Rand.IntN(800))*time.Millisecond)
	}
	return Want{Active: r.Active.Name}, errors.Join(err, r.Active.Thaw())
}

// without is the name of the node that has to be active when n is lost: "" where several
// may be, and chance decides.
func (r *Round) without(n *lab.Node) string {
	switch {
	case n != r.Active:
		return r.Active.Name
	case len(r.Cluster.Nodes) == 2:
		return r.Passive.Name
	}
	return ""
}
