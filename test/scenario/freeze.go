package scenario

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// Failover is how a cluster survived the hang of its active node: the times are
// counted from the hang.
type Failover struct {
	Victim   string
	Survivor string
	Start    time.Time     // the hang
	Fenced   time.Duration // the victim's power was cut
	VIP      time.Duration // the floating IP answered from the survivor
	Oned     time.Duration // oned answered on the floating IP
	Back     time.Duration // the victim is a member again and everything runs
}

// announcements are the gratuitous ARP packets of a takeover: arp_count's default
// is 5, each a request and a reply.
const announcements = 10

// FreezeActive hangs all processes of the active node at one instant, which is
// the nastiest way to die: nothing is closed, the addresses stay, and it could
// go on at any moment. It returns an error when the cluster did not recover,
// or not by exactly one fencing of the right node.
func FreezeActive(ctx context.Context, w *Watch, log func(string, ...any)) (Failover, error) {
	c := w.Cluster
	if err := w.settle(ctx); err != nil {
		return Failover{}, err
	}
	victim, err := c.Active()
	if err != nil {
		return Failover{}, err
	}
	survivor := c.Peer(victim)
	f := Failover{Victim: victim.Name, Survivor: survivor.Name}

	start := time.Now()
	f.Start = start
	if err := victim.Freeze(); err != nil {
		return f, err
	}
	log("%s is active; all its processes now hang", victim.Name)
	recovering, cancel := context.WithTimeout(ctx, recoverLimit)
	defer cancel()
	off, err := waitOff(recovering, c, victim, start)
	if err != nil {
		return f, err
	}
	f.Fenced = off.Sub(start)
	log("%5.1f s  %s fenced: its power is off", f.Fenced.Seconds(), victim.Name)
	vip, err := w.VIP.WaitFor(recovering, survivor.MAC(), start)
	if err != nil {
		return f, err
	}
	f.VIP = vip.Sub(start)
	log("%5.1f s  %s answers from %s", f.VIP.Seconds(), c.Spec.VIP.Address.Addr(), survivor.Name)
	oned, err := w.Oned.WaitAnswer(recovering, vip)
	if err != nil {
		return f, err
	}
	f.Oned = oned.Sub(start)
	log("%5.1f s  oned answers on %s", f.Oned.Seconds(), c.Spec.VIP.Address.Addr())
	if err := w.settle(ctx); err != nil {
		return f, err
	}
	f.Back = time.Since(start)
	log("%5.1f s  %s is back in the cluster, everything runs", f.Back.Seconds(), victim.Name)

	if n := w.VIP.Announcements(survivor.MAC(), start); n != announcements {
		return f, fmt.Errorf("%s announced the floating IP by %d packets, want %d", survivor.Name, n, announcements)
	}
	if f.VIP < f.Fenced {
		return f, fmt.Errorf("the floating IP moved %s before %s was fenced", f.Fenced-f.VIP, victim.Name)
	}
	if err := fencedOnce(ctx, c, victim, start); err != nil {
		return f, err
	}
	if holder, err := c.Active(); err != nil || holder != survivor {
		return f, fmt.Errorf("the floating IP did not stay on %s: %v", survivor.Name, err)
	}
	return f, w.Audit(ctx)
}

// waitOff waits until n loses its power after t, by its BMC, and returns when.
func waitOff(ctx context.Context, c *lab.Cluster, n *lab.Node, t time.Time) (time.Time, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, e := range powerOffs(c, t) {
			if e.Node == n.Name && strings.HasPrefix(e.By, "bmc: ") {
				return e.Time, nil
			}
		}
		select {
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("wait for %s to be fenced: %w", n.Name, ctx.Err())
		case <-tick.C:
		}
	}
}
