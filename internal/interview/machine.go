// Package interview makes the description of a cluster out of what a machine shows of
// itself and what a person answers.
//
// It reads and writes nothing: [Machine] is what was found (package look finds it),
// [New] begins an [Interview], whose questions are a table, and [Answers.File] writes
// the description with its comments. Every answer is judged by package spec, as a part
// of a description whose other parts are stand-ins, so that a question refuses what
// `oneha check` would refuse, and with the same words.
package interview

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/one"
)

// Machine is what a machine shows of itself and of the cluster that it is to be in.
// Everything may be missing.
type Machine struct {
	Name       string      // uname -n
	Interfaces []Interface // those that are up, without the loopback
	Default    string      // the interface of the default route
	Cluster    string      // the name in an existing corosync.conf
	Nodes      []Host      // of an existing corosync.conf, in its order
	QDevice    string      // the quorum device of an existing corosync.conf
	Hosts      []Host      // other machines of /etc/hosts, in its order
	BMC        netip.Addr  // of this machine, by its in-band interface
	Model      string      // of the hardware, such as "HPE ProLiant DL360 Gen10"
	System     string      // the operating system, for people
	Target     string      // what the cluster's software is, as package target reads it; "" when that is not known
	Release    string      // of OpenNebula, such as "6.10.2"; "" when that is not known
	Oned       *Oned       // nil where there is no oned.conf
	Services   []Service   // of OpenNebula that are installed, in the order of one.Services
	VIPs       []Floating  // addresses that float already, those that are surest first
	Unknown    []string    // what could not be found out, and why
}

// Interface is a network interface with its addresses.
type Interface struct {
	Name      string
	Addresses []netip.Prefix
}

// Host is a name with its addresses.
type Host struct {
	Name  string
	Addrs []netip.Addr
}

// Oned is what oned.conf says that matters to a cluster.
type Oned struct {
	Database one.Database
	Raft     string // why this is a server of a Raft zone; "" if it is not
}

// Service is an installed service of OpenNebula.
type Service struct {
	Name    string // as package one has it
	Enabled bool   // it starts at boot
}

// Floating is an address that already floats, or that something takes for the
// front-end's.
type Floating struct {
	Address netip.Prefix // not valid bits where only the address is known
	From    string       // where that stands
}

// virtual are the beginnings of names of interfaces that lead to no other machine.
var virtual = []string{"docker", "virbr", "veth", "vnet", "tap", "one", "minione", "cni", "flannel", "cali"}

// networks are the addresses of this machine that another machine may reach, that
// of the default route first, without those that float.
func (m Machine) networks() (all []netip.Prefix) {
	order := slices.Clone(m.Interfaces)
	slices.SortStableFunc(order, func(a, b Interface) int {
		switch {
		case a.Name == m.Default && b.Name != m.Default:
			return -1
		case b.Name == m.Default && a.Name != m.Default:
			return 1
		}
		return 0
	})
	for _, i := range order {
		if i.Name != m.Default && slices.ContainsFunc(virtual, func(v string) bool { return strings.HasPrefix(i.Name, v) }) {
			continue
		}
		for _, p := range i.Addresses {
			known := slices.ContainsFunc(all, func(o netip.Prefix) bool { return o.Masked() == p.Masked() })
			if a := p.Addr(); !known && a.IsGlobalUnicast() && !p.IsSingleIP() && !m.floats(a) {
				all = append(all, p)
			}
		}
	}
	// Of one interface IPv4 comes first, whatever the order that it was listed in.
	slices.SortStableFunc(all, func(a, b netip.Prefix) int {
		if m.on(a) != m.on(b) || a.Addr().Is4() == b.Addr().Is4() {
			return 0
		} else if a.Addr().Is4() {
			return -1
		}
		return 1
	})
	return all
}

// second are the addresses that a second link could have.
func (m Machine) second() (others []netip.Prefix) {
	all := m.networks()
	for _, p := range all {
		if m.on(p) != m.on(all[0]) {
			others = append(others, p)
		}
	}
	return others
}

// on names the interface that has an address.
func (m Machine) on(p netip.Prefix) string {
	for _, i := range m.Interfaces {
		if slices.Contains(i.Addresses, p) {
			return i.Name
		}
	}
	return ""
}

// floats reports whether an address is one of the floating ones.
func (m Machine) floats(a netip.Addr) bool {
	return slices.ContainsFunc(m.VIPs, func(f Floating) bool { return f.Address.Addr() == a })
}

// addresses are those that a node seems to have, one for each link. A link counts
// from the second on only when it is known of every one of the nodes.
func (m Machine) addresses(name string, names []string) (addrs []netip.Addr) {
	for _, n := range m.Nodes {
		if n.Name == name && len(n.Addrs) > 0 {
			return n.Addrs
		}
	}
	all := m.networks()
	for i, network := range all {
		own, ok := m.addressIn(name, network)
		if i > 0 && m.on(network) == m.on(all[0]) {
			continue // what cuts the one cuts the other
		}
		if i > 0 && slices.ContainsFunc(names, func(n string) bool { _, known := m.addressIn(n, network); return !known }) {
			continue
		}
		if ok {
			addrs = append(addrs, own)
		}
	}
	return addrs
}

// addressIn is a node's address in a network of this machine.
func (m Machine) addressIn(name string, network netip.Prefix) (netip.Addr, bool) {
	if name == m.Name {
		return network.Addr(), true
	}
	for _, h := range m.Hosts {
		for _, a := range h.Addrs {
			if h.Name == name && network.Contains(a) && !m.floats(a) {
				return a, true
			}
		}
	}
	return netip.Addr{}, false
}
