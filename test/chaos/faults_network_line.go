package chaos

import (
	"context"
	"fmt"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// lineFaults disturb a node's cables for a while, not so much that anybody would have to
// be fenced.
var lineFaults = []Fault{
	{Name: "cluster network flaps for less than the token", Fields: anyField, Do: flap},
	{Name: "a fifth of a node's packets is lost", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		few := lab.Way{Loss: 0.2}
		return r.disturb(ctx, lab.Line{Send: few, Receive: few})
	}},
	{Name: "a node's packets take 200 ms longer", Fields: anyField, Do: func(ctx context.Context, r *Round) (Want, error) {
		slow := lab.Way{Delay: 100 * time.Millisecond} // there and back
		return r.disturb(ctx, lab.Line{Send: slow, Receive: slow})
	}},
}

// flap pulls a node's cables for a moment, several times, as a switch does that restarts
// its ports. corosync's token is 3 s; each pause is longer than it takes to get a new one
// round.
func flap(ctx context.Context, r *Round) (Want, error) {
	n := r.Cluster.Nodes[r.Rand.IntN(len(r.Cluster.Nodes))]
	r.Undo(func(context.Context) error { return n.Heal() })
	for range 3 {
		if err := n.Cut(); err != nil {
			return Want{}, err
		}
		if err := lasts(ctx, r.between(100*time.Millisecond, 700*time.Millisecond)); err != nil {
			return Want{}, err
		}
		if err := n.Heal(); err != nil {
			return Want{}, err
		}
		if err := lasts(ctx, 4*time.Second); err != nil {
			return Want{}, err
		}
	}
	// A monitor in such a moment may find that the address has no carrier, and is right: its
	// restart waits for the link.
	want := Want{Active: r.Active.Name}
	if n == r.Active {
		want.Failures = []string{"vip_"}
	}
	return want, nil
}

// disturb gives a node bad cables for ten seconds. Chance may have it that corosync loses
// its token five times in a row and takes somebody for dead. Then one node is fenced. Of two
// it may be either: seen was that one alone took the other for dead, which saw nothing, was a
// member again 4 s later, and was fenced when the delay that protects it had passed.
func (r *Round) disturb(ctx context.Context, line lab.Line) (Want, error) {
	n := r.Cluster.Nodes[r.Rand.IntN(len(r.Cluster.Nodes))]
	if err := r.bad(n, line); err != nil {
		return Want{}, err
	}
	if err := lasts(ctx, 10*time.Second); err != nil {
		return Want{}, err
	}
	if err := r.setLines(n, lab.Line{}); err != nil {
		return Want{}, err
	}
	if err := r.calm(ctx); err != nil {
		return Want{}, err
	}
	fenced := fencedSince(r.Cluster, r.Start)
	switch {
	case len(fenced) == 0:
		return Want{Active: r.Active.Name, Unfenced: true, Failures: anyAction}, nil // a monitor that was late
	case len(fenced) > 1:
		return Want{}, fmt.Errorf("bad cables of %s had %v fenced", n.Name, fenced)
	}
	r.Log("bad cables of %s had %s fenced", n.Name, fenced[0])
	return Want{Fenced: fenced, Active: r.without(r.Cluster.Node(fenced[0])), Unfenced: true, Failures: anyAction}, nil
}

// still is longer than corosync takes to miss a node, and Pacemaker to have it fenced.
const still = 15 * time.Second

// calm waits until the cluster is whole and nobody was fenced for a while.
func (r *Round) calm(ctx context.Context) error {
	for since, before := time.Now(), 0; time.Since(since) < still; {
		if err := r.Cluster.WaitSettled(ctx); err != nil {
			return fmt.Errorf("wait for the cluster to be calm: %w", err)
		}
		// How long that took says nothing: on a busy machine each question takes its time.
		if now := len(fencings(r.Cluster, r.Start)); now != before {
			since, before = time.Now(), now
		}
		if err := lasts(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}
