package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// Split is how a cluster survived the loss of its link while both nodes lived.
type Split struct {
	Cut      string // whose cable was pulled
	Survivor string
	Fenced   time.Duration // from the cut to the loser's power-off
	Whole    time.Duration // from the healing of the link to a whole cluster
}

// secondShot is how long a round watches on after the first fencing: the loser
// has rebooted by then and would fence back if it could.
const secondShot = 12 * time.Second

// CutLink pulls the cluster cable of a node while both nodes live, and heals it
// when one of them is fenced and the other has been left alone for a while. It
// returns an error unless exactly one survives, the one that the fencing delay
// protects, without a restart.
func CutLink(ctx context.Context, w *Watch, cut *lab.Node, log func(string, ...any)) (s Split, err error) {
	c := w.Cluster
	if err := w.settle(ctx); err != nil {
		return s, err
	}
	survivor := Protected(c)
	loser := c.Peer(survivor)
	s = Split{Cut: cut.Name, Survivor: survivor.Name}

	start := time.Now()
	if err := cut.Cut(); err != nil {
		return s, err
	}
	healed := false
	defer func() { // the next round needs the link, whatever happened in this one
		if !healed {
			err = errors.Join(err, cut.Heal())
		}
	}()
	log("the cluster link of %s is cut; both nodes live", cut.Name)
	recovering, cancel := context.WithTimeout(ctx, recoverLimit)
	defer cancel()
	off, err := waitOff(recovering, c, loser, start)
	if err != nil {
		return s, fmt.Errorf("%w; power-offs: %v", err, powerOffs(c, start))
	}
	s.Fenced = off.Sub(start)
	log("%5.1f s  %s fenced", s.Fenced.Seconds(), loser.Name)
	select {
	case <-time.After(secondShot):
	case <-ctx.Done():
		return s, ctx.Err()
	}

	heal := time.Now()
	if err := cut.Heal(); err != nil {
		return s, err
	}
	healed = true
	if err := w.settle(ctx); err != nil {
		return s, err
	}
	s.Whole = time.Since(heal)
	log("%5.1f s  after the link was healed the cluster is whole", s.Whole.Seconds())

	if err := fencedOnce(ctx, c, loser, start); err != nil {
		return s, err
	}
	for _, e := range c.Events(start) {
		if e.Node == survivor.Name && (e.Kind == lab.PoweredOff || e.Kind == lab.Rebooted || e.Kind == lab.Crashed) {
			return s, fmt.Errorf("the survivor did not live through it: %s", e)
		}
	}
	return s, w.Audit(ctx)
}
