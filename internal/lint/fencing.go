package lint

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// Rules about whether every node can be fenced, by what, and from where.

func fencingOff(s *side, r *report) {
	if p, on := s.fencing(); !on {
		r.add(p.place, fmt.Sprintf("%s is %s", p.name, clip(p.value)), "set it to true, or remove it: true is the default")
	}
	if p, ok := s.cib.property("maintenance-mode"); ok && isTrue(p.value) {
		r.add(p.place, "maintenance-mode is on: nothing is monitored, recovered or fenced", "when the work is done: crm_attribute --name maintenance-mode --delete")
	}
	switch {
	case s.watchdogOnly() || len(s.cib.resources) == 0:
	case len(s.devices) == 0:
		r.add(s.cib.root.place, "there is no fence device", "configure one for every node")
	case !slices.ContainsFunc(s.devices, func(d *device) bool { return !d.off }):
		r.add(s.devices[0].e.place, "every fence device is disabled", "enable them: pcs resource enable NAME, or crm resource start NAME")
	}
}

func everyNodeFenced(s *side, r *report) {
	if s.watchdogOnly() || !slices.ContainsFunc(s.devices, func(d *device) bool { return !d.off }) {
		return // F01 says so
	}
	if slices.ContainsFunc(s.devices, func(d *device) bool { return len(d.known(s)) < len(d.targets) }) {
		return // a device names a node that does not exist: F10 says which name is meant
	}
	var missing []string
	for _, n := range s.members() {
		if slices.ContainsFunc(s.devices, func(d *device) bool { return d.serves(n) }) {
			continue
		}
		if i := slices.IndexFunc(s.devices, func(d *device) bool { return containsFold(d.targets, n) }); i >= 0 {
			id := clip(s.devices[i].id)
			r.add(s.devices[i].e.place, fmt.Sprintf("%s, which is to fence %s, is disabled", id, clip(n)), fmt.Sprintf("enable it: pcs resource enable %[1]s, or crm resource start %[1]s", id))
			continue
		}
		missing = append(missing, n)
	}
	if len(missing) > 0 {
		r.add(s.nodePlace(missing[0]), fmt.Sprintf("no fence device has %s as its target", and(missing)), "")
	}
}

func sharedBMC(s *side, r *report) {
	byEndpoint := map[string][]*device{}
	for _, d := range s.devices {
		if d.onBoard && !d.mapped && len(d.known(s)) > 1 && !isTrue(d.param("port_as_ip")) {
			r.add(d.paramPlace("pcmk_host_list"), fmt.Sprintf("%s has the targets %s, but %s controls one machine: whichever is targeted, the same one is power-cycled, and another is taken for dead",
				clip(d.id), and(d.targets), clip(d.typ)), "give each node its own device; for a chassis controller give each its plug in pcmk_host_map")
		}
		if e := d.endpoint(); e != "" && d.onBoard && len(d.targets) == 1 && !d.mapped {
			byEndpoint[e] = append(byEndpoint[e], d)
		}
	}
	for _, d := range s.devices {
		for _, other := range byEndpoint[d.endpoint()] {
			if other == d {
				break // reported once, at the later of two
			}
			if !strings.EqualFold(other.targets[0], d.targets[0]) {
				r.add(d.paramPlace("ip", "ipaddr"), fmt.Sprintf("%s and %s talk to the same BMC for %s and %s: whichever is targeted, the same machine is power-cycled, and the other is taken for dead",
					clip(other.id), clip(d.id), clip(other.targets[0]), clip(d.targets[0])), "give each device the address of its own node's BMC")
				break
			}
		}
	}
}

// sameBMC reports whether F03 has something to say: then what the devices do about
// delays and placement is beside the point.
func (s *side) sameBMC() bool {
	probe := &report{}
	sharedBMC(s, probe)
	return len(probe.findings) > 0
}

