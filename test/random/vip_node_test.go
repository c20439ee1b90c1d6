package random

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// node is the state of the node: everything of it that an agent might change.
// All lists are sorted.
type node struct {
	Links    []link
	Addrs    []addr
	Routes   []route
	Settings []string // as name=value
	Raised   []string // interfaces whose promote_secondaries is not what it was made with
	Files    []string // in /run

	Claimed bool // the peer has the floating address
}

// link is an interface of the node.
type link struct {
	Name    string
	Up      bool // switched on
	Running bool // and it passes packets
	Cable   bool // the other end is switched on
}

// addr is an address on an interface.
type addr struct {
	Nic           string
	Prefix        netip.Prefix
	Label         string
	Broadcast     string
	NoPrefixRoute bool
	Tentative     bool
	Duplicate     bool
	Deprecated    bool
	Valid         int // seconds, forever
	Preferred     int
}

const forever = 1<<32 - 1

// prefers reports whether the address has that preferred lifetime, give or take
// the seconds since it got it.
func (a addr) prefers(seconds int) bool {
	switch seconds {
	case forever:
		return a.Preferred == forever && !a.Deprecated
	case 0: // of IPv4 the kernel tells only that
		return a.Deprecated
	}
	return a.Preferred <= seconds && a.Preferred > seconds-60
}

func (a addr) String() string { return fmt.Sprintf("%s on %s", a.Prefix, a.Nic) }

// route is a route of the main table.
type route struct {
	Nic       string
	Dst       netip.Prefix
	Connected bool // without a gateway, scope link
	Kernel    bool // comes with an address
	Metric    int
}

// guarded are settings that an agent has no business to change.
var guarded = []string{
	"ipv4/conf/all/promote_secondaries",
	"ipv4/conf/n0/arp_ignore", "ipv4/conf/n0/arp_announce", "ipv4/ip_nonlocal_bind",
	"ipv6/conf/n0/accept_dad", "ipv6/conf/n0/keep_addr_on_down", "ipv6/conf/n0/disable_ipv6", "ipv6/conf/n0/forwarding",
}

// look takes the state of the node now.
func (l *vipLab) look(ip netip.Addr) (n node, err error) {
	names, err := l.links(&n)
	if err != nil {
		return n, err
	}
	if err := l.addresses(&n, names); err != nil {
		return n, err
	}
	if err := l.routes(&n, names); err != nil {
		return n, err
	}
	for _, name := range guarded {
		value, err := sysctl(name)
		if err != nil {
			return n, err
		}
		n.Settings = append(n.Settings, name+"="+value)
	}
	for _, nic := range nics {
		value, err := sysctl("ipv4/conf/" + nic + "/promote_secondaries")
		if err != nil {
			return n, err
		}
		if value != "" && value != l.promote {
			n.Raised = append(n.Raised, nic)
		}
	}
	n.Files = files()
	theirs, err := again(func() ([]netlink.Addr, error) { return l.peer.AddrList(nil, netlink.FAMILY_ALL) })
	for _, a := range theirs {
		if prefixOf(a.IPNet.IP, a.Mask).Addr() == ip {
			n.Claimed = true
		}
	}
	return n, err
}

// sysctl reads a setting, "" if its interface is not there.
func sysctl(name string) (string, error) {
	text, err := os.ReadFile("/proc/sys/net/" + name)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), err
}

func (l *vipLab) links(n *node) (names map[int]string, err error) {
	names = map[int]string{}
	theirs, err := again(l.peer.LinkList)
	if err != nil {
		return nil, err
	}
	cables := map[string]bool{}
	for _, p := range theirs {
		cables[p.Attrs().Name] = p.Attrs().RawFlags&unix.IFF_UP != 0
	}
	ours, err := again(l.node.LinkList)
	if err != nil {
		return nil, err
	}
	for _, o := range ours {
		a := o.Attrs()
		names[a.Index] = a.Name
		n.Links = append(n.Links, link{
			Name: a.Name, Up: a.RawFlags&unix.IFF_UP != 0, Running: a.RawFlags&unix.IFF_UP != 0 && a.RawFlags&unix.IFF_RUNNING != 0,
			Cable: cables[peerOf(a.Name)] || a.Name == "lo",
		})
	}
	slices.SortFunc(n.Links, func(a, b link) int { return strings.Compare(a.Name, b.Name) })
	return names, nil
}

