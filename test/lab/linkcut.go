package lab

import (
	"errors"
	"fmt"
)

// Cut pulls the cables of the node's corosync links, and with the first of them
// the floating IP's. The BMC network stays. A cut lasts over power cycles.
func (n *Node) Cut() error { return n.setCut(true, n.cluster.Rings()...) }

// Heal plugs the cables of the corosync links in again.
func (n *Node) Heal() error { return n.setCut(false, n.cluster.Rings()...) }

// CutLink pulls one cable of the node: link i carries the i-th of its addresses in the
// description, counted from 0, and the floating IP is on link 0. It lasts over power
// cycles.
func (n *Node) CutLink(i int) error { return n.setCut(true, i) }

// HealLink plugs one cable in again.
func (n *Node) HealLink(i int) error { return n.setCut(false, i) }

// Rings are the links that carry corosync.
func (c *Cluster) Rings() []int {
	var rings []int
	for i, l := range c.plan.links {
		if l.ring {
			rings = append(rings, i)
		}
	}
	return rings
}

// BMCLink is the link over which the node reaches its peers' BMCs.
func (n *Node) BMCLink() int {
	for _, p := range n.cluster.plan.nodes {
		if p.bmc != nil && p.name != n.Name {
			return p.bmc.link
		}
	}
	panic("lab: no peer of " + n.Name + " has a BMC")
}

func (n *Node) setCut(cut bool, links ...int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cut == nil {
		n.cut = map[int]bool{}
	}
	var errs []error
	for _, i := range links {
		n.cut[i] = cut
		errs = append(errs, n.cluster.net.carrier(n.plan, i, !cut))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("cut node %s: %w", n.Name, err)
	}
	n.cluster.journal.add(n.Name, map[bool]Kind{true: LinkCut, false: LinkHealed}[cut], ByLab)
	return nil
}
