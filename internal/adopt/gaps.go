package adopt

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/spec"
)

// Stand-ins are of the networks and names that are for documentation (RFC 5737, RFC
// 2606), so that none is taken for an address of somebody's.
var (
	standInVIP  = netip.MustParsePrefix("192.0.2.254/24")
	standInName = "stand-in"
)

func standInAddr(node int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, 100, byte(node + 1)}) }

// fillsGap reports whether a value of corosync.conf is a stand-in.
func fillsGap(s string) bool { return hasPrefix(s, standInName) || hasPrefix(s, "198.51.100.") }

// noNodes, noName, noAddrs, noBMC, noVIP and noOned put a stand-in in place of what
// misses.
func (d *draft) noNodes() {
	have := len(d.cluster.Nodes)
	for len(d.cluster.Nodes) < 2 {
		name := fmt.Sprintf("%s-%d", standInName, len(d.cluster.Nodes)+1)
		n := spec.Node{Name: name, ID: len(d.cluster.Nodes) + 1}
		if have > 0 {
			for range d.cluster.Nodes[0].Addrs {
				n.Addrs = append(n.Addrs, standInAddr(len(d.cluster.Nodes)))
			}
		}
		d.cluster.Nodes = append(d.cluster.Nodes, n)
		d.strangers = append(d.strangers, name)
	}
	const form = "  NAME: {addr: ADDRESS, bmc: \"redfish://ADDRESS\"}"
	switch have {
	case 0:
		d.gaps["nodes"] = "MISSING: neither the CIB nor a corosync.conf names a node. Write\nnodes:\n" + form + "\n" + form
	case 1:
		d.gaps["nodes"] = "MISSING: only one node is named, and a cluster has two or more. Below nodes, write\n" + form
	}
}

func (d *draft) noName() {
	d.cluster.Name = standInName
	d.gaps["cluster"] = "MISSING: no source says what the cluster is called. Write\ncluster: NAME"
}

func (d *draft) noAddrs() {
	for i, n := range d.cluster.Nodes {
		d.cluster.Nodes[i].Addrs = []netip.Addr{standInAddr(i)}
		d.gaps["nodes."+n.Name+".addr"] = "MISSING: a CIB does not say where corosync reaches the node; import with --corosync\nFILE, or write\naddr: ADDRESS"
	}
}

func (d *draft) noBMC(node string) {
	agent := "fence_bmc_ipmi"
	if d.cluster.Agents == spec.Stock {
		agent = "fence_ipmilan"
	}
	device, _ := spec.BMCDevice(spec.FenceDevice{ID: "fence-" + node, Agent: agent, Target: node, Options: []spec.Option{
		{Name: "ip", Value: strings.ToLower(node) + ".bmc.invalid"}, {Name: "username", Value: standInName}}}, d.cluster.Agents)
	at := slices.IndexFunc(d.cluster.Nodes, func(n spec.Node) bool { return n.Name == node })
	d.cluster.Fencing = slices.Insert(d.cluster.Fencing, min(at, len(d.cluster.Fencing)), device)
	d.standIns = append(d.standIns, device.ID)
	d.gaps["nodes."+node+".bmc"] = "MISSING: nothing was found that powers off this node alone. Write\nbmc: \"redfish://ADDRESS\""
	logsIn := func(f spec.FenceDevice) bool {
		_, isBMC := spec.BMCDevice(f, d.cluster.Agents)
		return isBMC && !d.isStandIn(f)
	}
	if !slices.ContainsFunc(d.cluster.Fencing, logsIn) {
		d.gaps["bmc"] = "MISSING: nothing says how to log in to the BMCs. Write\nbmc: {username: NAME, password_file: " + spec.DefaultPasswordFile + "}"
	}
}

func (d *draft) noVIP() {
	if more := d.cluster.MoreVIPs; len(more) > 0 {
		d.cluster.VIP, d.cluster.MoreVIPs = more[0], more[1:]
		return
	}
	d.cluster.VIP = spec.VIP{ID: "vip", Address: standInVIP}
	d.standIns = append(d.standIns, "vip")
	d.gaps["vip"] = "MISSING: there is no floating IP. Write\nvip: ADDRESS/PREFIX"
}

func (d *draft) noOned() {
	d.cluster.Services = append([]string{"oned"}, d.cluster.Services...)
	d.standIns = append(d.standIns, "oned")
	d.gaps["services"] = "MISSING: nothing here runs oned, so this is no front-end of OpenNebula's. Write\nservices: [" + strings.Join(d.cluster.Services, ", ") + "]"
}