func (l *vipLab) addresses(n *node, names map[int]string) error {
	all, err := again(func() ([]netlink.Addr, error) { return l.node.AddrList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		return err
	}
	for _, a := range all {
		p := prefixOf(a.IPNet.IP, a.Mask)
		if p.Addr().IsLoopback() {
			continue
		}
		broadcast := ""
		if a.Broadcast != nil {
			broadcast = a.Broadcast.String()
		}
		n.Addrs = append(n.Addrs, addr{
			Nic: names[a.LinkIndex], Prefix: p, Label: a.Label, Broadcast: broadcast,
			NoPrefixRoute: a.Flags&unix.IFA_F_NOPREFIXROUTE != 0,
			Tentative:     a.Flags&unix.IFA_F_TENTATIVE != 0,
			Duplicate:     a.Flags&unix.IFA_F_DADFAILED != 0,
			Deprecated:    a.Flags&unix.IFA_F_DEPRECATED != 0,
			Valid:         a.ValidLft, Preferred: a.PreferedLft,
		})
	}
	slices.SortFunc(n.Addrs, func(a, b addr) int {
		return cmp.Or(strings.Compare(a.Nic, b.Nic), a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
	})
	return nil
}

func (l *vipLab) routes(n *node, names map[int]string) error {
	all, err := again(func() ([]netlink.Route, error) { return l.node.RouteList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Dst == nil || r.Type != unix.RTN_UNICAST {
			continue
		}
		dst := prefixOf(r.Dst.IP, r.Dst.Mask)
		if dst.Addr().IsMulticast() || dst.Addr().IsLoopback() {
			continue
		}
		n.Routes = append(n.Routes, route{
			Nic: names[r.LinkIndex], Dst: dst, Connected: len(r.Gw) == 0,
			Kernel: r.Protocol == unix.RTPROT_KERNEL, Metric: r.Priority,
		})
	}
	slices.SortFunc(n.Routes, func(a, b route) int {
		return cmp.Or(strings.Compare(a.Nic, b.Nic), a.Dst.Addr().Compare(b.Dst.Addr()), cmp.Compare(a.Dst.Bits(), b.Dst.Bits()))
	})
	return nil
}

func prefixOf(ip, mask []byte) netip.Prefix {
	a, _ := netip.AddrFromSlice(ip)
	bits := 0
	for _, b := range mask {
		for ; b != 0; b <<= 1 {
			bits++
		}
	}
	return netip.PrefixFrom(a.Unmap(), bits)
}

// again repeats a dump that a change interrupted.
func again[T any](dump func() ([]T, error)) (list []T, err error) {
	for range 50 {
		if list, err = dump(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return list, err
}

// settle waits until nothing is on its way on the node: carriers that came or
// went, duplicate detection that runs.
func (l *vipLab) settle(ip netip.Addr) (n node, err error) {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		if n, err = l.look(ip); err != nil {
			return n, fmt.Errorf("look at the node: %w", err)
		}
		pending := n.pending()
		if pending == "" {
			return n, nil
		}
		if time.Now().After(end) {
			return n, fmt.Errorf("the node does not settle: %s", pending)
		}
	}
}

// String is the state in one line, for a failure's text.
func (n node) String() string {
	var b strings.Builder
	for _, k := range n.Links {
		state := ""
		switch {
		case !k.Up:
			state = " (off)"
		case !k.Cable:
			state = " (no carrier)"
		}
		fmt.Fprintf(&b, "%s%s:", k.Name, state)
		for _, a := range n.Addrs {
			if a.Nic != k.Name {
				continue
			}
			fmt.Fprintf(&b, " %s", a.Prefix)
			if a.Label != "" && a.Label != a.Nic {
				fmt.Fprintf(&b, " as %s", a.Label)
			}
			if a.Duplicate {
				b.WriteString(" (duplicate)")
			}
		}
		b.WriteString("; ")
	}
	if len(n.Raised) > 0 {
		fmt.Fprintf(&b, "promote_secondaries changed for %v; ", n.Raised)
	}
	if len(n.Files) > 0 {
		fmt.Fprintf(&b, "files %v; ", n.Files)
	}
	if n.Claimed {
		b.WriteString("another machine has the address; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// pending says what is on its way, "" for nothing.
func (n node) pending() string {
	for _, k := range n.Links {
		if k.Running != (k.Up && k.Cable) {
			return fmt.Sprintf("link %+v", k)
		}
	}
	for _, a := range n.Addrs {
		if k, _ := n.link(a.Nic); a.Tentative && !a.Duplicate && k.Running {
			return fmt.Sprintf("%s is tentative", a)
		}
	}
	return ""
}

func (n node) link(name string) (link, bool) {
	i := slices.IndexFunc(n.Links, func(k link) bool { return k.Name == name })
	if i < 0 {
		return link{}, false
	}
	return n.Links[i], true
}

// places are where the address is.
func (n node) places(ip netip.Addr) (list []addr) {
	for _, a := range n.Addrs {
		if a.Prefix.Addr() == ip {
			list = append(list, a)
		}
	}
	return list
}

// others are all addresses but ip.
func (n node) others(ip netip.Addr) (list []addr) {
	for _, a := range n.Addrs {
		if a.Prefix.Addr() != ip {
			list = append(list, a)
		}
	}
	return list
}

// vital are the routes that do not depend on ip: static ones, and those to the
// networks of the node's other addresses.
func (n node) vital(ip netip.Addr) (list []route) {
	for _, r := range n.Routes {
		if !r.Kernel || n.accounted(r, ip) {
			list = append(list, r)
		}
	}
	return list
}

// accounted reports whether an address other than ip brings the route.
func (n node) accounted(r route, ip netip.Addr) bool {
	return slices.ContainsFunc(n.others(ip), func(a addr) bool { return a.Nic == r.Nic && a.Prefix.Masked() == r.Dst })
}

// hasOther4 reports whether the interface has an IPv4 address besides ip. With its
// last one the kernel takes every IPv4 route from an interface, and a start may have
// to take it away before it adds the right one.
func (n node) hasOther4(nic string, ip netip.Addr) bool {
	return slices.ContainsFunc(n.others(ip), func(a addr) bool { return a.Nic == nic && a.Prefix.Addr().Is4() })
}
