package lint

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
)

// Rules about the machine that is a server of a zone: clock, database, addresses, units.

func raftClock(w *world, r *report) {
	if w.Node.raft() && !w.inCluster() && w.Node.Clock != nil && !w.Node.Clock.Synchronised {
		r.add(w.Node.place(), "the clock is not synchronised, by which oned holds elections", "")
	}
}

func ownDatabase(w *world, r *report) {
	o := w.Node.Oned
	if o == nil || o.ServerID < 0 || w.inCluster() {
		return // with a cluster that runs oned O01 comes first
	}
	at := Place{File: o.Config}
	if z := w.zone(); z != nil && o.Backend != "" && (o.Backend == "sqlite") != (z.Database == "sqlite") {
		r.as(diag.Warning, at, fmt.Sprintf("DB BACKEND is %s, and the description says %s", clip(o.Backend), z.Database), "correct one of the two: commands that copy the database go by it")
	}
	if o.Backend == "sqlite" || o.LocalDB || isLocalHost(o.Database) {
		return
	}
	if p := w.Peer; p != nil && p.Oned != nil && p.Oned.ServerID >= 0 && p.Oned.Database == o.Database && p.Oned.DatabaseName == o.DatabaseName {
		r.add(at, fmt.Sprintf("%s uses the database %s on %s too", clip(p.Name), clip(o.DatabaseName), clip(o.Database)), "")
		return
	}
	if z := w.zone(); z != nil && slices.ContainsFunc(z.VIPs, func(v spec.ZoneVIP) bool { return v.Address.Addr().String() == o.Database }) {
		r.add(at, fmt.Sprintf("the database is at the floating IP %s: it is another one with each leader", clip(o.Database)), "use the database of this server, at localhost")
		return
	}
	r.as(diag.Warning, at, fmt.Sprintf("the database is on %s, another machine: every server needs one of its own", clip(o.Database)), "see that no other server of the zone uses it, or use one on this machine")
}

// isLocalHost reports whether a host means the machine itself.
func isLocalHost(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "" || strings.EqualFold(host, "localhost") || err == nil && a.IsLoopback()
}

func bothModes(w *world, r *report) {
	for _, s := range w.sides {
		if w.zone() != nil && s.runsOned() {
			r.add(w.Description.where.first([]string{"mode"}), "the zone runs under Raft, and a cluster of Pacemaker runs oned", "give up one of the two")
			return
		}
	}
	if w.Node == nil || !w.Node.raft() && w.zone() == nil || w.inCluster() {
		return // O01 reports a server and a cluster
	}
	for _, name := range []string{"pacemaker.service", "corosync.service"} {
		u, ok := w.Node.unit(name)
		if !ok || !u.Active && u.Boot != "enabled" {
			continue
		}
		how := "runs"
		if !u.Active {
			how = "is enabled at boot"
		}
		severity := diag.Warning // it may have nothing to do with OpenNebula
		if slices.ContainsFunc(w.Node.Units, func(o Unit) bool { return strings.HasPrefix(o.Name, "opennebula") && o.Clustered }) {
			severity = diag.Error
		}
		r.as(severity, w.Node.place(), fmt.Sprintf("%s %s on a server of a Raft zone", name, how), "systemctl disable --now "+name+", unless it is for something else than OpenNebula")
	}
}

func zoneVIPs(w *world, r *report) {
	z := w.zone()
	if z == nil || len(w.Node.Interfaces) == 0 || w.Node.Zone == nil || w.Node.Zone.Server == "" {
		return
	}
	for _, v := range z.VIPs {
		i := slices.IndexFunc(w.Node.Interfaces, func(i Interface) bool { return i.Name == v.NIC })
		if i < 0 {
			r.add(w.Node.place(), fmt.Sprintf("the floating IP %s is to be on %s, which this server does not have", v.Address.Addr(), clip(v.NIC)), "name an interface that every server has; ip link property add dev NAME altname "+v.NIC+" gives one a second name")
			continue
		}
		nic, fits, other := w.Node.Interfaces[i], v.Address.IsSingleIP(), ""
		for _, text := range nic.Addresses {
			p, err := netip.ParsePrefix(text)
			if err != nil || p.Addr() == v.Address.Addr() || p.IsSingleIP() || !p.Contains(v.Address.Addr()) {
				continue
			}
			if p.Bits() == v.Address.Bits() {
				fits = true
			} else {
				other = fmt.Sprintf("has the prefix length %d, and %s %d", v.Address.Bits(), clip(nic.Name), p.Bits())
			}
		}
		switch {
		case fits:
		case other != "":
			r.add(w.Node.place(), fmt.Sprintf("the floating IP %s %s", v.Address.Addr(), other), "give it that of the interface's network")
		default:
			r.as(diag.Warning, w.Node.place(), fmt.Sprintf("no address of %s is in the network of the floating IP %s", clip(nic.Name), v.Address), "see that the address can be reached there, or give another nic")
		}
	}
}

func guarded(w *world, r *report) {
	n := w.Node
	if n.Oned == nil || n.Oned.ServerID < 0 {
		return
	}
	described := w.zone() != nil && n.Zone != nil && n.Zone.Server != ""
	if !described && !isOurHook(n.Oned.LeaderHook) && !isOurHook(n.Oned.FollowerHook) {
		return
	}
	switch guard, ok := n.unit(zoneconf.GuardUnit); {
	case !ok:
		r.add(n.place(), "there is no "+zoneconf.GuardUnit+": nothing gives the floating IP up when oned hangs or loses its majority", "install oneha, and systemctl enable --now "+zoneconf.GuardUnit)
	case guard.Boot != "enabled":
		r.add(n.place(), zoneconf.GuardUnit+" is "+guard.Boot+" at boot", "systemctl enable --now "+zoneconf.GuardUnit)
	case !guard.Active:
		r.add(n.place(), zoneconf.GuardUnit+" does not run", "systemctl start "+zoneconf.GuardUnit+"; journalctl -u "+zoneconf.GuardUnit+" says why it does not")
	}
	if described && len(w.zone().VIPs) > 0 && !n.Zone.Sudoers {
		r.add(Place{File: zoneconf.SudoersFile}, "nothing lets oned call its hooks as root", "install it as oneha generate writes it, owned by root, mode 0440")
	}
}
