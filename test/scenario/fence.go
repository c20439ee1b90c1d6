package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// Order is a way in which a node comes to be fenced.
type Order struct {
	Name string
	Off  bool // the node is to stay off
	// give gives the order; peer is the node that stays.
	give func(ctx context.Context, peer, victim *lab.Node) error
}

// The orders a person can give, and one that Pacemaker gives itself.
var (
	AdminReboot = byHand("stonith_admin -B", false, "stonith_admin", "-B")
	AdminOff    = byHand("stonith_admin -F, then -U", true, "stonith_admin", "-F")
	PCSReboot   = byHand("pcs stonith fence", false, "pcs", "stonith", "fence")
	PCSOff      = byHand("pcs stonith fence --off, then stonith_admin -U", true, "pcs", "stonith", "fence", "--off")
	CRMFence    = byHand("crm node fence", false, "crm", "--force", "node", "fence") // --force answers its question
	Hang        = Order{Name: "the node hangs", give: func(_ context.Context, _, victim *lab.Node) error { return victim.Freeze() }}
)

// byHand is a command that the peer runs, with the node's name at its end.
func byHand(name string, off bool, args ...string) Order {
	return Order{Name: name, Off: off, give: func(ctx context.Context, peer, victim *lab.Node) error {
		_, err := peer.Exec(ctx, append(slices.Clone(args), victim.Name)...)
		return err
	}}
}

// Victim says which node is fenced.
type Victim string

const (
	Active  Victim = "active"        // holds the floating IP
	Passive Victim = "passive"       // does not
	Booting Victim = "booting again" // was the last to be fenced, has power, and is no member yet
)

// Fenced is what came of an Order. Times are counted from it.
type Fenced struct {
	Order  Order
	Victim Victim
	Node   string
	Device FenceDevice   // that was to do it
	Off    time.Duration // the node's power was off
	VIP    time.Duration // the peer held the floating IP; 0 when it did all the time
	Done   time.Duration // the peer's Pacemaker said so
}

// fenceLimit ends a broken fencing. It covers a first topology level that uses up
// its timeouts.
const fenceLimit = 2 * time.Minute

// Fence has a node fenced by the device that devices has for it, and gives the
// node its power back. It returns an error unless exactly that node lost its
// power, once, by that device's BMC; the peer kept its power and has the floating
// IP; and Pacemaker's history has one success more, by that device. That the node
// comes back is for the next one to find: unless it wants the node booting, it
// waits for it. last is the node that the last one returned.
func Fence(ctx context.Context, w *Watch, order Order, v Victim, devices map[string]FenceDevice, last *lab.Node, log func(string, ...any)) (*lab.Node, Fenced, error) {
	f := Fenced{Order: order, Victim: v}
	victim, err := choose(ctx, w.Cluster, v, last)
	if err != nil {
		return last, f, err
	}
	f.Node, f.Device = victim.Name, devices[victim.Name]
	ctx, cancel := context.WithTimeout(ctx, fenceLimit)
	defer cancel()
	if err := fence(ctx, w.Cluster, victim, &f); err != nil {
		return victim, f, err
	}
	log("%s of %s (%s) by %s: off after %.1f s, done after %.1f s", order.Name, f.Node, v, f.Device.ID, f.Off.Seconds(), f.Done.Seconds())
	return victim, f, nil
}

func fence(ctx context.Context, c *lab.Cluster, victim *lab.Node, f *Fenced) error {
	peer := c.Peer(victim)
	before, err := c.Fencings(ctx)
	if err != nil {
		return err
	}
	if n := len(before); n > 0 { // the history has whole seconds: two alike in one would be one
		time.Sleep(time.Until(before[n-1].Completed.Add(time.Second)))
	}
	holder, err := c.Active()
	if err != nil {
		return err
	}
	start := time.Now()
	given := make(chan error, 1)
	go func() { given <- f.Order.give(ctx, peer, victim) }()
	f.Off, err = waitPower(ctx, c, victim, lab.PoweredOff, f.Device.by(false), start)
	if err := errors.Join(err, <-given); err != nil {
		return fmt.Errorf("%w; power-offs: %v", err, powerOffs(c, start))
	}
	if err := waitHeld(ctx, c, peer); err != nil {
		return err
	}
	if holder != peer {
		f.VIP = time.Since(start)
	}
	done, err := waitHistory(ctx, c, victim, before, start)
	if err != nil {
		return err
	}
	f.Done = time.Since(start)
	action := map[bool]string{true: "off", false: "reboot"}[f.Order.Off]
	if done.Action != action || done.Device != f.Device.ID || done.Delegate != peer.Name {
		return fmt.Errorf("the history of Pacemaker says %+v, want %s by %s of %s", done, action, f.Device.ID, peer.Name)
	}
	if err := backOn(ctx, c, peer, victim, f, start); err != nil {
		return err
	}
	if offs := powerOffs(c, start); len(offs) != 1 || offs[0].Node != victim.Name {
		return fmt.Errorf("want one power-off, of %s; got %v", victim.Name, offs)
	}
	for _, e := range c.Events(start) {
		if e.Node == peer.Name {
			return fmt.Errorf("something happened to the peer: %s", e)
		}
	}
	return nil
}

