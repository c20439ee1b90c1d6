package adopt

import (
	"net/netip"
	"slices"

	"github.com/oneha/oneha/internal/spec"
)

// nodes are those of corosync.conf, with the names that the CIB has for their ids;
// without one those of the CIB, and where that was never loaded those that fence
// devices and constraints name.
func (d *draft) nodes(g *given, conf *corosync, hosts func(string) []netip.Addr, all []resource) {
	c := &d.cluster
	var known []member
	for _, e := range g.section("nodes") {
		if e.Tag == "node" && e.SelectAttrValue("type", "member") == "member" {
			known = append(known, member{id: e.SelectAttrValue("id", ""), name: e.SelectAttrValue("uname", "")})
		}
	}
	slices.SortStableFunc(known, func(a, b member) int { return number(a.id) - number(b.id) })
	members := conf.members()
	for i, m := range members {
		if j := slices.IndexFunc(known, func(k member) bool { return k.id == m.id }); m.name == "" && j >= 0 {
			members[i].name = known[j].name
		}
	}
	members = slices.DeleteFunc(members, func(m member) bool { return m.name == "" })
	if len(members) == 0 {
		members = known
	}
	if len(members) == 0 {
		for _, name := range namedNodes(g, all) {
			members = append(members, member{name: name})
		}
	}
	whole := true
	for i, m := range members {
		n := spec.Node{Name: m.name, ID: i + 1}
		for _, text := range m.addrs {
			a, err := netip.ParseAddr(text)
			if err != nil && hosts != nil {
				for _, a = range hosts(text) {
					break
				}
			}
			if a.IsValid() {
				n.Addrs = append(n.Addrs, a.Unmap())
			}
		}
		if len(m.addrs) == 0 && hosts != nil {
			for _, a := range hosts(m.name) {
				n.Addrs = append(n.Addrs, a.Unmap())
				break
			}
		}
		whole = whole && len(n.Addrs) > 0 && len(n.Addrs) >= len(m.addrs)
		c.Nodes = append(c.Nodes, n)
	}
	if len(c.Nodes) < 2 {
		d.noNodes()
		whole = whole && len(d.strangers) < 2
	}
	if !whole {
		d.noAddrs()
	}
}

// namedNodes are the nodes that fence devices and constraints name, in their order.
func namedNodes(g *given, all []resource) (names []string) {
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, r := range all {
		if r.class == "stonith" {
			for _, p := range hostsOf(r) {
				add(p.Node)
			}
		}
	}
	for _, e := range g.section("constraints") {
		add(e.SelectAttrValue("node", ""))
	}
	return names
}
