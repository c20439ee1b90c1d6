package lint

import (
	"net"
	"slices"
	"strings"
	"time"
)

// device is a fence device as pacemaker-fenced understands it.
type device struct {
	*resource
	onBoard bool     // part of the machine that it switches off, so that both lose power together
	targets []string // nodes that it says it can fence
	mapped  bool     // pcmk_host_map gives the targets plugs of their own
	asked   bool     // the device itself tells which nodes it can fence
	off     bool     // nobody may use it
}

// onBoardAgents are the fence agents of management controllers that share the power
// supply of the one machine that they control. A name stands for what begins with it.
var onBoardAgents = []string{
	"fence_ipmilan", "fence_ilo", "fence_idrac", "fence_drac5", "fence_imm", "fence_redfish", "fence_bmc_", "fence_rsa", "fence_rsb", "fence_amt",
	"external/ipmi", "external/riloe", "external/drac5",
}

// ipmiAgents speak IPMI 1.5 unless lanplus is set; fence_ilo3 to 5, fence_idrac and
// fence_imm are the same program and set it themselves.
var ipmiAgents = []string{"fence_ipmilan", "external/ipmi"}

func isOnBoard(agent string) bool {
	return slices.ContainsFunc(onBoardAgents, func(a string) bool { return strings.HasPrefix(agent, a) })
}

// isILO reports whether the agent talks to an iLO over its shell or web interface,
// whose logins take seconds.
func isILO(agent string) bool {
	return strings.HasPrefix(agent, "fence_ilo") || strings.HasPrefix(agent, "fence_bmc_ilo")
}

func findDevices(s *side) (all []*device) {
	for _, r := range s.cib.resources {
		if r.kind != "primitive" || r.class != "stonith" {
			continue
		}
		d := &device{resource: r, onBoard: isOnBoard(r.typ), off: s.cib.stopped(r)}
		list, plugs := r.param("pcmk_host_list"), hostMap(r.param("pcmk_host_map"))
		for _, n := range hostList(list) {
			d.add(n)
		}
		for _, e := range plugs {
			d.add(e[0])
		}
		d.mapped = len(plugs) > 0
		check := r.param("pcmk_host_check")
		d.asked = len(d.targets) == 0 || check == "dynamic-list" || check == "status" || check == "none"
		all = append(all, d)
	}
	return all
}

func (d *device) add(node string) {
	if !containsFold(d.targets, node) {
		d.targets = append(d.targets, node)
	}
}

// serves reports whether the device may fence the node.
func (d *device) serves(node string) bool {
	return !d.off && (d.asked || containsFold(d.targets, node))
}

// known returns the targets that are nodes of the cluster; all of them as long as
// its nodes are not known.
func (d *device) known(s *side) []string {
	if len(s.nodes) == 0 {
		return d.targets
	}
	return slices.DeleteFunc(slices.Clone(d.targets), func(n string) bool { return !s.isNode(n) })
}

// endpoint names the machine that the device switches; "" when that is not known.
func (d *device) endpoint() string {
	host := strings.ToLower(d.param("ip", "ipaddr", "hostname"))
	if host == "" || isTrue(d.param("port_as_ip")) {
		return ""
	}
	return strings.Join([]string{host, d.param("ipport"), strings.TrimSuffix(d.param("systems_uri", "systems-uri"), "/"), d.param("plug", "port")}, " ")
}

// address is the device's address, if it is written as one.
func (d *device) address() string {
	host := strings.Trim(d.param("ip", "ipaddr", "hostname"), "[]")
	if net.ParseIP(host) == nil {
		return ""
	}
	return host
}

// agentDelay is how long the agent itself waits before it switches off.
func (d *device) agentDelay() time.Duration {
	v, _ := parseDuration(strings.SplitN(d.param("delay")+".", ".", 2)[0])
	return v
}

// baseDelay is the fixed delay before an attack on the node.
func (d *device) baseDelay(node string) time.Duration {
	text := d.param("pcmk_delay_base")
	if !strings.ContainsAny(text, ":=") {
		v, _ := parseDuration(text)
		return v
	}
	for _, e := range hostMap(text) {
		if strings.EqualFold(e[0], node) {
			v, _ := parseDuration(e[1])
			return v
		}
	}
	return 0
}

// longestDelay is the longest that Pacemaker may wait before it calls the agent.
func (d *device) longestDelay() time.Duration {
	longest, _ := parseDuration(d.param("pcmk_delay_max"))
	for _, n := range d.targets {
		longest = max(longest, d.baseDelay(n))
	}
	if len(d.targets) == 0 {
		longest = max(longest, d.baseDelay(""))
	}
	return longest
}

// random reports whether a part of the delay is left to chance.
func (d *device) random() bool {
	v, _ := parseDuration(d.param("pcmk_delay_max"))
	return v > 0
}

// members are the nodes that take part in quorum: those of the CIB, or of
// corosync.conf, or else those that the devices name.
func (s *side) members() []string {
	var names []string
	for _, n := range s.cib.nodes {
		if !n.remote && n.name != "" {
			names = append(names, n.name)
		}
	}
	if len(names) > 0 {
		return names
	}
	if len(s.nodes) > 0 {
		return s.nodes
	}
	for _, d := range s.devices {
		for _, t := range d.targets {
			if !containsFold(names, t) && !containsFold(s.remotes, t) {
				names = append(names, t)
			}
		}
	}
	return names
}

// fencing returns whether fencing is on, with the property that says so.
func (s *side) fencing() (pair, bool) {
	p, given := s.cib.property("fencing-enabled", "stonith-enabled")
	return p, !given || !isFalse(p.value)
}

// watchdogOnly reports whether nodes fence themselves by their watchdog, for which
// no device is needed.
func (s *side) watchdogOnly() bool {
	p, given := s.cib.property("fencing-watchdog-timeout", "stonith-watchdog-timeout")
	if !given {
		return false
	}
	if d, ok := parseDuration(p.value); ok {
		return d > 0
	}
	return strings.HasPrefix(p.value, "-") // a negative one means twice that of sbd
}

// fencingTimeout is what one fencing may take in all, Pacemaker's 60 s by default.
func (s *side) fencingTimeout() (time.Duration, Place) {
	if p, ok := s.cib.property("fencing-timeout", "stonith-timeout"); ok {
		if d, ok := parseDuration(p.value); ok && d > 0 {
			return d, p.place
		}
	}
	return time.Minute, Place{}
}

// timeout is how long the device's agent may run for the action that fences.
func (s *side) timeout(d *device) (time.Duration, Place) {
	name := "pcmk_reboot_timeout"
	if p, ok := s.cib.property("fencing-action", "stonith-action"); ok && p.value == "off" {
		name = "pcmk_off_timeout"
	}
	if p, ok := lookup(d.params, name); ok {
		if t, ok := parseDuration(p.value); ok && t > 0 {
			return t, p.place
		}
	}
	return s.fencingTimeout()
}

// priorityDelay is how long an attack on the node with the more important resources
// waits.
func (s *side) priorityDelay() (time.Duration, Place) {
	p, ok := s.cib.property("priority-fencing-delay")
	if !ok {
		return 0, Place{}
	}
	d, _ := parseDuration(p.value)
	return d, p.place
}
