package lab

import (
	"errors"
	"fmt"
	"time"

	"github.com/vishvananda/netlink"
)

// Line is what a bad cable does to frames. The zero value is a good one.
type Line struct {
	Send, Receive Way // as the node sees it
}

// SetLine replaces a cable of the node: link i carries the i-th of its addresses in the
// description, counted from 0. Carrier stays, as at a switch or a media converter that
// is broken. It lasts over power cycles. seed decides which frames are lost.
func (n *Node) SetLine(i int, l Line, seed uint64) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	var err error
	if old := n.bad[i]; old != nil {
		err = old.remove()
		delete(n.bad, i)
	}
	if l != (Line{}) {
		if n.bad == nil {
			n.bad = map[int]*badLine{}
		}
		n.bad[i] = &badLine{net: n.cluster.net, node: n.plan, link: i, line: l, seed: seed}
		err = errors.Join(err, n.bad[i].splice())
	}
	if err != nil {
		return fmt.Errorf("change cable %d of node %s: %w", i, n.Name, err)
	}
	n.cluster.journal.add(n.Name, map[bool]Kind{true: LinkHealed, false: LinkBad}[l == Line{}], ByLab)
	return nil
}

// spliceAll puts the bad cables between the node, which was just plugged in, and the
// bridges.
func (n *Node) spliceAll() error {
	var errs []error
	for _, b := range n.bad {
		errs = append(errs, b.splice())
	}
	return errors.Join(errs...)
}

// unspliceAll ends the bad cables of a node that was unplugged.
func (n *Node) unspliceAll() error {
	var errs []error
	for _, b := range n.bad {
		errs = append(errs, b.remove())
	}
	return errors.Join(errs...)
}

// badLine is a bad cable of a node. Between its port and the bridge a pair of
// interfaces is put, and frames between the port and the pair are carried by this
// process (ferry). Traffic control could lose and delay frames as well, but not on
// every kernel: netem is a module that many do not have.
type badLine struct {
	net   netSwitch
	node  nodePlan
	link  int
	line  Line
	seed  uint64
	ferry *ferry // nil while the node has no power
}

// The pair: near is at the bridge, far at the node's port.
func (b *badLine) near() string { return fmt.Sprintf("w%d-%d", b.node.id, b.link) }
func (b *badLine) far() string  { return fmt.Sprintf("x%d-%d", b.node.id, b.link) }

// splice puts the cable between port and bridge. A node without power has no port.
func (b *badLine) splice() error {
	name := port(b.node, b.link)
	there := true
	err := b.net.ns.configure(func(h *netlink.Handle) error {
		p, err := h.LinkByName(name)
		if errors.As(err, &netlink.LinkNotFoundError{}) {
			there = false
			return nil
		}
		if err != nil {
			return fmt.Errorf("find port %s: %w", name, err)
		}
		bridge, err := h.LinkByName(b.net.links[b.link].bridge)
		if err != nil {
			return fmt.Errorf("find bridge: %w", err)
		}
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.MasterIndex = b.near(), bridge.Attrs().Index
		if err := h.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: b.far()}); err != nil {
			return fmt.Errorf("make %s: %w", b.near(), err)
		}
		far, err := h.LinkByName(b.far())
		if err != nil {
			return fmt.Errorf("find %s: %w", b.far(), err)
		}
		// Outside of a bridge the switch itself would answer on them for its addresses.
		return errors.Join(h.LinkSetARPOff(far), h.LinkSetARPOff(p), linkUp(h, b.near()), linkUp(h, b.far()), waitUp(h, b.near()), h.LinkSetNoMaster(p))
	})
	if err != nil || !there {
		return err
	}
	b.ferry, err = startFerry(b.net.ns, name, b.far(), b.line, b.seed)
	return err
}

// waitUp waits until an interface works: a bridge forwards nothing to one before the
// kernel has noticed in its own time that there is carrier.
func waitUp(h *netlink.Handle, name string) error {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		l, err := h.LinkByName(name)
		switch {
		case err != nil:
			return fmt.Errorf("find interface %s: %w", name, err)
		case l.Attrs().OperState == netlink.OperUp:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("interface %s has no carrier", name)
		}
	}
}

// remove ends the cable, and puts the port, where there is still one, back into the
// bridge.
func (b *badLine) remove() error {
	if b.ferry == nil {
		return nil
	}
	b.ferry.stop()
	b.ferry = nil
	return b.net.ns.configure(func(h *netlink.Handle) error {
		near, err := h.LinkByName(b.near())
		if err != nil {
			return fmt.Errorf("find %s: %w", b.near(), err)
		}
		if err := h.LinkDel(near); err != nil {
			return fmt.Errorf("remove %s: %w", b.near(), err)
		}
		p, err := h.LinkByName(port(b.node, b.link))
		if errors.As(err, &netlink.LinkNotFoundError{}) {
			return nil // no power
		}
		if err != nil {
			return fmt.Errorf("find port: %w", err)
		}
		bridge, err := h.LinkByName(b.net.links[b.link].bridge)
		if err != nil {
			return fmt.Errorf("find bridge: %w", err)
		}
		return errors.Join(h.LinkSetMaster(p, bridge), h.LinkSetARPOn(p))
	})
}