// noMask marks a floating IP whose prefix length nothing says.
func (d *draft) noMask(v *spec.VIP, a netip.Addr) {
	bits := 24
	if a.Is6() {
		bits = 64
	}
	v.Address = netip.PrefixFrom(a, bits)
	d.masks = append(d.masks, v.ID)
}

// noMasks is the gap of floating IPs together, "" where all are whole. Ids that only
// count begin with prefix.
func (d draft) noMasks(vips []spec.VIP, prefix string) string {
	var items, unknown []string
	for i, v := range vips {
		id := prefix
		if i > 0 {
			id = prefix + "-" + strconv.Itoa(i+1)
		}
		address := v.Address.String()
		if slices.Contains(d.masks, v.ID) {
			address = v.Address.Addr().String() + "/PREFIX"
			unknown = append(unknown, v.Address.Addr().String())
		}
		item := address
		if v.Address.Addr().Is6() {
			item = strconv.Quote(address)
		}
		switch nic := ", nic: " + v.NIC; {
		case v.NIC != "" && v.ID != id:
			item = "{address: " + item + nic + ", name: " + v.ID + "}"
		case v.NIC != "":
			item = "{address: " + item + nic + "}"
		case v.ID != id:
			item = "{address: " + item + ", name: " + v.ID + "}"
		}
		items = append(items, item)
	}
	if len(unknown) == 0 {
		return ""
	}
	list := strings.Join(items, ", ")
	if len(items) > 1 {
		list = "[" + list + "]"
	}
	return fmt.Sprintf("MISSING: the prefix length, which the agent finds out by itself on each node. See\n`ip -o address` on the node that has %s, and write\nvip: %s", strings.Join(unknown, " or "), list)
}

func (d draft) isStandIn(f spec.FenceDevice) bool { return slices.Contains(d.standIns, f.ID) }

// takeStandIns takes away from a generated CIB what only fills a gap.
func (d draft) takeStandIns(g *given) {
	g.remove(d.standIns...)
	for _, r := range g.resources() {
		if !slices.Contains(d.masks, r.id) {
			continue
		}
		for _, set := range r.element.SelectElements("instance_attributes") {
			for _, nv := range set.SelectElements("nvpair") {
				if nv.SelectAttrValue("name", "") == "cidr_netmask" {
					set.RemoveChild(nv)
				}
			}
		}
	}
}

// emptied returns a cluster without the stand-ins.
func (d draft) emptied(c spec.Cluster) spec.Cluster {
	if d.gaps["cluster"] != "" {
		c.Name = ""
	}
	c.Nodes = slices.DeleteFunc(slices.Clone(c.Nodes), func(n spec.Node) bool { return slices.Contains(d.strangers, n.Name) })
	for i, n := range c.Nodes {
		if d.gaps["nodes."+n.Name+".addr"] != "" {
			c.Nodes[i].Addrs = nil
		}
	}
	delay := time.Duration(0)
	for _, f := range c.Fencing {
		delay = max(delay, f.Delay)
	}
	c.Fencing = slices.DeleteFunc(slices.Clone(c.Fencing), d.isStandIn)
	if len(c.Fencing) > 0 { // of a description, not of a device
		c.Fencing[0].Delay = delay
	}
	unknown := func(v spec.VIP) bool { return slices.Contains(d.standIns, v.ID) || slices.Contains(d.masks, v.ID) }
	if slices.ContainsFunc(d.vips(), unknown) { // then the comment has them all
		c.VIP.Address, c.MoreVIPs = netip.Prefix{}, nil
	}
	c.Domains = slices.Clone(c.Domains)
	for i, dom := range c.Domains {
		if slices.ContainsFunc(dom.VIPs, unknown) {
			c.Domains[i].VIPs = nil
		}
	}
	if !d.frontEnd {
		c.Services = nil
	}
	return c
}

// ownGaps are the gaps but those of nodes that only fill one themselves.
func (d draft) ownGaps() spec.Comments {
	own := maps.Clone(d.gaps)
	maps.DeleteFunc(own, func(path, _ string) bool {
		return slices.ContainsFunc(d.strangers, func(n string) bool { return hasPrefix(path, "nodes."+n+".") })
	})
	for i, dom := range append([]spec.Domain{{VIPs: d.vips()}}, d.cluster.Domains...) {
		path, prefix := "domains."+dom.Name+".vip", dom.Name+"-vip"
		if i == 0 {
			path, prefix = "vip", "vip"
		}
		if gap := d.noMasks(dom.VIPs, prefix); gap != "" && own[path] == "" {
			own[path] = gap
		}
	}
	return own
}

// vips are those of the main domain.
func (d draft) vips() []spec.VIP {
	return append([]spec.VIP{d.cluster.VIP}, d.cluster.MoreVIPs...)
}