func fencesItself(s *side, r *report) {
	if p, ok := s.cib.property("symmetric-cluster"); ok && isFalse(p.value) || s.sameBMC() {
		return // without a location it may run nowhere; or F03 says what to do
	}
	for _, d := range s.devices {
		known := d.known(s)
		if len(known) != 1 || d.asked || d.cloned() || d.off || len(s.members()) < 2 {
			continue // of a device for several nodes it is decided by whom it fences
		}
		if node := known[0]; !s.cib.banned(d.resource, node) {
			r.add(d.e.place, fmt.Sprintf("%s may run on %s, the node that it fences: its monitor then proves nothing about the way that counts", clip(d.id), clip(node)),
				fmt.Sprintf("keep it away: location -INFINITY of %s for %s", clip(d.id), clip(node)))
		}
	}
}

func onBoardOnly(s *side, r *report) {
	if s.watchdogOnly() {
		return
	}
	var alone []string
	var first *device
	for _, n := range s.members() {
		var serving []*device
		for _, d := range s.devices {
			if d.serves(n) {
				serving = append(serving, d)
			}
		}
		if len(serving) > 0 && !slices.ContainsFunc(serving, func(d *device) bool { return !d.onBoard || d.mapped }) {
			alone = append(alone, n)
			if first == nil {
				first = serving[0]
			}
		}
	}
	if first != nil {
		r.add(first.e.place, fmt.Sprintf("%s can be fenced by the on-board BMC only, which loses power together with the machine", and(alone)), "")
	}
}

func unknownNode(s *side, r *report) {
	if len(s.nodes) == 0 {
		return
	}
	unknown := func(at Place, severity diag.Severity, what, name string) {
		fix := "the nodes are " + and(s.nodes)
		if meant := diag.Nearest(name, s.nodes); meant != "" {
			fix = fmt.Sprintf("did you mean %q? %s", meant, fix)
		}
		r.as(severity, at, fmt.Sprintf("%s names %s, which is no node of the cluster", what, clip(name)), fix)
	}
	for _, d := range s.devices {
		severity := diag.Error
		if !d.onBoard && len(d.known(s)) > 0 {
			severity = diag.Warning // a device such as a power switch may serve other machines too
		}
		for _, name := range d.targets {
			if !s.isNode(name) {
				at := d.paramPlace("pcmk_host_list", "pcmk_host_map")
				if p, ok := lookup(d.params, "pcmk_host_map"); ok && !containsFold(hostList(d.param("pcmk_host_list")), name) {
					at = p.place
				}
				unknown(at, severity, clip(d.id), name)
			}
		}
		if delays := d.param("pcmk_delay_base"); strings.ContainsAny(delays, ":=") {
			for _, e := range hostMap(delays) {
				if !s.isNode(e[0]) {
					unknown(d.paramPlace("pcmk_delay_base"), severity, "pcmk_delay_base of "+clip(d.id), e[0])
				}
			}
		}
	}
	for _, l := range s.cib.locations {
		for _, name := range l.nodes {
			if !s.isNode(name) {
				unknown(l.place, diag.Error, "location "+clip(l.id), name)
			}
		}
	}
	for _, l := range s.cib.levels {
		if l.target != "" && !s.isNode(l.target) {
			unknown(l.place, diag.Error, "the fencing topology", l.target)
		}
	}
}

// renamed are the options that fence agents call otherwise today. They still work.
var renamed = [][2]string{{"ipaddr", "ip"}, {"login", "username"}, {"passwd", "password"}, {"passwd_script", "password_script"}, {"secure", "ssh"}}

