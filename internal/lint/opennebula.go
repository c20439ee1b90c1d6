package lint

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/one"
)

// Rules about a node: its units, its OpenNebula, its twin.

func bootUnits(w *world, r *report) {
	n := w.Node
	clustered := w.clustered()
	companions := companionsOf(clustered)
	for _, u := range n.Units {
		if _, ok := clustered[u.Name]; ok && u.Boot == "enabled" {
			r.add(n.place(), u.Name+" is enabled at boot, and the cluster runs it: after a boot it may run on two nodes", "systemctl disable "+u.Name)
		}
		if _, ok := clustered[u.Name]; ok && u.Boot == "masked" {
			r.add(n.place(), u.Name+" is masked, so that the cluster cannot start it", "systemctl unmask "+u.Name)
		}
		if with, ok := companions[u.Name]; ok && u.Boot == "enabled" {
			r.add(n.place(), u.Name+" is enabled at boot, and belongs to "+with+", which the cluster runs: it is started on a node without it", "systemctl disable "+u.Name+"; it starts with "+with)
		}
	}
	if oned, ok := n.unit("opennebula.service"); ok && len(clustered) == 0 && n.Oned != nil && n.Oned.ServerID >= 0 && oned.Boot == "disabled" {
		r.add(n.place(), "opennebula.service is not enabled at boot, and this node is a server of a Raft zone, which must run to vote", "systemctl enable opennebula")
	}
	pacemaker, okP := n.unit("pacemaker.service")
	corosync, okC := n.unit("corosync.service")
	if okP && okC && corosync.Boot == "enabled" && pacemaker.Boot == "disabled" {
		r.as(diag.Warning, n.place(), "corosync is enabled at boot and pacemaker is not: the node votes and runs nothing", "systemctl enable pacemaker, or disable both where a fenced node is to be looked at first")
	}
	if w.Peer != nil {
		if other, ok := w.Peer.unit("pacemaker.service"); ok && okP && other.Boot != pacemaker.Boot {
			r.as(diag.Warning, n.place(), fmt.Sprintf("pacemaker is %s at boot here and %s on %s", pacemaker.Boot, other.Boot, clip(w.Peer.Name)), "make the nodes alike")
		}
	}
}

func restartsItself(w *world, r *report) {
	clustered := w.clustered()
	for _, u := range w.Node.Units {
		if _, ok := clustered[u.Name]; ok && u.Active && !u.Clustered && u.Restart != "" && u.Restart != "no" {
			r.add(w.Node.place(), fmt.Sprintf("%s runs with Restart=%s, and without the drop-in that a cluster writes: systemd brings back what the cluster takes down", u.Name, u.Restart),
				"stop it, and let the cluster start it")
		}
	}
}

func floatingIPs(w *world, r *report) {
	for _, s := range w.sides {
		all := s.addresses()
		for i, v := range all {
			if s.corosync != nil {
				for _, n := range s.corosync.nodes {
					for _, ring := range n.rings {
						if a, err := netip.ParseAddr(ring.value); err == nil && a == v.ip {
							r.add(v.r.paramPlace("ip"), fmt.Sprintf("the floating IP %s is the address of node %s", v.ip, clip(n.name)), "give a free address; a node keeps its own when the floating one moves")
						}
					}
				}
			}
			for _, other := range all[:i] {
				if other.ip == v.ip && !v.r.cloned() {
					r.add(v.r.paramPlace("ip"), fmt.Sprintf("%s and %s hold the same address, %s", clip(other.r.id), clip(v.r.id), v.ip), "keep one of them")
				}
			}
			if w.Node != nil {
				onInterface(w.Node, v, r)
			}
		}
	}
	if w.Node == nil {
		return
	}
	for _, c := range w.Node.Claims {
		if w.Peer != nil && slices.ContainsFunc(w.Peer.Interfaces, func(i Interface) bool { return strings.EqualFold(i.Hardware, c.Hardware) }) {
			continue // the peer, which may well hold it
		}
		_, held := w.Node.has(c.IP)
		pacemaker, _ := w.Node.unit("pacemaker.service")
		switch {
		case held:
			r.add(w.Node.place(), fmt.Sprintf("%s is held here, and %s answers for it as well", c.IP, c.Hardware), "find that machine and take the address from it")
		case w.wholePair():
			r.add(w.Node.place(), fmt.Sprintf("%s is answered for by %s, which is neither %s nor %s", c.IP, c.Hardware, clip(w.Node.Name), clip(w.Peer.Name)), "find that machine and take the address from it")
		case !pacemaker.Active:
			r.as(diag.Warning, w.Node.place(), fmt.Sprintf("%s is answered for by %s", c.IP, c.Hardware), "unless that is another node of the cluster, find that machine and take the address from it")
		}
	}
}

