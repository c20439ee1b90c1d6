package vip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// route is a connected route: its destination is reached on a link, without a
// gateway.
type route struct {
	dst    netip.Prefix
	index  int        // of the interface
	src    netip.Addr // preferred source, the zero Addr if none
	metric int
	own    bool // exists only because the floating IP itself is configured
}

// routes returns the connected routes of the main table that contain ip and were
// made by that protocol.
func (h *Host) routes(ctx context.Context, ip netip.Addr, made Protocol, addrs []kernelAddr) ([]route, error) {
	handle, err := h.handle()
	if err != nil {
		return nil, err
	}
	all, err := steady(ctx, func() ([]netlink.Route, error) { return handle.RouteList(nil, familyOf(ip)) })
	if err != nil {
		return nil, fmt.Errorf("list routes: %w", err)
	}
	var out []route
	for _, r := range all {
		dst := prefixOf(r.Dst)
		switch {
		case r.Type != unix.RTN_UNICAST, len(r.Gw) != 0, r.Via != nil, len(r.MultiPath) != 0, !made.matches(uint8(r.Protocol)):
			continue
		case ip.Is4() && r.Scope != netlink.SCOPE_LINK: // IPv6 routes have no scope
			continue
		case dst.Bits() <= 0, !dst.Contains(ip): // a default route says nothing of a network
			continue
		}
		src, _ := netip.AddrFromSlice(r.Src)
		out = append(out, route{
			dst:    dst,
			index:  r.LinkIndex,
			src:    src,
			metric: r.Priority,
			own:    r.Protocol == unix.RTPROT_KERNEL && !hasOther(addrs, r.LinkIndex, dst, ip),
		})
	}
	return out, nil
}

// prefixOf converts a network, nil to the zero Prefix.
func prefixOf(n *net.IPNet) netip.Prefix {
	if n == nil {
		return netip.Prefix{}
	}
	ip, _ := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(ip, bits)
}

// hasOther reports whether an address other than ip on that interface accounts
// for the connected route to dst.
func hasOther(addrs []kernelAddr, index int, dst netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(addrs, func(a kernelAddr) bool {
		return a.Index == index && a.Prefix.Addr() != ip && a.Prefix.Bits() == dst.Bits() && a.Prefix.Masked() == dst
	})
}

// loopbackIndex is the number of lo in every network namespace (LOOPBACK_IFINDEX
// in the kernel's include/net/flow.h). Nobody outside reaches an address there.
const loopbackIndex = 1

// best returns the route that says where the address belongs: the longest, then
// the one with the lowest metric, as the kernel itself would choose. Several
// interfaces left are ErrAmbiguous, never a guess. Routes that exist only
// because the address is configured, perhaps in the wrong place, count only
// where there is no other. index limits the choice to one interface, 0 to all
// that lead outside.
func best(routes []route, index int) (route, error) {
	var top []route
	for _, r := range routes {
		if index != 0 && r.index != index || index == 0 && r.index == loopbackIndex {
			continue
		}
		if len(top) > 0 {
			if worse(r, top[0]) {
				continue
			}
			if worse(top[0], r) {
				top = top[:0]
			}
		}
		top = append(top, r)
	}
	if len(top) == 0 {
		return route{}, ErrNoRoute
	}
	if slices.ContainsFunc(top, func(r route) bool { return r.index != top[0].index }) {
		return top[0], ErrAmbiguous
	}
	return top[0], nil
}

// worse reports whether a says less than b where the address belongs.
func worse(a, b route) bool {
	if a.own != b.own {
		return a.own
	}
	if a.dst.Bits() != b.dst.Bits() {
		return a.dst.Bits() < b.dst.Bits()
	}
	return a.metric > b.metric
}

// nicsOf names the interfaces of the routes as good as r, sorted.
func (h *Host) nicsOf(routes []route, r route) string {
	var names []string
	for _, o := range routes {
		if worse(o, r) {
			continue
		}
		if l, err := h.linkAt(o.index); err == nil && !slices.Contains(names, l.Name) {
			names = append(names, l.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
