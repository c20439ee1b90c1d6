package spec

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
)

// vip reads the floating IP and returns it with the place of its address.
func (r *reader) vip(v value) (vip VIP, at place) {
	if v.kind == mapping {
		s := r.section("vip", "vip", v)
		nic := s.get("nic")
		if name, ok := r.text(nic, "nic of vip"); ok {
			if !nicName.MatchString(name) {
				r.error(nic.at, fmt.Sprintf("nic %q is no interface name", clip(name)), "use a name that `ip link` prints, at most 15 characters")
			}
			vip.NIC = name
		}
		v = s.need("address", "add address: ADDRESS/PREFIX, such as 10.3.4.2/24")
	}
	text, ok := r.text(v, "vip")
	if !ok {
		return vip, v.at
	}
	if a, err := netip.ParseAddr(text); err == nil {
		usual := 24
		if a.Is6() {
			usual = 64
		}
		r.error(v.at, fmt.Sprintf("vip %s has no prefix length", a), fmt.Sprintf("write that of its network, for example %s/%d", a, usual))
		return vip, v.at
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		r.error(v.at, fmt.Sprintf("vip %q is not an address with its prefix length", clip(text)), "write it as in 10.3.4.2/24 or fd00::2/64")
		return vip, v.at
	}
	why := unfit(p.Addr())
	switch {
	case p.Addr().Is4In6():
		why = "an IPv4 address in IPv6 form"
	case p.IsSingleIP() || p.Bits() == p.Addr().BitLen()-1:
		// no network to be the first or last address of (RFC 3021, RFC 6164)
	case p.Masked().Addr() == p.Addr():
		why = "the address of the network itself"
	case p.Addr().Is4() && p.Addr() == broadcast(p):
		why = "the broadcast address of its network"
	}
	if why != "" {
		r.error(v.at, fmt.Sprintf("vip %s is %s", p, why), "give a free address that a host may have")
		return vip, v.at
	}
	vip.Address = p
	return vip, v.at
}

// broadcast is the last address of an IPv4 network.
func broadcast(p netip.Prefix) netip.Addr {
	a := p.Masked().Addr().As4()
	last := binary.BigEndian.Uint32(a[:]) | (1<<(32-p.Bits()) - 1)
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, last)))
}

// checkVIP compares the floating IP with the nodes' addresses, which are
// expected to be on its network if nothing was wrong with them.
func (r *reader) checkVIP(vip VIP, at place, nodes []node, linksOK bool) {
	if !vip.Address.IsValid() {
		return
	}
	for _, n := range nodes {
		if slices.Contains(n.addresses(), vip.Address.Addr()) {
			r.error(at, fmt.Sprintf("vip %s is the address of node %s", vip.Address.Addr(), clip(n.name)), "give a free address; the node keeps its own when the VIP moves")
			return
		}
	}
	if vip.NIC != "" || !linksOK {
		return // the writer says where the network is, or has the links to mend first
	}
	for _, n := range nodes {
		if n.whole && !slices.ContainsFunc(n.addresses(), vip.Address.Contains) {
			r.warn(at, fmt.Sprintf("no addr of node %s is in the VIP's network %s", clip(n.name), vip.Address.Masked()), "check the prefix length; if that network is on another interface, write vip: {address: ..., nic: NAME}")
			return
		}
	}
}