// wholePair reports whether both nodes of a cluster of two have told their facts, so
// that nobody else may hold what is the cluster's.
func (w *world) wholePair() bool {
	names := w.memberNames()
	return w.Peer != nil && len(names) == 2 && containsFold(names, w.Node.Name) && containsFold(names, w.Peer.Name) && len(w.Peer.Interfaces) > 0
}

// onInterface compares a floating IP with the node's interfaces.
func onInterface(n *Node, v floating, r *report) {
	at := n.place()
	if v.nic != "" && len(n.Interfaces) > 0 && !slices.ContainsFunc(n.Interfaces, func(i Interface) bool { return i.Name == v.nic }) {
		r.add(at, fmt.Sprintf("the floating IP %s is to be on %s, which node %s does not have", v.ip, clip(v.nic), clip(n.Name)), "name an interface that every node has, or leave nic out")
	}
	for _, i := range n.Interfaces {
		for _, text := range i.Addresses {
			p, err := netip.ParsePrefix(text)
			if err != nil || p.Addr() == v.ip || v.nic != "" && i.Name != v.nic || !p.Contains(v.ip) || p.IsSingleIP() {
				continue
			}
			if v.prefix.IsValid() && v.prefix.Bits() != p.Bits() && v.prefix.Bits() != v.ip.BitLen() {
				r.add(at, fmt.Sprintf("the floating IP %s has the prefix length %d, and %s on node %s %d", v.ip, v.prefix.Bits(), i.Name, clip(n.Name), p.Bits()), fmt.Sprintf("give it %d", p.Bits()))
			}
		}
	}
}

func raftBesideCluster(w *world, r *report) {
	o := w.Node.Oned
	if o == nil || !w.Node.raft() || !w.inCluster() {
		return
	}
	var why []string
	if o.ServerID >= 0 {
		why = append(why, fmt.Sprintf("FEDERATION SERVER_ID is %d", o.ServerID))
	}
	if o.LeaderHook != "" {
		why = append(why, "RAFT_LEADER_HOOK is set")
	}
	if o.FollowerHook != "" {
		why = append(why, "RAFT_FOLLOWER_HOOK is set")
	}
	r.add(Place{File: o.Config}, strings.Join(why, ", ")+", and the cluster runs oned too: each starts and stops what the other decided about", "set SERVER_ID = -1 and remove both hooks, or give up the cluster")
}

func raftServer(w *world, r *report) {
	o := w.Node.Oned
	if o == nil {
		return
	}
	at := Place{File: o.Config}
	clustered := w.inCluster()
	if (o.LeaderHook == "") != (o.FollowerHook == "") {
		set, unset := "RAFT_LEADER_HOOK", "RAFT_FOLLOWER_HOOK"
		if o.LeaderHook == "" {
			set, unset = unset, set
		}
		r.add(at, set+" is set and "+unset+" is not: the floating IP is taken and never given up, or the other way round", "set both, or neither")
	}
	for _, hook := range o.MissingHooks {
		r.add(at, fmt.Sprintf("the Raft hook %s is no executable file", clip(hook)), "set both hooks as oneha generate writes them, or to raft/vip.sh with the first argument leader or follower")
	}
	if o.Monitor == "" || o.ServerID < 0 && !clustered {
		return
	}
	var vips []string
	for _, s := range w.sides {
		for _, v := range s.addresses() {
			vips = append(vips, v.ip.String())
		}
	}
	if z := w.zone(); z != nil {
		for _, v := range z.VIPs {
			vips = append(vips, v.Address.Addr().String())
		}
	}
	if len(vips) == 0 && o.ServerID >= 0 {
		vips = hookAddresses(o.LeaderHook)
	}
	if len(vips) == 0 || slices.Contains(vips, o.Monitor) || o.Monitor == "auto" && clustered {
		return // a new oned tells the hosts its own address
	}
	severity := diag.Error
	if clustered {
		severity = diag.Warning
	}
	r.as(severity, at, fmt.Sprintf("MONITOR_ADDRESS is %s and the floating IP is %s: hosts report to a node that may not be in charge", clip(o.Monitor), and(vips)), "set MONITOR_ADDRESS in monitord.conf to the floating IP")
}

// hookAddresses are the floating IPs among the words of a hook.
func hookAddresses(command string) (ips []string) {
	for _, word := range strings.Fields(command) {
		if p, err := netip.ParsePrefix(word); err == nil {
			ips = append(ips, p.Addr().String())
		}
	}
	return ips
}

