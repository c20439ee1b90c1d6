package lab

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Exit codes of systemd-nspawn for a machine that ended by itself.
const (
	exitPoweroff = 0
	exitReboot   = 133
)

// Node is a machine of a cluster with a power supply.
type Node struct {
	*Machine
	cluster *Cluster
	plan    nodePlan
	bmc     *bmc // nil for none

	mu     sync.Mutex       // serialises everything below: BMC and test may act at once
	on     bool             // has power, as its BMC says; its PID 1 may be dead all the same
	boot   int              // counts power changes, so that an outdated container's end is ignored
	cut    map[int]bool     // links whose cable is pulled
	bad    map[int]*badLine // links whose cable is bad
	frozen bool
}

// PowerOff pulls the plug: carrier, processes and addresses are gone at once.
// What is off stays off.
func (n *Node) PowerOff() error { return n.powerOff(ByLab) }

// PowerOn gives the node power; it boots at once.
func (n *Node) PowerOn() error { return n.powerOn(ByLab, 0) }

// Powered reports whether the node has power.
func (n *Node) Powered() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.on
}

// Freeze stops all processes of the node at one instant, as a hang does. The
// kernel is the host's and goes on: it answers ARP for the addresses the node
// holds, so a peer that takes one over without fencing is seen by the sampler.
func (n *Node) Freeze() error { return n.freeze(true) }

// Thaw lets the processes of a frozen node go on.
func (n *Node) Thaw() error { return n.freeze(false) }

func (n *Node) freeze(frozen bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.cgroup.freeze(frozen); err != nil {
		return fmt.Errorf("freeze node %s: %w", n.Name, err)
	}
	n.frozen = frozen
	n.cluster.journal.add(n.Name, map[bool]Kind{true: Froze, false: Thawed}[frozen], ByLab)
	return nil
}

// powerOn gives power; PID 1 starts after the firmware's time.
func (n *Node) powerOn(by string, firmware time.Duration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.on {
		return nil
	}
	n.on = true
	n.boot++
	n.cluster.journal.add(n.Name, PoweredOn, by)
	return n.bootAfter(firmware)
}

// powerOff takes the power away. The order matters: first the carrier, so that
// nothing more is heard of the node; then its processes; then its namespace,
// which holds its addresses.
func (n *Node) powerOff(by string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.on {
		return nil
	}
	n.boot++
	if err := n.extinguish(); err != nil {
		return fmt.Errorf("power off node %s: %w", n.Name, err) // and its BMC goes on to say that it is on
	}
	n.on = false
	n.cluster.journal.add(n.Name, PoweredOff, by)
	return nil
}

// extinguish ends what runs in the node. The disk stays.
func (n *Node) extinguish() error {
	n.frozen = false
	return errors.Join(n.cluster.net.unplug(n.plan), n.unspliceAll(), n.cgroup.kill(), n.net.remove())
}

// bootAfter starts PID 1 after d, unless the power changed meanwhile. It is
// called with the lock held; without a delay its error is the start's.
func (n *Node) bootAfter(d time.Duration) error {
	if d == 0 {
		return n.startInit()
	}
	boot := n.boot
	n.cluster.background(func(ctx context.Context) {
		if pause(ctx, d) != nil {
			return
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.boot != boot {
			return
		}
		if err := n.startInit(); err != nil {
			n.cluster.lab.opt.Log("lab: %v", err)
			n.cluster.journal.add(n.Name, Crashed, ByLab)
		}
	})
	return nil
}

// startInit plugs the cables in and starts PID 1, and watches how it ends.
func (n *Node) startInit() error {
	if err := n.cluster.net.plug(n.plan, n.net, n.cut); err != nil {
		return fmt.Errorf("start node %s: %w", n.Name, err)
	}
	if err := n.spliceAll(); err != nil {
		return fmt.Errorf("start node %s: %w", n.Name, err)
	}
	ended, err := n.start()
	if err != nil {
		return err
	}
	boot := n.boot
	n.cluster.background(func(context.Context) { // ends with the container, which the cluster's end kills
		code := <-ended
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.boot == boot {
			n.ended(code)
		}
	})
	return nil
}

// ended deals with a container that ended by itself. A machine whose kernel
// died keeps its power: only its BMC, or a person, can bring it back.
func (n *Node) ended(code int) {
	n.boot++
	if err := n.extinguish(); err != nil {
		n.cluster.lab.opt.Log("lab: end of node %s: %v", n.Name, err)
	}
	switch code {
	case exitReboot:
		n.cluster.journal.add(n.Name, Rebooted, ByNode)
		_ = n.bootAfter(n.cluster.lab.opt.Firmware) // delayed, so without an error of its own
	case exitPoweroff:
		n.on = false
		n.cluster.journal.add(n.Name, PoweredOff, ByNode)
	default:
		n.cluster.journal.add(n.Name, Crashed, ByNode)
	}
}
