package chaos

import (
	"context"
	"fmt"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// linkFaults are of one link of several, the first of which is also the clients'.
var linkFaults = []Fault{
	{Name: "one of two links cut", Fields: manyLinks, Do: cutOne},
	{Name: "one link cut, and then the other", Fields: manyLinks, Do: cutInTurn},
	{Name: "clients' network of the active node cut", Fields: manyLinks, Do: func(ctx context.Context, r *Round) (Want, error) {
		r.Undo(func(context.Context) error { return r.Active.HealLink(0) })
		return r.unreachable(ctx, r.Active.CutLink(0))
	}},
	{Name: "clients' interface of the active node switched off", Fields: manyLinks, Do: func(ctx context.Context, r *Round) (Want, error) {
		r.undoOn(r.Active, "ip link set "+r.nic()+" up")
		return r.unreachable(ctx, r.sh(ctx, r.Active, "ip link set "+r.nic()+" down"))
	}},
}

// cutOne pulls a cable that nobody needs while there is another one: clients and oned
// notice nothing.
func cutOne(ctx context.Context, r *Round) (Want, error) {
	n, i := r.Active, 1
	if r.Rand.IntN(2) == 1 {
		n, i = r.Passive, r.Rand.IntN(2)
	}
	look, err := r.undisturbed(ctx)
	if err != nil {
		return Want{}, err
	}
	r.Undo(func(context.Context) error { return n.HealLink(i) })
	if err := n.CutLink(i); err != nil {
		return Want{}, err
	}
	r.Log("link %d of %s is cut", i, n.Name)
	if err := lasts(ctx, 20*time.Second); err != nil { // four times the token
		return Want{}, err
	}
	want := Want{Active: r.Active.Name}
	if gap, begin := r.Writer.Gap(r.Start, time.Now()); gap > noticed {
		return want, fmt.Errorf("no write was acknowledged for %.1f s from %s on, and a link was left", gap.Seconds(), begin.UTC().Format("15:04:05.000"))
	}
	return want, look(ctx)
}

// noticed is a time without an acknowledged write that no busy machine explains.
const noticed = 5 * time.Second

// cutInTurn pulls the cables of a node one after the other.
func cutInTurn(ctx context.Context, r *Round) (Want, error) {
	n := []*lab.Node{r.Active, r.Passive}[r.Rand.IntN(2)]
	r.Undo(func(context.Context) error { return n.Heal() })
	if err := n.CutLink(1); err != nil {
		return Want{}, err
	}
	if err := lasts(ctx, r.between(time.Second, 10*time.Second)); err != nil {
		return Want{}, err
	}
	if fenced := fencedSince(r.Cluster, r.Start); len(fenced) > 0 {
		return Want{}, fmt.Errorf("%v was fenced while there was a link", fenced)
	}
	if err := n.CutLink(0); err != nil {
		return Want{}, err
	}
	return r.parted(ctx, n, false)
}

// unreachable waits until the floating IP has moved away from a node that lives and that
// clients cannot reach: its agent finds the link dead, and nobody is fenced.
func (r *Round) unreachable(ctx context.Context, err error) (Want, error) {
	if err != nil {
		return Want{}, err
	}
	to, err := r.moved(ctx)
	return Want{Active: to, Failures: []string{"vip_"}}, err
}