func deviceOptions(s *side, r *report) {
	for _, d := range s.devices {
		if lan := d.param("lanplus"); slices.Contains(ipmiAgents, d.typ) && !isTrue(lan) && d.param("interface") != "lanplus" {
			r.add(d.paramPlace("lanplus"), clip(d.id)+" speaks IPMI 1.5, unencrypted, which BMCs of the last ten years refuse", "set lanplus=1")
		} else if lan != "" && isFalse(lan) && d.onBoard && d.typ != "fence_ipmilan" {
			r.add(d.paramPlace("lanplus"), clip(d.id)+" speaks IPMI 1.5, unencrypted, which BMCs of the last ten years refuse", "remove lanplus=0")
		}
		if d.param("method") == "cycle" {
			r.add(d.paramPlace("method"), clip(d.id)+" fences with method=cycle: a machine that is off stays off, and a cycle that did not happen passes for a fencing", "remove method, or set it to onoff")
		}
		if action, ok := lookup(d.params, "action"); ok {
			r.add(action.place, fmt.Sprintf("%s has action=%s, which Pacemaker replaces or, in old releases, obeys where another action is needed", clip(d.id), clip(action.value)), "remove it; use the cluster property stonith-action")
		}
		var old, today []string
		at := d.e.place
		for _, names := range renamed {
			if p, ok := lookup(d.params, names[0]); ok && strings.HasPrefix(d.typ, "fence_") {
				if len(old) == 0 {
					at = p.place
				}
				old, today = append(old, names[0]), append(today, names[1])
			}
		}
		if len(old) > 0 {
			r.as(diag.Warning, at, fmt.Sprintf("%s uses the deprecated names %s", clip(d.id), and(old)), "write "+and(today))
		}
	}
}

func fenceNetwork(s *side, r *report) {
	if s.corosync == nil || s.corosync.links() != 1 {
		return
	}
	network := s.network()
	if !network.IsValid() {
		return
	}
	for _, d := range s.devices {
		a, err := netip.ParseAddr(d.address())
		if err == nil && d.onBoard && network.Contains(a.Unmap()) {
			r.add(d.paramPlace("ip", "ipaddr"), fmt.Sprintf("the BMC of %s, %s, is in %s, the network of the only corosync link: when that fails, fencing fails with it", and(d.targets), a, network),
				"reach the BMC over another network, or add a second corosync link")
		}
	}
}

// network is that of the only link, as far as it is known: a floating IP in it tells
// its prefix length.
func (s *side) network() netip.Prefix {
	for _, v := range s.addresses() {
		for _, n := range s.corosync.nodes {
			if a, err := netip.ParseAddr(n.rings[0].value); err == nil && v.prefix.IsValid() && v.prefix.Bits() < a.BitLen() && v.prefix.Contains(a) {
				return v.prefix.Masked()
			}
		}
	}
	return netip.Prefix{}
}

// floating is a floating IP of the CIB.
type floating struct {
	r      *resource
	ip     netip.Addr
	prefix netip.Prefix // invalid when its length is left to the agent
	nic    string
}

func isAddressAgent(r *resource) bool {
	return r.class == "ocf" && slices.Contains([]string{"IPaddr2", "IPaddr", "IPv6addr", "vip"}, r.typ)
}

// addresses returns the floating IPs.
func (s *side) addresses() (all []floating) {
	if s.cib == nil {
		return nil
	}
	for _, r := range s.cib.resources {
		if r.kind != "primitive" || !isAddressAgent(r) {
			continue
		}
		ip, err := netip.ParseAddr(r.param("ip", "ipv6addr"))
		if err != nil {
			continue
		}
		nic, _, _ := strings.Cut(r.param("nic"), ":")
		v := floating{r: r, ip: ip, nic: nic}
		if bits, err := strconv.Atoi(r.param("cidr_netmask", "netmask")); err == nil {
			v.prefix = netip.PrefixFrom(ip, bits)
		}
		all = append(all, v)
	}
	return all
}

func passwordInCIB(s *side, r *report) {
	for _, d := range s.cib.resources {
		for _, p := range d.params {
			if slices.Contains([]string{"password", "passwd", "snmp_auth_passwd", "snmp_priv_passwd", "community_password"}, p.name) && p.value != "" && p.value != "lrm://" {
				r.add(p.place, fmt.Sprintf("%s of %s stands in the configuration, for everybody who may read that", p.name, clip(d.id)), "")
			}
		}
	}
}
