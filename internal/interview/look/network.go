package look

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/interview"
)

// network finds the addresses of this machine, and the other machines that /etc/hosts
// knows.
func (l *looker) network() {
	all, err := l.Interfaces()
	if err != nil {
		l.unknown("interfaces", err)
	}
	for _, i := range all {
		if !i.Up || i.Name == "lo" {
			continue
		}
		up := interview.Interface{Name: i.Name}
		for _, text := range i.Addresses {
			if p, err := netip.ParsePrefix(text); err == nil {
				up.Addresses = append(up.Addresses, p)
			}
		}
		l.m.Interfaces = append(l.m.Interfaces, up)
	}
	l.m.Default = l.defaultRoute()
	text, err := l.read("/etc/hosts")
	if err != nil {
		l.unknown("other machines", err)
	}
	l.m.Hosts = hosts(text, l.Name)
}

// defaultRoute finds the interface of the default route: of IPv4, else of IPv6
// (proc(5), /proc/net/route).
func (l *looker) defaultRoute() string {
	zero := strings.Repeat("0", 32)
	for _, table := range []struct {
		file                    string
		to, mask, metric, iface int // columns
		zero, any               string
	}{
		{"/proc/net/route", 1, 7, 6, 0, "00000000", "00000000"},
		{"/proc/net/ipv6_route", 0, 1, 5, 9, zero, "00"},
	} {
		text, err := l.read(table.file)
		if err != nil {
			continue
		}
		best, iface := "", ""
		for line := range strings.Lines(text) {
			f := strings.Fields(line)
			if len(f) < 10 || f[table.to] != table.zero || f[table.mask] != table.any || f[table.iface] == "lo" {
				continue
			}
			// Decimal in one table, hexadecimal of a fixed width in the other.
			if metric := f[table.metric]; iface == "" || len(metric) < len(best) || len(metric) == len(best) && metric < best {
				best, iface = metric, f[table.iface]
			}
		}
		if iface != "" {
			return iface
		}
	}
	return ""
}

// hosts reads hosts(5): the machines other than this one, each by the first name of a
// line, with the addresses of all lines.
func hosts(text, self string) (all []interview.Host) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		a, err := netip.ParseAddr(f[0])
		if err != nil || a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast() || slices.Contains(f[1:], self) {
			continue
		}
		// A node's name is what uname prints there: of a name with domain and one without
		// that which is written like this machine's own.
		name := f[1]
		for _, alias := range f[1:] {
			if strings.Contains(alias, ".") == strings.Contains(self, ".") {
				name = alias
				break
			}
		}
		if i := slices.IndexFunc(all, func(h interview.Host) bool { return h.Name == name }); i >= 0 {
			all[i].Addrs = append(all[i].Addrs, a)
			continue
		}
		all = append(all, interview.Host{Name: name, Addrs: []netip.Addr{a}})
	}
	return all
}
