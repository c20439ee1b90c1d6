package spec

import (
	"fmt"
	"slices"
	"strings"
)

// oneMachine are agents of others that pay no heed to a plug: whatever node is
// meant, they switch the machine at their address. Only with port_as_ip is the plug
// that address (fence-agents 4.12: the agents with no_port or port_as_ip).
var oneMachine = []string{
	"fence_amt", "fence_idrac", "fence_ilo", "fence_ilo2", "fence_ilo3", "fence_ilo3_ssh", "fence_ilo4", "fence_ilo4_ssh",
	"fence_ilo5", "fence_ilo5_ssh", "fence_ilo_mp", "fence_ilo_ssh", "fence_imm", "fence_ipmilan", "fence_ipmilanplus",
	"fence_redfish", "fence_rsa", "fence_rsb",
}

// checkPlugs reports a device that cannot tell its nodes apart: whichever is
// targeted, it switches the same machine.
func (r *reader) checkPlugs(e *entry, s *section) {
	var names []string
	for _, t := range e.targets {
		names = append(names, clip(t.node))
	}
	at, host, kind, system := s.values["agent"].at, option(e.options, "ip"), e.agent, false
	takesPlugs := !slices.Contains(oneMachine, e.agent) || isTrue(option(e.options, "port_as_ip"))
	if e.bmc != nil {
		at, host, kind = e.bmc.at, e.bmc.host, e.bmc.driver.scheme
		takesPlugs = e.bmc.driver.agent == agentRedfish
		_, system = e.bmc.options["systems_uri"]
	}
	before := len(r.findings)
	defer func() { e.dubious = len(r.findings) > before }()
	switch {
	case e.plugs && !takesPlugs:
		r.error(s.values["plugs"].at, fmt.Sprintf("plugs of %s: %s switches one machine and heeds no plug", s.label, kind), "give each node its own bmc; for a chassis controller write redfish:// or name its own agent, such as agent: fence_hpblade")
	case e.plugs && system:
		r.error(s.values["plugs"].at, "both plugs and a system's path of "+s.label+" are given", "keep the plugs, which are the systems' Ids or Names")
	case len(names) > 1 && !e.plugs && (e.bmc != nil || slices.Contains(oneMachine, e.agent)):
		if host == "" {
			host = "of " + s.label
		}
		r.error(at, fmt.Sprintf("nodes %s share the BMC %s: whichever is targeted, the same machine is power-cycled", and(names), host), "give each node its own bmc, or, for a chassis controller, write plugs: {NODE: PLUG, NODE: PLUG} instead of targets")
	}
}

// use is a plug of a device that powers off a node.
type use struct {
	key         string // the same for the same plug of the same device
	node, label string
	device      string // address, for messages
	at          place
	bmc         bool
}

// uses lists what powers off what.
func uses(bmcs []bmc, entries []entry) (all []use) {
	for _, b := range bmcs {
		all = append(all, use{key: b.endpoint() + " ", node: b.node, label: b.label, device: "BMC " + b.host, at: b.at, bmc: true})
	}
	for _, e := range entries {
		if e.dubious {
			continue
		}
		for _, t := range e.targets {
			u := use{node: t.node, label: "fencing " + e.name, at: t.at}
			if e.bmc != nil {
				u.key, u.device, u.at, u.bmc = e.bmc.endpoint()+" "+t.plug, "BMC "+e.bmc.host, e.bmc.at, true
				all = append(all, u)
				continue
			}
			ip := option(e.options, "ip")
			if ip == "" {
				continue // the plug is the node's own name, or another option tells devices apart
			}
			for _, plug := range strings.Split(t.plug, ",") {
				if plug == "" && !slices.Contains(oneMachine, e.agent) {
					plug = t.node
				}
				u.key, u.device = strings.Join([]string{e.agent, ip, option(e.options, "ipport"), plug}, " "), "device "+ip
				if plug != "" {
					u.device = "plug " + plug + " of " + ip
				}
				all = append(all, u)
			}
		}
	}
	return all
}

// checkUses reports what would power off two nodes, or one node twice, and BMCs
// with the address of something else.
func (r *reader) checkUses(all []use, bmcs []bmc, entries []entry, vips []vip, nodes []node) {
	owner := map[string]string{}
	for _, n := range nodes {
		owner[strings.ToLower(n.name)] = "node " + clip(n.name) + " itself"
		for _, a := range n.addresses() {
			owner[a.String()] = "node " + clip(n.name) + " itself"
		}
	}
	for _, v := range vips {
		if v.Address.IsValid() {
			owner[v.Address.Addr().String()] = "the VIP"
		}
	}
	devices := slices.Clone(bmcs)
	for _, e := range entries {
		if e.bmc != nil {
			devices = append(devices, *e.bmc)
		}
	}
	wrong := map[place]bool{}
	for _, b := range devices {
		if owner[b.host] != "" {
			wrong[b.at] = true
			r.error(b.at, fmt.Sprintf("%s is %s, the address of %s", b.label, b.host, owner[b.host]), "give the address of its management controller")
		}
	}
	users := map[string][]use{}
	for _, u := range all {
		users[u.key] = append(users[u.key], u)
	}
	for _, u := range all {
		same := users[u.key]
		if len(same) < 2 || same[1] != u || wrong[u.at] {
			continue
		}
		var names []string
		for _, s := range same {
			if !slices.Contains(names, clip(s.node)) {
				names = append(names, clip(s.node))
			}
		}
		if len(names) == 1 {
			r.error(u.at, fmt.Sprintf("%s is the same as %s", u.label, same[0].label), "remove one of them; a second try at the same device is no second way")
			continue
		}
		fix := "give each node a plug of its own"
		if u.bmc {
			fix = "give each node its own bmc"
		}
		r.error(u.at, fmt.Sprintf("nodes %s share the %s: whichever is targeted, the same machine is power-cycled", and(names), u.device), fix)
	}
}
