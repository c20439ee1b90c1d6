package look

import (
	"encoding/xml"
	"net/netip"
	"strconv"
	"strings"

	"github.com/oneha/oneha/internal/interview"
)

// cluster reads what an existing cluster says: its corosync.conf, and the floating
// IPs in the configuration that Pacemaker keeps on this disk. Neither has to run.
func (l *looker) cluster() {
	text, err := l.read("/etc/corosync/corosync.conf")
	if err != nil {
		l.unknown("an existing cluster", err)
	} else {
		l.corosync(text)
	}
	text, err = l.read("/var/lib/pacemaker/cib/cib.xml")
	if err != nil {
		l.unknown("an existing cluster", err)
		return
	}
	l.m.VIPs = append(l.m.VIPs, floating(text)...)
}

// corosync reads the names and addresses of a corosync.conf(5). A file as packages
// ship it, with a node at the loopback, describes no cluster.
func (l *looker) corosync(text string) {
	var sections []string
	var nodes []interview.Host
	var cluster, qdevice string
	usable := true
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if name, ok := strings.CutSuffix(line, "{"); ok {
			sections = append(sections, strings.TrimSpace(name))
			if strings.Join(sections, ".") == "nodelist.node" {
				nodes = append(nodes, interview.Host{})
			}
			continue
		}
		if line == "}" {
			sections = sections[:max(0, len(sections)-1)]
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch path := strings.Join(sections, ".") + "." + key; {
		case path == "totem.cluster_name":
			cluster = value
		case path == "quorum.device.net.host":
			qdevice = value
		case path == "nodelist.node.name":
			nodes[len(nodes)-1].Name = value
		case strings.HasPrefix(path, "nodelist.node.ring") && strings.HasSuffix(path, "_addr"):
			a, err := netip.ParseAddr(value)
			n := &nodes[len(nodes)-1]
			if err != nil {
				if n.Name == "" {
					n.Name = value // as clusters before corosync 3 are written
				}
				continue
			}
			usable = usable && !a.IsLoopback()
			n.Addrs = append(n.Addrs, a)
		}
	}
	for _, n := range nodes {
		usable = usable && n.Name != ""
	}
	if !usable || len(nodes) < 2 {
		return
	}
	l.m.Nodes, l.m.Cluster, l.m.QDevice = nodes, cluster, qdevice
	for i, n := range l.m.Nodes {
		if len(n.Addrs) > 0 {
			continue // names alone: what /etc/hosts and the interfaces say
		}
		for _, h := range l.m.Hosts {
			if h.Name == n.Name {
				l.m.Nodes[i].Addrs = h.Addrs[:1]
			}
		}
	}
}

// floating finds the floating IPs of a CIB: those of IPaddr2 and of our own agent.
func floating(text string) (all []interview.Floating) {
	d := xml.NewDecoder(strings.NewReader(text))
	var ip, bits string
	inside := false
	for {
		token, err := d.Token()
		if err != nil { // the end, or a file that is cut off
			return all
		}
		switch e := token.(type) {
		case xml.StartElement:
			switch kind := attribute(e, "type"); {
			case e.Name.Local == "primitive":
				inside, ip, bits = kind == "IPaddr2" || kind == "IPaddr" || attribute(e, "provider") == "opennebula" && kind == "vip", "", ""
			case inside && e.Name.Local == "nvpair" && attribute(e, "name") == "ip":
				ip = attribute(e, "value")
			case inside && e.Name.Local == "nvpair" && attribute(e, "name") == "cidr_netmask":
				bits = attribute(e, "value")
			}
		case xml.EndElement:
			if e.Name.Local != "primitive" || !inside {
				continue
			}
			inside = false
			if p, ok := prefix(ip, bits); ok {
				all = append(all, interview.Floating{Address: p, From: "the configuration of the existing cluster"})
			}
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// prefix is an address with its length, which may be missing or, of IPv4, be a mask.
func prefix(ip, bits string) (netip.Prefix, bool) {
	a, err := netip.ParseAddr(ip)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	if n, err := strconv.Atoi(bits); err == nil {
		if p := netip.PrefixFrom(a, n); p.IsValid() {
			return p, true
		}
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}
