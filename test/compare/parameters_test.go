package compare

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// The addresses that float.
const (
	ip4 = "192.0.2.9"
	ip6 = "2001:db8::9"
)

// setting is one row of the table of parameters: a parameter with a value, and
// what the agents do with it.
type setting struct {
	parameter string
	when      string // what else there is to know about the row; "" for the usual network
	vars      vars
	node      string // script that changes the node's network
	peer      string // script that changes the peer's
	steps     string // see run
	wire      bool   // what the peer hears counts
	waits     bool   // it counts whether start returns before the last announcement
}

// owner makes the peer a second owner of the address.
const owner = "ip addr add 192.0.2.9/24 dev p0"

// there puts the address on the node.
const there = "ip addr add 192.0.2.9/24 brd + dev eth0"

// named makes a network namespace with an eth0 of its own.
const named = `
ip netns add blue
ip link add out0 type veth peer name eth0 netns blue
ip link set out0 up
ip -n blue addr add 192.0.2.10/24 brd + dev eth0
ip -n blue link set eth0 up
`

// settings is every parameter of IPaddr2, in the order of its metadata.
var settings = []setting{
	{parameter: "ip", vars: vars{"ip": ip4}, steps: "start stop"},
	{parameter: "ip", vars: vars{"ip": "2001:DB8:0:0::9"}, steps: "start monitor stop"},

	{parameter: "nic", when: "eth1 has a longer prefix", vars: vars{"ip": ip4}, node: "ip addr add 192.0.2.11/25 dev eth1", steps: "start"},
	{parameter: "nic", vars: vars{"ip": ip4, "nic": "eth1"}, node: "ip addr add 192.0.2.11/24 dev eth1", steps: "start"},
	{parameter: "nic", vars: vars{"ip": ip4, "nic": "eth0:one", "iflabel": "two"}, steps: "start stop"},
	{parameter: "nic", when: "an alternative name of eth0", vars: vars{"ip": ip4, "nic": "lan", "cidr_netmask": "24"}, node: "ip link property add dev eth0 altname lan", steps: "start monitor"},

	{parameter: "cidr_netmask", vars: vars{"ip": ip4, "cidr_netmask": "25", "nic": "eth0"}, steps: "start stop"},
	{parameter: "cidr_netmask", vars: vars{"ip": ip4, "cidr_netmask": "32", "nic": "eth0"}, steps: "start stop"},
	{parameter: "cidr_netmask", vars: vars{"ip": ip6, "cidr_netmask": "128", "nic": "eth0"}, steps: "start stop"},
	{parameter: "cidr_netmask", vars: vars{"ip": ip4, "cidr_netmask": "255.255.255.128", "nic": "eth0"}, steps: "start monitor stop"},
	{parameter: "cidr_netmask", vars: vars{"ip": ip4, "netmask": "25", "nic": "eth0"}, steps: "start monitor stop"},

	{parameter: "broadcast", when: "the node's own address has one", vars: vars{"ip": ip4}, steps: "start"},
	{parameter: "broadcast", when: "the node's own address has none", vars: vars{"ip": ip4}, node: "ip addr flush dev eth0; ip addr add 192.0.2.10/24 dev eth0", steps: "start"},
	{parameter: "broadcast", vars: vars{"ip": ip4, "broadcast": "192.0.2.127"}, steps: "start"},
	{parameter: "broadcast", vars: vars{"ip": ip4, "broadcast": "+", "cidr_netmask": "25", "nic": "eth0"}, steps: "start"},
	{parameter: "broadcast", vars: vars{"ip": ip4, "broadcast": "-", "cidr_netmask": "25", "nic": "eth0"}, steps: "start"},

	{parameter: "iflabel", vars: vars{"ip": ip4, "iflabel": "one"}, steps: "start monitor stop"},
	{parameter: "iflabel", vars: vars{"ip": ip6, "iflabel": "one", "nodad": "true"}, steps: "start monitor stop"},

	{parameter: "lvs_support", when: "the address is on lo", vars: vars{"ip": ip4, "lvs_support": "true"}, node: "ip addr add 192.0.2.9/32 dev lo", steps: "start monitor stop"},
	{parameter: "lvs_support", when: "the address is nowhere", vars: vars{"ip": "192.0.2.8", "lvs_support": "true"}, steps: "start stop"},

	{parameter: "lvs_ipv6_addrlabel", vars: vars{"ip": ip6, "lvs_ipv6_addrlabel": "true", "nodad": "true"}, steps: "start stop"},
	{parameter: "lvs_ipv6_addrlabel_value", vars: vars{"ip": ip6, "lvs_ipv6_addrlabel": "true", "lvs_ipv6_addrlabel_value": "77", "nodad": "true"}, steps: "start stop"},

	{parameter: "mac", when: "not a clone", vars: vars{"ip": ip4, "mac": "01:00:5e:00:02:09"}, steps: "start stop"},
	{parameter: "mac", when: "in a clone", vars: vars{"ip": ip4, "mac": "01:00:5e:00:02:09", "CRM_meta_clone_max": "2"}, steps: "start stop"},
	{parameter: "clusterip_hash", when: "not a clone", vars: vars{"ip": ip4, "clusterip_hash": "sourceip"}, steps: "start stop"},
	{parameter: "clusterip_hash", when: "in a clone", vars: vars{"ip": ip4, "clusterip_hash": "sourceip", "CRM_meta_clone_max": "2"}, steps: "start stop"},
	{parameter: "unique_clone_address", when: "clone instance 2, globally-unique", steps: "start monitor stop",
		vars: vars{"ip": ip4, "unique_clone_address": "true", "CRM_meta_clone": "2", "CRM_meta_clone_max": "3", "CRM_meta_globally_unique": "true"}},

	{parameter: "arp_interval", vars: vars{"ip": ip4, "arp_interval": "100"}, steps: "start+monitor", wire: true},
	{parameter: "arp_interval", vars: vars{"ip": ip6, "arp_interval": "100", "nodad": "true"}, steps: "start+monitor", wire: true},
	{parameter: "arp_count", vars: vars{"ip": ip4, "arp_count": "3"}, steps: "start+monitor", wire: true},
	{parameter: "arp_count", vars: vars{"ip": ip6, "arp_count": "3", "nodad": "true"}, steps: "start+monitor", wire: true},
	{parameter: "arp_count", when: "the address is there already", vars: vars{"ip": ip4}, node: there, steps: "start", wire: true},
	{parameter: "arp_count_refresh", vars: vars{"ip": ip4}, steps: "start+monitor wait monitor", wire: true},
	{parameter: "arp_count_refresh", vars: vars{"ip": ip4, "arp_count_refresh": "3"}, node: there, steps: "wait monitor probe", wire: true},
	{parameter: "arp_bg", vars: vars{"ip": ip4}, steps: "start+monitor", wire: true, waits: true},
	{parameter: "arp_bg", vars: vars{"ip": ip4, "arp_bg": "false"}, steps: "start+monitor", wire: true, waits: true},
	{parameter: "arp_bg", vars: vars{"ip": ip6, "nodad": "true"}, steps: "start+monitor", wire: true, waits: true},
	{parameter: "arp_bg", vars: vars{"ip": ip6, "arp_bg": "true", "nodad": "true"}, steps: "start+monitor", wire: true, waits: true},

	{parameter: "arp_sender", vars: vars{"ip": ip4, "arp_sender": "send_arp"}, steps: "start+monitor", wire: true},
	{parameter: "arp_sender", vars: vars{"ip": ip4, "arp_sender": "iputils_arping", "arp_count": "3"}, steps: "start+monitor", wire: true},
	{parameter: "arp_sender", when: "that program is not installed", vars: vars{"ip": ip4, "arp_sender": "ipoibarping"}, steps: "start+monitor", wire: true},
	{parameter: "arp_sender", when: "that variant of arping is not installed", vars: vars{"ip": ip4, "arp_sender": "libnet_arping"}, steps: "start+monitor", wire: true},
	{parameter: "send_arp_opts", vars: vars{"ip": ip4, "arp_sender": "iputils_arping", "send_arp_opts": "-A", "arp_count": "3"}, steps: "start+monitor", wire: true},

	{parameter: "flush_routes", vars: vars{"ip": ip4, "flush_routes": "true"}, steps: "start stop"},

	{parameter: "run_arping", when: "nobody has the address", vars: vars{"ip": ip4, "run_arping": "true"}, steps: "start"},
	{parameter: "run_arping", when: "another machine has the address", vars: vars{"ip": ip4, "run_arping": "true"}, peer: owner, steps: "start"},
	{parameter: "run_arping", when: "another machine has the address", vars: vars{"ip": ip4}, peer: owner, steps: "start"},

	{parameter: "nodad", vars: vars{"ip": ip6}, steps: "start"},
	{parameter: "nodad", vars: vars{"ip": ip6, "nodad": "true"}, steps: "start"},

	{parameter: "noprefixroute", vars: vars{"ip": ip4, "nic": "eth1", "cidr_netmask": "24"}, steps: "start stop"},
	{parameter: "noprefixroute", vars: vars{"ip": ip4, "nic": "eth1", "cidr_netmask": "24", "noprefixroute": "true"}, steps: "start stop"},
	{parameter: "noprefixroute", vars: vars{"ip": "2001:db8:1::9", "nic": "eth1", "cidr_netmask": "64", "noprefixroute": "true", "nodad": "true"}, steps: "start stop"},

	{parameter: "preferred_lft", vars: vars{"ip": ip6, "preferred_lft": "forever", "nodad": "true"}, steps: "start"},
	{parameter: "preferred_lft", vars: vars{"ip": ip6, "preferred_lft": "0", "nodad": "true"}, steps: "start monitor"},
	{parameter: "preferred_lft", vars: vars{"ip": ip6, "preferred_lft": "3600", "nodad": "true"}, steps: "start monitor"},
	{parameter: "preferred_lft", vars: vars{"ip": ip6, "preferred_lft": "soon", "nodad": "true"}, steps: "start"},
	{parameter: "preferred_lft", vars: vars{"ip": ip4, "preferred_lft": "0"}, steps: "start monitor"},

	{parameter: "network_namespace", vars: vars{"ip": ip4, "network_namespace": namespace}, node: named, steps: "start monitor probe stop"},
}

