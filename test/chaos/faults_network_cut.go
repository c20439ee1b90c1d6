package chaos

import (
	"context"
	"errors"
	"time"

	"github.com/oneha/oneha/test/lab"
	"github.com/oneha/oneha/test/scenario"
)

// cutFaults part a node from the others while all live: exactly one side may go on, and
// which one is decided before.
var cutFaults = []Fault{
	{Name: "cluster network of the active node cut", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.cut(ctx, r.Active)
	}},
	{Name: "cluster network of the passive node cut", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.cut(ctx, r.Passive)
	}},
	{Name: "network interface of the active node switched off", Fields: []string{"two-node", "three-node"}, Do: switchOff},
	{Name: "active node only sends", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.halve(ctx, r.Active, lab.Line{Receive: dead})
	}},
	{Name: "active node only receives", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.halve(ctx, r.Active, lab.Line{Send: dead})
	}},
	{Name: "passive node only sends", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.halve(ctx, r.Passive, lab.Line{Receive: dead})
	}},
	{Name: "passive node only receives", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		return r.halve(ctx, r.Passive, lab.Line{Send: dead})
	}},
}

// dead is a direction in which nothing passes.
var dead = lab.Way{Loss: 1}

// cut pulls all cluster cables of a node, and with them the floating IP's.
func (r *Round) cut(ctx context.Context, n *lab.Node) (Want, error) {
	r.Undo(func(context.Context) error { return n.Heal() })
	if err := n.Cut(); err != nil {
		return Want{}, err
	}
	return r.parted(ctx, n, false)
}

// switchOff has an administrator switch off the interface that carries everything.
func switchOff(ctx context.Context, r *Round) (Want, error) {
	r.undoOn(r.Active, "ip link set "+r.nic()+" up")
	if err := r.sh(ctx, r.Active, "ip link set "+r.nic()+" down"); err != nil {
		return Want{}, err
	}
	return r.parted(ctx, r.Active, false)
}

// halve has the cluster cables of a node carry one direction only.
func (r *Round) halve(ctx context.Context, n *lab.Node, line lab.Line) (Want, error) {
	if err := r.bad(n, line); err != nil {
		return Want{}, err
	}
	return r.parted(ctx, n, true)
}

// bad makes the cluster cables of a node bad ones for the time of the fault.
func (r *Round) bad(n *lab.Node, line lab.Line) error {
	r.Undo(func(context.Context) error { return r.setLines(n, lab.Line{}) })
	return r.setLines(n, line)
}

func (r *Round) setLines(n *lab.Node, line lab.Line) error {
	var errs []error
	for _, i := range r.Cluster.Rings() {
		errs = append(errs, n.SetLine(i, line, r.Rand.Uint64()))
	}
	return errors.Join(errs...)
}

// nic is the interface of the floating IP on every node of the lab.
func (r *Round) nic() string {
	if nic := r.Cluster.Spec.VIP.NIC; nic != "" {
		return nic
	}
	return "eth0"
}

// lonely is how long a loser is watched that has booted and sees nobody: it would fence
// back if it could. It takes itself for the DC 20 s after its boot (dc-deadtime).
const lonely = firmware + 22*time.Second

// parted waits until one side of a cluster that was parted from node n is fenced, and
// sees what the loser does when it is back before the others are. carrier says whether
// the node's interface still takes itself for connected.
func (r *Round) parted(ctx context.Context, n *lab.Node, carrier bool) (Want, error) {
	loser := r.loser(n)
	want := Want{Fenced: []string{loser.Name}, Active: r.without(loser), Unfenced: true} // both try
	if survivor := r.Cluster.Peer(loser); len(r.Cluster.Nodes) == 2 && survivor == n && !carrier {
		// It runs everything, and nobody can reach it: the agent finds the address dead and
		// gives it up, so that it goes to the other as soon as that is there.
		want.Active, want.Failures = "", []string{"vip_"}
	}
	if err := r.waitFenced(ctx, loser); err != nil {
		return want, err
	}
	return want, lasts(ctx, lonely)
}

// loser is who is fenced when node n is parted from the others: of two nodes the one that
// no delay protects, of three or more the one without a majority.
func (r *Round) loser(n *lab.Node) *lab.Node {
	if len(r.Cluster.Nodes) == 2 {
		return r.Cluster.Peer(scenario.Protected(r.Cluster))
	}
	return n
}
