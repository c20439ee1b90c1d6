package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/oneha/oneha/internal/spec"
)

// Plain describes machines with a switch between them that know nothing of
// Pacemaker: what they are is up to their disks.
type Plain struct {
	VIP      netip.Prefix // of Active, SampleVIP and PollOned; its network is the machines'
	NIC      string       // the machines' interface
	Machines []PlainMachine
}

// PlainMachine is one of them.
type PlainMachine struct {
	Name  string
	Addr  netip.Addr
	Units []string                 // what it starts at boot
	Seed  func(upper string) error // writes to its disk before the first boot
	BMC   *PlainBMC                // nil for none
}

// PlainBMC is the BMC of a machine: IPMI 2.0 at port 623. Its network, when it is not the
// machines', is one of its own, which every machine has an interface in.
type PlainBMC struct {
	Addr               netip.Addr
	Username, Password string
	Chassis            Chassis // nil: the lab's own
}

// Chassis stands between ipmi_sim and the power supply of a machine: it may watch what is
// asked for ("NODE get power", "NODE set power 0") and what is answered, and may
// answer otherwise than obey does. It is called by one goroutine at a time.
type Chassis func(n *Node, request string, obey func(request string) (answer string, err error)) (answer string, err error)

// UpPlain wires machines together without giving them power. A lab holds one
// cluster at a time.
func (l *Lab) UpPlain(p Plain) (*Cluster, error) {
	described := spec.Cluster{}
	described.VIP.Address, described.VIP.NIC = p.VIP, p.NIC
	for i, m := range p.Machines {
		described.Nodes = append(described.Nodes, spec.Node{Name: m.Name, ID: i + 1, Addrs: []netip.Addr{m.Addr}})
		if m.BMC != nil {
			described.Fencing = append(described.Fencing, m.BMC.device(m.Name))
		}
	}
	wiring, err := planFor(described)
	if err != nil {
		return nil, fmt.Errorf("wire machines: %w", err)
	}
	c := &Cluster{Spec: described, lab: l, plan: wiring, net: netSwitch{ns: l.namespace("switch"), links: wiring.links}}
	c.journal.log = l.opt.Log
	c.ctx, c.stop = context.WithCancel(context.Background())
	if err := l.adopt(c); err != nil {
		return nil, fmt.Errorf("wire machines: %w", err)
	}
	if err := c.upPlain(p); err != nil {
		return nil, errors.Join(fmt.Errorf("wire machines: %w", err), c.Down())
	}
	return c, nil
}

// device is the fence device that the wiring is planned from. The password is given to
// the BMC itself, so that the name of its file leads nowhere.
func (b PlainBMC) device(target string) spec.FenceDevice {
	return spec.FenceDevice{ID: "bmc-" + target, Target: target, Options: []spec.Option{
		{Name: "ip", Value: b.Addr.String()}, {Name: "username", Value: b.Username}, {Name: "password_file", Value: "none"},
	}}
}

func (c *Cluster) upPlain(p Plain) error {
	if err := c.net.up(); err != nil {
		return err
	}
	for i, machine := range p.Machines {
		m, err := c.lab.newMachine(machine.Name, c.lab.namespace(machine.Name), machine.Units, machine.Seed)
		if err != nil {
			return err
		}
		n := &Node{Machine: m, cluster: c, plan: c.plan.nodes[i]}
		c.Nodes = append(c.Nodes, n)
		if machine.BMC == nil {
			continue
		}
		if n.bmc, err = c.newBMC(n, *n.plan.bmc, machine.BMC.Password); err != nil {
			return err
		}
		n.bmc.chassis = machine.BMC.Chassis
		if err := n.bmc.up(c.ctx); err != nil {
			return err
		}
	}
	return nil
}

// NewDisk gives a machine without power a new disk, which seed writes to: a
// server that was installed again, or another one in its place.
func (n *Node) NewDisk(units []string, seed func(upper string) error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.on {
		return fmt.Errorf("change disk of node %s: it has power", n.Name)
	}
	upper := filepath.Join(n.dir, "upper")
	err := errors.Join(unmountUnder(n.dir), os.RemoveAll(upper), os.RemoveAll(filepath.Join(n.dir, "work")))
	if err == nil {
		err = seedDisk(upper, n.Name, units)
	}
	if err == nil {
		err = seed(upper)
	}
	if err == nil {
		_, err = mountOverlay(n.dir, n.lab.layers)
	}
	if err != nil {
		return fmt.Errorf("change disk of node %s: %w", n.Name, err)
	}
	return nil
}

// Booted waits until the machine's systemd has no start-up work left.
func (m *Machine) Booted(ctx context.Context) error { return m.waitBooted(ctx) }

// Holds reports whether the machine's kernel has an address, in whatever state its
// processes are.
func (n *Node) Holds(a netip.Addr) (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !exists(n.net.path()) { // no power, or the firmware still runs
		return false, nil
	}
	return n.net.holds(a)
}
