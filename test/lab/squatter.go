package lab

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// SetSquatter has a machine that is none of the cluster's hold the floating IP, and
// answer for it with SquatterMAC, 02:00:0a:1a:00:00, or give it up: it is the switch.
func (c *Cluster) SetSquatter(on bool) error {
	vip := c.Spec.VIP.Address.Addr()
	return c.net.ns.configure(func(h *netlink.Handle) error {
		bridge := c.plan.links[0].bridge
		if on {
			return addAddr(h, bridge, vip, vip.BitLen())
		}
		l, err := h.LinkByName(bridge)
		if err != nil {
			return fmt.Errorf("find bridge: %w", err)
		}
		if err := h.AddrDel(l, address(vip, vip.BitLen())); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return fmt.Errorf("remove address %s: %w", vip, err)
		}
		return nil
	})
}

// SquatterMAC is the address with which SetSquatter's machine answers.
func SquatterMAC() net.HardwareAddr { return macOf(0, 0) }
