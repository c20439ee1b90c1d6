package interview

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/one"
)

// members are the nodes that there seem to be: those of the cluster that exists, else
// this machine and the one that /etc/hosts shows to be its peer.
func (m Machine) members() (names []string) {
	if len(m.Nodes) > 0 {
		for _, n := range m.Nodes {
			names = append(names, n.Name)
		}
		return names
	}
	if m.Name == "" {
		return nil
	}
	names = []string{m.Name}
	for _, h := range m.peers() {
		names = append(names, h.Name)
	}
	slices.Sort(names)
	return names
}

// peers are the machines of /etc/hosts that are called like this one but for their
// number and have an address in one of its networks; or the only other machine there.
func (m Machine) peers() []Host {
	var near, alike []Host
	for _, h := range m.Hosts {
		if h.Name == m.Name || !slices.ContainsFunc(h.Addrs, func(a netip.Addr) bool { return m.reaches(a) && !m.floats(a) }) {
			continue
		}
		near = append(near, h)
		if stem(h.Name) == stem(m.Name) && h.Name != stem(h.Name) {
			alike = append(alike, h)
		}
	}
	if len(alike) > 0 || len(near) != 1 {
		return alike
	}
	return near
}

// stem is the first label of a name without its number.
func stem(name string) string {
	label, _, _ := strings.Cut(name, ".")
	return strings.TrimRight(label, "0123456789")
}

func (m Machine) reaches(a netip.Addr) bool {
	return slices.ContainsFunc(m.networks(), func(p netip.Prefix) bool { return p.Contains(a) })
}

// bmcAffixes are what people put around a node's name to call its BMC in /etc/hosts.
var bmcAffixes = []string{"bmc", "ilo", "ipmi", "idrac", "drac", "imm", "xcc"}

// bmc is the URL of the BMC that a node seems to have, "" when nothing shows one.
func (m Machine) bmc(name string) string {
	a := netip.Addr{}
	if name == m.Name {
		a = m.BMC
	}
	label, _, _ := strings.Cut(name, ".")
	for _, h := range m.Hosts {
		host, _, _ := strings.Cut(h.Name, ".")
		for _, affix := range bmcAffixes {
			if !a.IsValid() && (host == label+"-"+affix || host == affix+"-"+label) {
				a = h.Addrs[0]
			}
		}
	}
	switch {
	case !a.IsValid():
		return ""
	case a.Is6():
		return m.scheme() + "://[" + a.String() + "]"
	}
	return m.scheme() + "://" + a.String()
}

// generations are HPE's servers by what is in their BMC.
var generations = []struct{ word, scheme string }{
	{"Gen12", "redfish"}, {"Gen11", "ilo6"}, {"Gen10", "ilo5"}, {"Gen9", "ilo4"}, {"Gen8", "ilo4"}, {"G7", "ilo3"},
}

// scheme is how the BMCs of such a machine are asked.
func (m Machine) scheme() string {
	for _, g := range generations {
		if strings.Contains(m.Model, "ProLiant") && strings.Contains(m.Model, g.word) {
			return g.scheme
		}
	}
	return "ipmi"
}

// vip is the floating IP that there seems to be, with its prefix length. One of
// which only the address is known takes that of the network it is in.
func (m Machine) vip() (netip.Prefix, string) {
	for _, f := range m.VIPs {
		a := f.Address.Addr()
		if f.Address.IsValid() && !f.Address.IsSingleIP() {
			return f.Address, f.From
		}
		for _, network := range m.networks() {
			if network.Contains(a) {
				return netip.PrefixFrom(a, network.Bits()), f.From
			}
		}
	}
	return netip.Prefix{}, ""
}

// services are those to run: oned, and of the others that no other one's unit pulls
// in, those that start at boot here; all of them where none does, as on a machine
// whose services were handed to a cluster already.
func (m Machine) services() []string {
	installed, enabled := []string{"oned"}, []string{"oned"}
	for _, s := range m.Services {
		row, ok := one.ServiceNamed(s.Name)
		if !ok || s.Name == "oned" || pulledIn(row.Unit) {
			continue
		}
		installed = append(installed, s.Name)
		if s.Enabled {
			enabled = append(enabled, s.Name)
		}
	}
	if len(enabled) > 1 {
		return enabled
	}
	return installed
}

// pulledIn are the installed services that the unit of another one starts.
func (m Machine) pulledIn() (names []string) {
	for _, s := range m.Services {
		if row, ok := one.ServiceNamed(s.Name); ok && pulledIn(row.Unit) {
			names = append(names, s.Name)
		}
	}
	return names
}

// pulledIn reports whether the unit of another service starts this one.
func pulledIn(unit string) bool {
	return slices.ContainsFunc(one.Services, func(s one.Service) bool { return slices.Contains(s.Wants, unit) })
}

// Notes are what a person should know before there is a cluster: one line each.
func (m Machine) Notes() (notes []string) {
	if m.Oned == nil {
		return nil
	}
	if m.Oned.Raft != "" {
		notes = append(notes, m.Oned.Raft+": this is a server of OpenNebula's own Raft zone, which elects its leader itself; take that out before Pacemaker starts and stops oned")
	}
	switch db := m.Oned.Database; {
	case db.Backend == "sqlite":
		notes = append(notes, "oned.conf has the SQLite backend: "+db.File+" is on this machine and lost with it, unless it lies on storage that moves with oned; move to MySQL or MariaDB first (onedb sqlite2mysql)")
	case db.Server == "localhost" || strings.HasPrefix(db.Server, "127.") || db.Server == "::1":
		notes = append(notes, "oned.conf has the database at "+db.Server+": each node would have one of its own, with different content, unless they replicate each other")
	case db.Server == m.Name && m.Name != "":
		notes = append(notes, "oned.conf has the database on this machine: it is lost with it")
	}
	return notes
}
