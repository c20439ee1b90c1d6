package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/oneha/oneha/internal/spec"
)

// plan is what the lab wires up for a cluster: networks, and for each node one
// interface and address in every network, and its BMC.
type plan struct {
	vip   netip.Prefix
	links []link
	nodes []nodePlan
}

// link is one network: a bridge in the switch namespace.
type link struct {
	bridge string
	nic    string // name of the nodes' interface
	prefix netip.Prefix
	addr   netip.Addr // the switch's own, from which the lab looks at the cluster
	ring   bool       // carries corosync; Cut cuts it
}

type nodePlan struct {
	name  string
	id    int
	addrs []netip.Addr // one per link
	bmc   *bmcPlan     // nil for none
}

type bmcPlan struct {
	link         int // the network it is in
	addr         netip.Addr
	port         uint16
	username     string
	passwordFile string
}

// planFor derives the wiring from the spec: networks are those of the nodes'
// addresses and of the BMCs; what the spec does not name (the switch's addresses,
// the nodes' addresses beside the BMCs) is taken from the top of each network.
func planFor(c spec.Cluster) (plan, error) {
	p := plan{vip: c.VIP.Address}
	for _, n := range c.Nodes {
		p.nodes = append(p.nodes, nodePlan{name: n.Name, id: n.ID, addrs: append([]netip.Addr{}, n.Addrs...)})
	}
	if len(p.nodes) == 0 {
		return plan{}, errors.New("plan lab: the spec names no node")
	}
	for i := range p.nodes[0].addrs {
		l := link{bridge: fmt.Sprintf("br%d", i), nic: fmt.Sprintf("eth%d", i), ring: true, prefix: network(p.nodes[0].addrs[i], c.VIP.Address)}
		if i == 0 && c.VIP.NIC != "" {
			l.nic = c.VIP.NIC
		}
		for _, n := range p.nodes {
			if len(n.addrs) != len(p.nodes[0].addrs) || !l.prefix.Contains(n.addrs[i]) {
				return plan{}, fmt.Errorf("plan lab: address %d of node %s is not in %s", i+1, n.name, l.prefix)
			}
		}
		p.links = append(p.links, l)
	}
	for _, d := range c.Fencing {
		if err := p.addBMC(d); err != nil {
			return plan{}, fmt.Errorf("plan lab: fence device %s: %w", d.ID, err)
		}
	}
	return p, p.fillIn()
}

// addBMC puts the BMC of a fence device into the network that its address is in,
// or into one of its own.
func (p *plan) addBMC(d spec.FenceDevice) error {
	b := bmcPlan{port: 623, username: option(d, "username"), passwordFile: passwordFile(d), link: -1}
	var err error
	if b.addr, err = netip.ParseAddr(option(d, "ip")); err != nil {
		return fmt.Errorf("the lab needs an IP address in option ip: %w", err)
	}
	if text := option(d, "ipport"); text != "" {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return fmt.Errorf("read ipport: %w", err)
		}
		b.port = uint16(port)
	}
	if b.username == "" || b.passwordFile == "" {
		return errors.New("the lab needs the options username and password_file, or with stock agents a password_script that is cat FILE")
	}
	for i, l := range p.links {
		if l.prefix.Contains(b.addr) {
			b.link = i
		}
	}
	if b.link < 0 {
		b.link = len(p.links)
		p.links = append(p.links, link{bridge: "bmc", nic: fmt.Sprintf("eth%d", b.link), prefix: network(b.addr, netip.Prefix{})})
		if b.link > 0 && p.links[b.link-1].bridge == "bmc" {
			return fmt.Errorf("the lab has one BMC network, %s is not in %s", b.addr, p.links[b.link-1].prefix)
		}
	}
	for i := range p.nodes {
		if n := &p.nodes[i]; n.name == d.Target {
			if n.bmc != nil {
				return fmt.Errorf("the lab gives node %s one BMC", n.name)
			}
			n.bmc = &b
			return nil
		}
	}
	return fmt.Errorf("target %s is no node", d.Target)
}

// fillIn gives an address to the switch and to every node in each network where
// the spec names none.
func (p *plan) fillIn() error {
	used := map[netip.Addr]bool{p.vip.Addr(): true}
	for _, n := range p.nodes {
		for _, a := range n.addrs {
			used[a] = true
		}
		if n.bmc != nil {
			used[n.bmc.addr] = true
		}
	}
	for i := range p.links {
		next := lastAddr(p.links[i].prefix).Prev() // not the broadcast address
		take := func() netip.Addr {
			for used[next] {
				next = next.Prev()
			}
			used[next] = true
			return next
		}
		p.links[i].addr = take()
		for j := range p.nodes {
			if n := &p.nodes[j]; len(n.addrs) <= i {
				n.addrs = append(n.addrs, take())
			}
		}
		if !p.links[i].prefix.Contains(next) {
			return fmt.Errorf("plan lab: network %s has no room for the lab's own addresses", p.links[i].prefix)
		}
	}
	return nil
}

// network guesses the network of an address: the floating IP's when that holds
// it, else the customary size.
func network(a netip.Addr, vip netip.Prefix) netip.Prefix {
	if vip.IsValid() && vip.Contains(a) {
		return vip.Masked()
	}
	if a.Is4() {
		return netip.PrefixFrom(a, 24).Masked()
	}
	return netip.PrefixFrom(a, 64).Masked()
}

// lastAddr is the highest address of p.
func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// passwordFile is the file that a device takes its password from. Stock agents know no such
// option: they run a program that writes the password, which generated configurations have be cat.
func passwordFile(d spec.FenceDevice) string {
	if file := option(d, "password_file"); file != "" {
		return file
	}
	if file, ok := strings.CutPrefix(option(d, "password_script"), "cat "); ok {
		return file
	}
	return ""
}

func option(d spec.FenceDevice, name string) string {
	for _, o := range d.Options {
		if o.Name == name {
			return o.Value
		}
	}
	return ""
}

// macOf is the fixed, locally administered MAC address of port id (0: the bridge
// itself) in network i. A bridge with a borrowed address would change it when
// that port's node loses power, and every peer's ARP entry would be stale.
func macOf(i, id int) net.HardwareAddr {
	return net.HardwareAddr{0x02, 0x00, 0x0a, 0x1a, byte(i), byte(id)}
}
