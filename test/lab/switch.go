package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// netSwitch is the namespace in which the networks are bridges, the BMCs have
// their addresses and the samplers listen.
type netSwitch struct {
	ns    namespace
	links []link
}

// up makes the namespace with its bridges.
func (s netSwitch) up() error {
	if err := s.ns.create(); err != nil {
		return err
	}
	return s.ns.configure(func(h *netlink.Handle) error {
		if err := linkUp(h, "lo"); err != nil {
			return err
		}
		for i, l := range s.links {
			attrs := netlink.NewLinkAttrs()
			attrs.Name, attrs.HardwareAddr = l.bridge, macOf(i, 0)
			snooping := false
			if err := h.LinkAdd(&netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &snooping}); err != nil {
				return fmt.Errorf("make bridge %s: %w", l.bridge, err)
			}
			if err := addAddr(h, l.bridge, l.addr, l.prefix.Bits()); err != nil {
				return err
			}
			if err := linkUp(h, l.bridge); err != nil {
				return err
			}
		}
		return nil
	})
}

// plug makes the namespace of a node with its interfaces, wired to the bridges.
// Links that are cut stay down.
func (s netSwitch) plug(n nodePlan, ns namespace, cut map[int]bool) error {
	if err := ns.create(); err != nil {
		return err
	}
	there, err := netns.GetFromPath(ns.path())
	if err != nil {
		return fmt.Errorf("open network namespace %s: %w", ns, err)
	}
	defer there.Close()
	err = s.ns.configure(func(h *netlink.Handle) error {
		for i, l := range s.links {
			bridge, err := h.LinkByName(l.bridge)
			if err != nil {
				return fmt.Errorf("find bridge %s: %w", l.bridge, err)
			}
			attrs := netlink.NewLinkAttrs()
			attrs.Name, attrs.MasterIndex = port(n, i), bridge.Attrs().Index
			veth := &netlink.Veth{LinkAttrs: attrs, PeerName: l.nic, PeerHardwareAddr: macOf(i, n.id), PeerNamespace: netlink.NsFd(int(there))}
			if err := h.LinkAdd(veth); err != nil {
				return fmt.Errorf("make port %s: %w", attrs.Name, err)
			}
			if cut[i] {
				continue
			}
			if err := linkUp(h, attrs.Name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return ns.configure(func(h *netlink.Handle) error {
		if err := linkUp(h, "lo"); err != nil {
			return err
		}
		for i, l := range s.links {
			if err := addAddr(h, l.nic, n.addrs[i], l.prefix.Bits()); err != nil {
				return err
			}
			if err := linkUp(h, l.nic); err != nil {
				return err
			}
		}
		return nil
	})
}

// unplug removes a node's ports: its interfaces lose their carrier at once.
func (s netSwitch) unplug(n nodePlan) error {
	return s.ns.configure(func(h *netlink.Handle) error {
		var errs []error
		for i := range s.links {
			l, err := h.LinkByName(port(n, i))
			if errors.As(err, &netlink.LinkNotFoundError{}) {
				continue
			}
			if err == nil {
				err = h.LinkDel(l)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("remove port %s: %w", port(n, i), err))
			}
		}
		return errors.Join(errs...)
	})
}

// carrier takes link i of the node down or up, as a pulled cable does.
func (s netSwitch) carrier(n nodePlan, i int, up bool) error {
	return s.ns.configure(func(h *netlink.Handle) error {
		found, err := h.LinkByName(port(n, i))
		if errors.As(err, &netlink.LinkNotFoundError{}) {
			return nil // no power; the cut is remembered for when it comes back
		}
		if err == nil && up {
			err = h.LinkSetUp(found)
		} else if err == nil {
			err = h.LinkSetDown(found)
		}
		if err != nil {
			return fmt.Errorf("switch port %s: %w", port(n, i), err)
		}
		return nil
	})
}

// addBMC gives the switch the address of a BMC.
func (s netSwitch) addBMC(b bmcPlan) error {
	return s.ns.configure(func(h *netlink.Handle) error {
		return addAddr(h, s.links[b.link].bridge, b.addr, s.links[b.link].prefix.Bits())
	})
}

// removeBMC takes the address of a BMC away; one that is not there is away.
func (s netSwitch) removeBMC(b bmcPlan) error {
	return s.ns.configure(func(h *netlink.Handle) error {
		l, err := h.LinkByName(s.links[b.link].bridge)
		if err != nil {
			return fmt.Errorf("find bridge: %w", err)
		}
		err = h.AddrDel(l, address(b.addr, s.links[b.link].prefix.Bits()))
		if err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return fmt.Errorf("remove address %s: %w", b.addr, err)
		}
		return nil
	})
}

// holds reports whether an interface of namespace n has address a.
func (n namespace) holds(a netip.Addr) (bool, error) {
	found := false
	err := n.configure(func(h *netlink.Handle) error {
		list, err := h.AddrList(nil, netlink.FAMILY_ALL)
		if err != nil {
			return fmt.Errorf("list addresses: %w", err)
		}
		for _, have := range list {
			if ip, ok := netip.AddrFromSlice(have.IP); ok && ip.Unmap() == a {
				found = true
			}
		}
		return nil
	})
	return found, err
}

// configure gives f a netlink handle in the namespace.
func (n namespace) configure(f func(*netlink.Handle) error) error {
	there, err := netns.GetFromPath(n.path())
	if err != nil {
		return fmt.Errorf("open network namespace %s: %w", n, err)
	}
	defer there.Close()
	h, err := netlink.NewHandleAt(there)
	if err != nil {
		return fmt.Errorf("enter network namespace %s: %w", n, err)
	}
	defer h.Close()
	if err := f(h); err != nil {
		return fmt.Errorf("network namespace %s: %w", n, err)
	}
	return nil
}

// port is the switch's end of a node's cable in network i.
func port(n nodePlan, i int) string { return fmt.Sprintf("n%d-%d", n.id, i) }

func linkUp(h *netlink.Handle, name string) error {
	l, err := h.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find interface %s: %w", name, err)
	}
	if err := h.LinkSetUp(l); err != nil {
		return fmt.Errorf("set interface %s up: %w", name, err)
	}
	return nil
}

func addAddr(h *netlink.Handle, name string, a netip.Addr, bits int) error {
	l, err := h.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find interface %s: %w", name, err)
	}
	if err := h.AddrReplace(l, address(a, bits)); err != nil {
		return fmt.Errorf("add address %s to %s: %w", a, name, err)
	}
	return nil
}

// address is a with its prefix length, usable at once: the lab has no need of
// duplicate address detection.
func address(a netip.Addr, bits int) *netlink.Addr {
	out := &netlink.Addr{IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(bits, a.BitLen())}}
	if a.Is6() {
		out.Flags = unix.IFA_F_NODAD
	}
	return out
}