func database(w *world, r *report) {
	o := w.Node.Oned
	if o == nil || !w.inCluster() {
		return
	}
	at := Place{File: o.Config}
	switch {
	case o.Backend == "sqlite":
		for _, s := range w.sides {
			for _, res := range s.cibResources() {
				if dir := res.param("directory"); res.typ == "Filesystem" && dir != "" && strings.HasPrefix(o.Database, strings.TrimSuffix(dir, "/")+"/") {
					return // it moves with the cluster
				}
			}
		}
		r.add(at, "the database is SQLite, a file of this node: the other one starts with another database, or none", "use MySQL or MariaDB on a machine of its own or replicated; see onedb sqlite2mysql")
	case o.Database == "localhost" || strings.HasPrefix(o.Database, "127.") || o.Database == "::1":
		r.as(diag.Warning, at, "the database is that of this node: the other one has another, unless the two replicate each other", "use a database on a machine of its own, or Galera on the nodes and a third one")
	case o.LocalDB:
		r.add(at, fmt.Sprintf("the database host %s is this node: when it fails, the database is gone with it", clip(o.Database)), "use a database on a machine of its own, or a replicated one behind an address that moves")
	}
}

func (s *side) cibResources() []*resource {
	if s.cib == nil {
		return nil
	}
	return s.cib.resources
}

// corosyncFiles are the twins that rule Q03 is about; O04 has the others.
var corosyncFiles = []string{"/etc/corosync/corosync.conf", "/etc/corosync/authkey"}

// twins reports the files that differ between this node and its peer.
func twins(of func(path string) bool) func(*world, *report) {
	return func(w *world, r *report) {
		n, p := w.Node, w.Peer
		if n == nil || p == nil || n.TwinKey == "" || n.TwinKey != p.TwinKey {
			return
		}
		for _, t := range n.Twins {
			i := slices.IndexFunc(p.Twins, func(o Twin) bool { return o.Path == t.Path })
			if i < 0 || !of(t.Path) || t.Note != "" || p.Twins[i].Note != "" {
				continue
			}
			o, at := p.Twins[i], Place{File: t.Path}
			switch {
			case t.Digest == o.Digest:
			case t.Digest == "":
				r.add(at, fmt.Sprintf("the file is on %s and not here", clip(p.Name)), "copy it from "+clip(p.Name))
			case o.Digest == "":
				r.add(at, fmt.Sprintf("the file is here and not on %s", clip(p.Name)), "copy it to "+clip(p.Name))
			default:
				r.add(at, fmt.Sprintf("the file differs from that on %s", clip(p.Name)), "compare the two, and copy the right one")
			}
		}
	}
}

func isCorosyncFile(path string) bool { return slices.Contains(corosyncFiles, path) }

func differentNodes(w *world, r *report) {
	n, p := w.Node, w.Peer
	if n == nil || p == nil {
		return
	}
	switch {
	case n.Name == p.Name:
		r.as(diag.Error, n.place(), "the facts of the other node are this node's own, by their name", "give what `oneha check --node --facts` printed on the other node")
		return
	case n.TwinKey == "" || p.TwinKey == "":
		r.add(n.place(), "files cannot be compared: a node has neither /etc/corosync/authkey nor OpenNebula's one_key, which key the digests", "copy the authkey to every node")
	case n.TwinKey != p.TwinKey:
		r.as(diag.Error, Place{File: corosyncFiles[1]}, fmt.Sprintf("the key differs from that on %s, so that the nodes do not hear each other, and no other file can be compared", clip(p.Name)), "copy the authkey of one node to the other")
	}
	if n.Oneadmin != nil && p.Oneadmin != nil && *n.Oneadmin != *p.Oneadmin {
		r.add(n.place(), fmt.Sprintf("oneadmin is %d:%d here and %d:%d on %s: files on shared storage belong to somebody else after a failover", n.Oneadmin.UID, n.Oneadmin.GID, p.Oneadmin.UID, p.Oneadmin.GID, clip(p.Name)),
			"give it the same uid and gid on every node")
	}
	twins(func(path string) bool { return !isCorosyncFile(path) })(w, r)
}

func staleLock(w *world, r *report) {
	if lock := w.Node.StaleLock; lock != "" {
		r.add(Place{File: lock}, "the lock file of oned is there, and no oned runs: its start would fail", "remove it; our agent does when it starts oned")
	}
}

func takenPorts(w *world, r *report) {
	for _, l := range w.Node.Listeners {
		service, ok := one.ServiceNamed(l.Service)
		if ok && l.Unit != service.Unit {
			r.add(w.Node.place(), fmt.Sprintf("port %d of %s is taken by %s", l.Port, l.Service, clip(strings.TrimSuffix(l.Process+" of "+l.Unit, " of "))), "stop it, or give one of the two another port")
		}
	}
}

func bmcAnswers(w *world, r *report) {
	for _, b := range w.Node.BMCs {
		if b.Error != "" {
			r.add(w.Node.place(), fmt.Sprintf("%s (%s) does not work from this node: %s", clip(b.Device), clip(b.Agent), clipTo(240, b.Error)), "")
		}
	}
}
