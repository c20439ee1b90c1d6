package spec

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

const (
	minNodes, maxNodes = 2, 16
	maxLinks           = 8  // corosync.conf(5), knet
	maxNodeName        = 64 // HOST_NAME_MAX, what uname -n can hold
)

// node is a node with the places that later checks point at.
type node struct {
	name  string
	at    place
	links []link
	whole bool  // every link could be read
	bmc   value // a URL or a map; absent where an entry of fencing has to cover the node
	body  place // of the node's map, where a BMC that misses is reported
}

// link is a node's address on one corosync link.
type link struct {
	addr netip.Addr
	at   place
}

func (n node) addresses() (addrs []netip.Addr) {
	for _, l := range n.links {
		addrs = append(addrs, l.addr)
	}
	return addrs
}

// nodes reads the map of nodes. A node with a mistake in it stays in the list,
// so that its mistake does not also change their number.
func (r *reader) nodes(v value) []node {
	if !r.isMap(v, "nodes", "NAME: {addr: ADDRESS, bmc: URL} for each node") {
		return nil
	}
	var nodes []node
	for _, f := range v.fields {
		if f.unnamed() {
			continue
		}
		n := r.node(f)
		if i := slices.IndexFunc(nodes, func(o node) bool { return strings.EqualFold(o.name, n.name) }); i >= 0 {
			r.error(n.at, fmt.Sprintf("node %q and node %q differ only in case", clip(n.name), clip(nodes[i].name)), "host names ignore case; rename or remove one")
			continue
		}
		nodes = append(nodes, n)
	}
	switch {
	case len(nodes) == 0 && len(v.fields) == 0:
		r.error(v.at, "nodes is empty", "add two nodes")
	case len(v.fields)+v.again < minNodes:
		r.error(v.at, "one node is no cluster", "add a second node, which takes over when the first fails")
	case len(nodes) > maxNodes:
		r.error(v.at, fmt.Sprintf("%d nodes are too many", len(nodes)), fmt.Sprintf("corosync is tested with up to %d full nodes", maxNodes))
	}
	return nodes
}

// node reads one entry of nodes.
func (r *reader) node(f field) node {
	n := node{name: f.key, at: f.at, bmc: value{kind: broken}}
	label := fmt.Sprintf("node %s", clip(f.key))
	if !isHostName(f.key, maxNodeName) {
		r.error(f.at, fmt.Sprintf("node name %q is no host name", clip(f.key)), "use what `uname -n` prints on the node: letters, digits and - in labels separated by dots")
	}
	form := "{addr: ADDRESS, bmc: URL}"
	if f.value.kind == null {
		r.error(f.at, label+" has no value", "write "+form)
		return n
	}
	if !r.isMap(f.value, label, form) {
		return n
	}
	s := r.section("nodes.*", label, f.value)
	n.links, n.whole = r.links(s.need("addr", "add addr: ADDRESS, where the other nodes reach it"), label)
	n.body, n.bmc = s.at, s.get("bmc")
	if n.bmc.kind == absent && (s.dubious || r.excused["nodes.*.bmc"]) {
		n.bmc.kind = broken
	}
	return n
}

// links reads a node's addresses.
func (r *reader) links(v value, label string) (links []link, whole bool) {
	items, ok := r.texts(v, "addr of "+label, true)
	if !ok {
		return nil, false
	}
	if len(items) > maxLinks {
		r.error(v.at, fmt.Sprintf("addr of %s lists %d links", label, len(items)), fmt.Sprintf("corosync has at most %d", maxLinks))
		return nil, false
	}
	whole = true
	for _, item := range items {
		a, ok := r.hostAddr(item, "addr of "+label)
		if ok {
			links = append(links, link{a, item.at})
		}
		whole = whole && ok
	}
	return links, whole
}

// hostAddr reads an address that a machine can have.
func (r *reader) hostAddr(v value, what string) (netip.Addr, bool) {
	text, ok := r.text(v, what)
	if !ok {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		fix := "give an IPv4 or IPv6 address, such as 10.3.4.20"
		if p, err := netip.ParsePrefix(text); err == nil {
			fix = fmt.Sprintf("give the address without a prefix length: %s", p.Addr())
		}
		r.error(v.at, fmt.Sprintf("%s is %q, which is not an IP address", what, clip(text)), fix)
		return a, false
	}
	if why := unfit(a); why != "" {
		r.error(v.at, fmt.Sprintf("%s is %s, %s", what, a, why), "give the address of the interface")
		return a, false
	}
	return a.Unmap(), true
}

// unfit says why an address cannot be a host's, or "".
func unfit(a netip.Addr) string {
	switch a = a.Unmap(); {
	case a.Zone() != "":
		return "an address with a zone, which means another interface on each node"
	case a.IsLinkLocalUnicast():
		return "a link-local address, which means another interface on each node"
	case a.IsUnspecified():
		return "the unspecified address"
	case a.IsLoopback():
		return "a loopback address"
	case a.IsMulticast():
		return "a multicast address"
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "the broadcast address"
	}
	return ""
}

// checkLinks compares the nodes' addresses: all different, as many links on
// every node, one address family per link. It reports whether they are, as far
// as they could be read.
func (r *reader) checkLinks(nodes []node) (ok bool) {
	ok = true
	owner := map[netip.Addr]string{}
	for _, n := range nodes {
		for _, l := range n.links {
			if other, taken := owner[l.addr]; taken {
				r.error(l.at, fmt.Sprintf("addr %s of node %s is also given for node %s", l.addr, clip(n.name), other), "give every link of every node its own address")
				ok = false
				continue
			}
			owner[l.addr] = clip(n.name)
		}
	}
	first := slices.IndexFunc(nodes, func(n node) bool { return n.whole })
	if first < 0 || !ok {
		return ok
	}
	a := nodes[first]
	for _, b := range nodes[first+1:] {
		if !b.whole {
			continue
		}
		if len(a.links) != len(b.links) {
			r.error(b.links[0].at, fmt.Sprintf("node %s has %s, node %s has %s", clip(b.name), diag.Count(len(b.links), "link"), clip(a.name), diag.Count(len(a.links), "link")), "give every node an address for every link")
			ok = false
			continue
		}
		for i, l := range b.links {
			if l.addr.Is4() != a.links[i].addr.Is4() {
				r.error(l.at, fmt.Sprintf("link %d is %s on node %s and %s on node %s", i, a.links[i].addr, clip(a.name), l.addr, clip(b.name)), "use one address family per link, in the same order on every node")
				ok = false
				break
			}
		}
	}
	return ok
}