// choose returns the victim once it is in the state that is wanted.
func choose(ctx context.Context, c *lab.Cluster, v Victim, last *lab.Node) (*lab.Node, error) {
	if v == Booting {
		if last == nil || !last.Powered() {
			return nil, errors.New("no node is booting again")
		}
		return last, nil
	}
	active, err := waitMembers(ctx, c)
	if err == nil && v == Passive {
		return c.Peer(active), nil
	}
	return active, err
}

// waitMembers waits until every node is a full member, as every node sees it, and
// one has the floating IP, and returns that.
func waitMembers(ctx context.Context, c *lab.Cluster) (*lab.Node, error) {
	ctx, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	for {
		why := strangers(ctx, c)
		active, err := c.Active()
		if why == "" && err == nil {
			return active, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for both nodes: %w: %s (%v)", ctx.Err(), why, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// strangers says which node is no full member, "" for none.
func strangers(ctx context.Context, c *lab.Cluster) string {
	for _, n := range c.Nodes {
		s, err := n.Status(ctx)
		if err != nil {
			return err.Error()
		}
		for _, m := range s.Nodes {
			if !m.Online || m.Pending || m.Unclean {
				return fmt.Sprintf("%s sees that %s is no member", n.Name, m.Name)
			}
		}
	}
	return ""
}

// waitPower waits until the node's power changes after t, and returns how long
// after. It is an error when it was anybody else's doing.
func waitPower(ctx context.Context, c *lab.Cluster, n *lab.Node, kind lab.Kind, by string, t time.Time) (time.Duration, error) {
	for {
		for _, e := range c.Events(t) {
			switch {
			case e.Node != n.Name || e.Kind != kind:
			case e.By != by:
				return e.Time.Sub(t), fmt.Errorf("want %s by %q; got %s", kind, by, e)
			default:
				return e.Time.Sub(t), nil
			}
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("wait for %s to be %s: %w", n.Name, kind, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// waitHeld waits until that node holds the floating IP.
func waitHeld(ctx context.Context, c *lab.Cluster, n *lab.Node) error {
	for {
		holder, err := c.Active()
		if err == nil && holder == n {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s to hold the floating IP: %w (%v)", n.Name, ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// waitHistory waits until Pacemaker's history has a finished fencing of the node
// that it did not have before, and returns it. A failed one is an error.
func waitHistory(ctx context.Context, c *lab.Cluster, n *lab.Node, before []lab.Fencing, start time.Time) (lab.Fencing, error) {
	old := func(f lab.Fencing) bool {
		return f.Completed.Before(start.Truncate(time.Second)) || slices.ContainsFunc(before, func(b lab.Fencing) bool {
			b.Device = f.Device // of the last success, which is another one now
			return b == f
		})
	}
	for {
		list, err := c.Fencings(ctx)
		list = slices.DeleteFunc(list, func(f lab.Fencing) bool { return f.Target != n.Name || f.Status == "pending" || old(f) })
		switch {
		case err != nil:
		case len(list) == 1 && list[0].Status == "success":
			return list[0], nil
		case len(list) > 0:
			return lab.Fencing{}, fmt.Errorf("want one successful fencing of %s in Pacemaker's history; got %+v", n.Name, list)
		}
		select {
		case <-ctx.Done():
			return lab.Fencing{}, fmt.Errorf("wait for the fencing of %s in Pacemaker's history: %w (%v)", n.Name, ctx.Err(), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// backOn sees that a rebooted node has its power back, and that one that was to
// stay off is off and comes on by stonith_admin -U.
func backOn(ctx context.Context, c *lab.Cluster, peer, victim *lab.Node, f *Fenced, start time.Time) error {
	if f.Order.Off {
		if victim.Powered() {
			return fmt.Errorf("%s did not stay off", victim.Name)
		}
		if _, err := peer.Exec(ctx, "stonith_admin", "-U", victim.Name); err != nil {
			return err
		}
	}
	_, err := waitPower(ctx, c, victim, lab.PoweredOn, f.Device.by(true), start)
	return err
}

// unchanged returns an error when a node lost its power after t.
func unchanged(c *lab.Cluster, t time.Time) error {
	if offs := powerOffs(c, t); len(offs) > 0 {
		return fmt.Errorf("a node was fenced for it: %s", strings.Trim(fmt.Sprint(offs), "[]"))
	}
	return nil
}
