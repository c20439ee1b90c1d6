package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// bootFaults start whole clusters from nothing.
var bootFaults = []Fault{
	{Name: "all nodes lose their power at once", Fields: anyField, Do: loseAll},
	{Name: "one node starts alone, the others later", Fields: anyField, Do: startAlone},
}

// loseAll takes the power of all nodes and gives it back to all.
func loseAll(ctx context.Context, r *Round) (Want, error) {
	err := r.allOff()
	if err == nil {
		err = lasts(ctx, time.Second)
	}
	return Want{}, errors.Join(err, r.allOn())
}

// alone is how long a node is alone: the longest time after which it takes itself for
// all there is (dc-deadtime, 20 s), and as much again for what it then could do.
const alone = 40 * time.Second

// startAlone starts one node while the others are off. It cannot know whether they run,
// so it may start nothing and fence nobody, however long they stay away.
func startAlone(ctx context.Context, r *Round) (Want, error) {
	if err := r.allOff(); err != nil {
		return Want{}, errors.Join(err, r.allOn())
	}
	r.Undo(func(context.Context) error { return r.allOn() })
	first := r.Cluster.Nodes[r.Rand.IntN(len(r.Cluster.Nodes))]
	if err := first.PowerOn(); err != nil {
		return Want{}, err
	}
	if err := r.wait(ctx, first.Name+" to take itself for the DC", func(ctx context.Context) bool {
		s, err := first.Status(ctx)
		return err == nil && s.DC == first.Name
	}); err != nil {
		return Want{}, err
	}
	for end := time.Now().Add(alone / 2); time.Now().Before(end); {
		if err := r.idle(ctx, first); err != nil {
			return Want{}, err
		}
		if err := lasts(ctx, time.Second); err != nil {
			return Want{}, err
		}
	}
	return Want{}, nil
}

// idle checks that a node that is alone runs nothing and has fenced nobody.
func (r *Round) idle(ctx context.Context, n *lab.Node) error {
	s, err := n.Status(ctx)
	if err != nil {
		return err
	}
	for _, resource := range s.Resources {
		if resource.Active {
			return fmt.Errorf("%s is alone, and has started %s", n.Name, resource.ID)
		}
	}
	if fenced := fencedSince(r.Cluster, r.Start); len(fenced) > 0 {
		return fmt.Errorf("%s is alone, and has fenced %v", n.Name, fenced)
	}
	for _, e := range r.Cluster.Events(r.Start) {
		if e.Kind == lab.PoweredOn && byBMC(e) {
			return fmt.Errorf("%s is alone, and has switched %s on", n.Name, e.Node)
		}
	}
	return nil
}

// allOff takes the power of all nodes, in an order left to chance.
func (r *Round) allOff() error {
	var errs []error
	for _, i := range r.Rand.Perm(len(r.Cluster.Nodes)) {
		errs = append(errs, r.Cluster.Nodes[i].PowerOff())
	}
	return errors.Join(errs...)
}

// allOn gives power to all nodes that have none.
func (r *Round) allOn() error {
	var errs []error
	for _, n := range r.Cluster.Nodes {
		errs = append(errs, n.PowerOn())
	}
	return errors.Join(errs...)
}
