package spec

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
)

// vip is a floating IP with the places of its address and of its name.
type vip struct {
	VIP
	at, named place
}

// vips reads the floating IPs of the cluster, or of a domain: one, or a list. Ids
// that are not given count from the second on, after prefix, "vip" or
// "DOMAIN-vip".
func (r *reader) vips(v value, label, prefix string) (vips []vip) {
	if v.kind == broken || v.kind == absent {
		return nil
	}
	items := []value{v}
	if v.kind == list {
		if len(v.items) == 0 {
			r.error(v.at, label+" is an empty list", "give at least one address")
		}
		items = v.items
	}
	for i, item := range items {
		id := prefix
		if i > 0 {
			id = fmt.Sprintf("%s-%d", prefix, i+1)
		}
		vips = append(vips, r.vip(item, label, id))
	}
	return vips
}

// vip reads one floating IP.
func (r *reader) vip(v value, label, id string) vip {
	vip := vip{VIP: VIP{ID: id}}
	if v.kind == mapping {
		s := r.section("vip", label, v)
		nic := s.get("nic")
		if name, ok := r.text(nic, "nic of "+label); ok {
			if !nicName.MatchString(name) {
				r.error(nic.at, fmt.Sprintf("nic %q is no interface name", clip(name)), "use a name that `ip link` prints, at most 15 characters")
			}
			vip.NIC = name
		}
		name := s.get("name")
		vip.named = name.at
		if text, ok := r.text(name, "name of "+label); ok {
			if !idName.MatchString(text) {
				r.error(name.at, fmt.Sprintf("name of %s is %q", label, clip(text)), "use letters, digits, - and _, the first a letter")
			}
			vip.ID = text
		}
		v = s.need("address", "add address: ADDRESS/PREFIX, such as 10.3.4.2/24")
	}
	vip.at = v.at
	vip.Address = r.prefix(v, label)
	return vip
}

// prefix reads an address with its prefix length. What it returns is not valid if
// there was a mistake.
func (r *reader) prefix(v value, label string) (p netip.Prefix) {
	text, ok := r.text(v, label)
	if !ok {
		return p
	}
	if a, err := netip.ParseAddr(text); err == nil {
		usual := 24
		if a.Is6() {
			usual = 64
		}
		r.error(v.at, fmt.Sprintf("%s %s has no prefix length", label, a), fmt.Sprintf("write that of its network, for example %s/%d", a, usual))
		return p
	}
	q, err := netip.ParsePrefix(text)
	if err != nil {
		r.error(v.at, fmt.Sprintf("%s %q is not an address with its prefix length", label, clip(text)), "write it as in 10.3.4.2/24 or fd00::2/64")
		return p
	}
	why := unfit(q.Addr())
	switch {
	case q.Addr().Is4In6():
		why = "an IPv4 address in IPv6 form"
	case q.IsSingleIP() || q.Bits() == q.Addr().BitLen()-1:
		// no network to be the first or last address of (RFC 3021, RFC 6164)
	case q.Masked().Addr() == q.Addr():
		why = "the address of the network itself"
	case q.Addr().Is4() && q.Addr() == broadcast(q):
		why = "the broadcast address of its network"
	}
	if why != "" {
		r.error(v.at, fmt.Sprintf("%s %s is %s", label, q, why), "give a free address that a host may have")
		return p
	}
	return q
}

// broadcast is the last address of an IPv4 network.
func broadcast(p netip.Prefix) netip.Addr {
	a := p.Masked().Addr().As4()
	last := binary.BigEndian.Uint32(a[:]) | (1<<(32-p.Bits()) - 1)
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, last)))
}

// checkVIPs compares the floating IPs with each other and with the nodes'
// addresses, which are expected to be on their networks if nothing was wrong with
// them.
func (r *reader) checkVIPs(vips []vip, nodes []node, linksOK bool) {
	seen := map[netip.Addr]place{}
	for _, v := range vips {
		if !v.Address.IsValid() {
			continue
		}
		if first, twice := seen[v.Address.Addr()]; twice {
			r.error(v.at, fmt.Sprintf("vip %s is given twice, first in line %d", v.Address.Addr(), first.line), "keep one of them; an address can be in one place only")
			continue
		}
		seen[v.Address.Addr()] = v.at
		r.checkVIP(v, nodes, linksOK)
	}
}

func (r *reader) checkVIP(v vip, nodes []node, linksOK bool) {
	for _, n := range nodes {
		if slices.Contains(n.addresses(), v.Address.Addr()) {
			r.error(v.at, fmt.Sprintf("vip %s is the address of node %s", v.Address.Addr(), clip(n.name)), "give a free address; the node keeps its own when the VIP moves")
			return
		}
	}
	if v.NIC != "" || !linksOK {
		return // the writer says where the network is, or has the links to mend first
	}
	for _, n := range nodes {
		if n.whole && !slices.ContainsFunc(n.addresses(), v.Address.Contains) {
			r.warn(v.at, fmt.Sprintf("no addr of node %s is in the VIP's network %s", clip(n.name), v.Address.Masked()), "check the prefix length; if that network is on another interface, write vip: {address: ..., nic: NAME}")
			return
		}
	}
}