// row names the setting: the parameter, its value, what else is set, and what
// else there is to know.
func (s setting) row() string {
	parts := []string{"not set"}
	if value, given := s.vars[s.parameter]; given {
		parts[0] = s.parameter + "=" + value
	}
	for _, name := range sorted(s.vars) {
		value := s.vars[name]
		switch {
		case name == s.parameter:
		case strings.HasPrefix(name, "CRM_meta_"): // when tells
		case name == "ip" && strings.Contains(value, "."): // IPv4 goes without saying
		case name == "ip":
			parts = append(parts, "IPv6")
		default:
			parts = append(parts, name+"="+value)
		}
	}
	row := s.parameter + ": " + strings.Join(parts, ", ")
	if s.when != "" {
		row += "; " + s.when
	}
	return row
}

// run does the steps with one agent and tells what happened. A step is the name
// of an action or "wait"; steps joined by + count as one.
func (s setting) run(t *testing.T, who side) string {
	n := newNetwork(t, s.node, s.peer)
	v := vars{}
	for name, value := range s.vars {
		v[name] = n.real(value)
	}
	n.wire.heard(time.Millisecond) // not what the network itself said when it was made
	steps := strings.Fields(s.steps)
	first := n.look()
	before := first
	var told []string
	for _, step := range steps {
		if step == "wait" {
			time.Sleep(settled)
			continue
		}
		parts, returned := s.act(t, n, who, step, v)
		now := n.look()
		switch change := now.since(before); {
		case s.wire: // what becomes of the address, the other rows tell
			parts = append(parts, s.listen(n, v, returned)...)
		case change != "" && now.since(first) == "":
			parts = append(parts, "all as before")
		case change != "":
			parts = append(parts, change)
		}
		before = now
		text := cmp.Or(strings.Join(parts, "; "), "exit 0")
		if len(steps) > 1 {
			text = strings.ReplaceAll(step, "+", " and ") + ": " + text
		}
		told = append(told, text)
	}
	return n.plain(strings.Join(told, "\n"))
}

