package lab

import (
	"context"
	"fmt"
	"io"
	"net/netip"
)

// Supply is a node's power in the hands of one of its BMCs: what a stand-in is
// given to switch in place of a machine of its own. It may be used concurrently.
type Supply struct {
	node *Node
	bmc  string
}

// Supply is the node's power for the BMC called bmc, which is the name under
// which the cluster's Events show what it did: "bmc: NAME set power 0".
func (n *Node) Supply(bmc string) Supply { return Supply{n, bmc} }

// Powered reports whether the node has power.
func (s Supply) Powered() bool { return s.node.Powered() }

// SetPower gives power or takes it away. A node boots after its firmware's time.
func (s Supply) SetPower(on bool) error {
	if on {
		return s.node.powerOn(s.by(1), s.node.cluster.lab.opt.Firmware)
	}
	return s.node.powerOff(s.by(0))
}

func (s Supply) by(power int) string { return fmt.Sprintf("bmc: %s set power %d", s.bmc, power) }

// AddBMC puts a BMC at an address of the BMC network (or of any network that the
// spec wires up). Sockets that listen opens are the BMC's: they are in the
// switch's namespace, like ipmi_sim. What listen returns is closed when the
// cluster ends. One address may have several BMCs, at ports of their own.
func (c *Cluster) AddBMC(addr netip.Addr, listen func() (io.Closer, error)) error {
	for i, l := range c.plan.links {
		if !l.prefix.Contains(addr) {
			continue
		}
		if err := c.net.addBMC(bmcPlan{link: i, addr: addr}); err != nil {
			return fmt.Errorf("add BMC: %w", err)
		}
		return c.net.ns.do(func() error {
			bmc, err := listen()
			if err != nil {
				return fmt.Errorf("add BMC at %s: %w", addr, err)
			}
			c.background(func(ctx context.Context) {
				<-ctx.Done()
				_ = bmc.Close() // its namespace goes with the cluster
			})
			return nil
		})
	}
	return fmt.Errorf("add BMC: %s is in no network of the cluster", addr)
}