// act runs the actions of one step, up to one that fails, and tells that. It
// returns when the first one ended.
func (s setting) act(t *testing.T, n *network, who side, step string, v vars) (told []string, returned time.Time) {
	for i, action := range strings.Split(step, "+") {
		c := n.call(t, who, action, v, "")
		if i == 0 {
			returned = c.returned
		}
		if c.code != 0 {
			return []string{fmt.Sprintf("exit %d", c.code)}, returned
		}
	}
	return nil, returned
}

// listen tells what the peer heard, and whether start, which returned then,
// waited for it.
func (s setting) listen(n *network, v vars, returned time.Time) []string {
	due, quiet := 200*time.Millisecond, time.Second
	if interval, err := time.ParseDuration(v["arp_interval"] + "ms"); err == nil {
		due = interval
	}
	if strings.HasSuffix(v["arp_sender"], "arping") { // they send once a second
		quiet = 2 * time.Second
	}
	frames := n.wire.heard(quiet)
	told := []string{tell(frames, netip.MustParseAddr(v["ip"]), due)}
	switch {
	case !s.waits || len(frames) == 0:
	case frames[len(frames)-1].at.Before(returned):
		told = append(told, "start waits for the last")
	default:
		told = append(told, "start does not wait for the last")
	}
	return told
}

// settled is the age from which an address is no longer new to the agents.
const settled = 5200 * time.Millisecond
