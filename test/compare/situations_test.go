package compare

import (
	"strconv"
	"testing"
)

// actions are the columns of the table of exit codes.
var actions = []string{"start", "validate-all", monitor, probe, "stop", "status"}

// situation is one row of the table of exit codes.
type situation struct {
	name   string
	vars   []vars // alternatives, which give the same
	node   string // script that changes the node's network
	peer   string // script that changes the peer's
	user   string // "": root
	reason bool   // the exit reasons are worth a row too
}

// one is a single alternative: the IPv4 address, and others.
func one(others ...vars) []vars { return []vars{vars{"ip": ip4}.with(others...)} }

// each is the IPv4 address with one of the values at a time.
func each(parameter string, values ...string) (list []vars) {
	for _, value := range values {
		list = append(list, vars{"ip": ip4}.with(vars{parameter: value}))
	}
	return list
}

// addresses is one of the addresses at a time, on an interface and with a prefix
// length that are given.
func addresses(ips ...string) (list []vars) {
	for _, ip := range ips {
		list = append(list, given.with(vars{"ip": ip}))
	}
	return list
}

// given is what leaves nothing to be inferred.
var given = vars{"nic": "eth0", "cidr_netmask": "24"}

// dadfailed has the kernel find out that the peer has the IPv6 address.
const dadfailed = `
ip addr add 2001:db8::9/64 dev eth0
for i in $(seq 100); do ip addr show dadfailed | grep -q 2001:db8::9 && exit; sleep 0.05; done; exit 1
`

const owner6 = "ip addr add 2001:db8::9/64 dev p0 nodad"

var situations = []situation{
	{name: "the address is absent", vars: one()},
	{name: "the address is there", vars: one(), node: there},
	{name: "the address is there with another label", vars: one(vars{"iflabel": "one"}), node: there},
	{name: "the address is there, cidr_netmask is 255.255.255.0", vars: one(vars{"cidr_netmask": "255.255.255.0"}), node: there},

	{name: "link switched off, nic inferred", vars: one(), node: there + "; ip link set eth0 down", reason: true},
	{name: "link switched off, nic and cidr_netmask given", vars: one(given), node: there + "; ip link set eth0 down", reason: true},
	{name: "link has no carrier", vars: one(given), node: there, peer: "ip link set p0 down", reason: true},
	{name: "the route of the network vanished, nic inferred", vars: one(), node: there + "; ip route del 192.0.2.0/24 dev eth0"},
	{name: "the address is there with another prefix length, cidr_netmask given", vars: one(given), node: "ip addr add 192.0.2.9/32 dev eth0", reason: true},
	{name: "the address is there with another prefix length than its network", vars: one(), node: "ip addr add 192.0.2.9/32 dev eth0"},
	{name: "the address is there, its prefix length begins with the one given", vars: one(vars{"nic": "eth0", "cidr_netmask": "2"}), node: there},
	{name: "the address is there on another interface", vars: one(given), node: "ip addr add 192.0.2.9/24 dev eth1", reason: true},
	{name: "the address is there on lo", vars: one(given), node: "ip addr add 192.0.2.9/32 dev lo"},
	{name: "the kernel found the IPv6 address to be a duplicate", vars: []vars{{"ip": ip6}}, node: dadfailed, peer: owner6, reason: true},

	{name: "ip is not set", vars: []vars{{}}, reason: true},
	{name: "malformed IPv4 address", vars: addresses("192.0.2.300", "host", "192.0.2", "192.0.2.9/24", "0192.0.2.9", "0.1.2.3"), reason: true},
	{name: "malformed IPv6 address, wrong letters", vars: addresses("2001:db8::zz"), reason: true},
	{name: "malformed IPv6 address, right letters", vars: addresses("2001:db8::1::2"), reason: true},
	{name: "IPv6 address with a zone", vars: []vars{{"ip": "fe80::1%eth0", "nic": "eth0"}}},
	{name: "IPv4 address in IPv6 notation", vars: each("ip", "::ffff:192.0.2.9")},
	{name: "link-local IPv6 address without nic", vars: each("ip", "fe80::9"), reason: true},
	{name: "interface does not exist, cidr_netmask given", vars: one(vars{"nic": "eth9", "cidr_netmask": "24"}), reason: true},
	{name: "interface does not exist, no cidr_netmask", vars: one(vars{"nic": "eth9"}), reason: true},
	{name: "no route tells the interface", vars: each("ip", "203.0.113.9"), reason: true},
	{name: "two interfaces are equally good", vars: one(), node: "ip addr add 192.0.2.11/24 dev eth1", reason: true},
	{name: "malformed cidr_netmask", vars: each("cidr_netmask", "0", "33", "abc", "-1", "255.0.255.0"), reason: true},
	{name: "malformed broadcast", vars: each("broadcast", "bad"), reason: true},
	{name: "malformed broadcast, the address is there", vars: each("broadcast", "bad"), node: there},
	{name: "broadcast with an IPv6 address", vars: []vars{{"ip": ip6, "broadcast": "+", "nodad": "true"}}},
	{name: "label longer than 15 characters", vars: each("iflabel", "0123456789abc"), reason: true},
	{name: "label longer than 15 characters, the address is there", vars: each("iflabel", "0123456789abc"), node: there},
	{name: "malformed arp_count", vars: each("arp_count", "0", "many"), reason: true},
	{name: "malformed arp_interval", vars: each("arp_interval", "0", "fast")},
	{name: "malformed arp_count, the address is there", vars: each("arp_count", "0"), node: there},
	{name: "malformed truth value", vars: each("noprefixroute", "maybe"), reason: true},
	{name: "unknown arp_sender", vars: each("arp_sender", "pigeon"), reason: true},
	{name: "empty preferred_lft", vars: []vars{{"ip": ip6, "preferred_lft": "", "nodad": "true"}}},
	{name: "lvs_support with an IPv6 address", vars: []vars{{"ip": ip6, "lvs_support": "true", "nodad": "true"}}},
	{name: "lvs_support in a clone", vars: one(vars{"lvs_support": "true", "CRM_meta_clone_max": "2"})},
	{name: "lvs_ipv6_addrlabel with an IPv4 address", vars: each("lvs_ipv6_addrlabel", "true")},
	{name: "malformed lvs_ipv6_addrlabel_value", vars: []vars{{"ip": ip6, "lvs_ipv6_addrlabel": "true", "lvs_ipv6_addrlabel_value": "x", "nodad": "true"}}},
	{name: "a clone that shares the address (CLUSTERIP)", vars: one(vars{"CRM_meta_clone_max": "2"}), reason: true},
	{name: "unique_clone_address, not globally-unique", vars: each("unique_clone_address", "true")},

	{name: "network_namespace does not exist", vars: each("network_namespace", "red"), reason: true},
	{name: "another machine has the IPv4 address, run_arping", vars: each("run_arping", "true"), peer: owner, reason: true},
	{name: "another machine has the IPv6 address", vars: []vars{{"ip": ip6}}, peer: owner6, reason: true},
	{name: "not root, the address is absent", vars: one(), user: "nobody", reason: true},
	{name: "not root, the address is there", vars: one(), node: there, user: "nobody"},
	{name: "OCF_ROOT is not set", vars: one(vars{"OCF_ROOT": unset})},
	{name: "OCF_RESOURCE_INSTANCE is not set", vars: one(vars{"OCF_RESOURCE_INSTANCE": unset})},
	{name: "a program is missing (OCF_TESTER_FAIL_HAVE_BINARY)", vars: one(vars{"OCF_TESTER_FAIL_HAVE_BINARY": "1"})},
}

// try runs the actions that only look in one network, which they must not
// change, and start and stop in a fresh one each. It returns what every action
// did and the exit reasons.
func (s situation) try(t *testing.T, who side, v vars) (did, reasons map[string]string) {
	did, reasons = map[string]string{}, map[string]string{}
	run := func(n *network, action string) called {
		c := n.call(t, who, action, v, s.user)
		did[action], reasons[action] = strconv.Itoa(c.code), c.reason
		return c
	}
	n := newNetwork(t, s.node, s.peer)
	before := n.look()
	for _, action := range []string{"validate-all", monitor, probe, "status"} {
		run(n, action)
	}
	if change := n.look().since(before); change != "" {
		t.Errorf("looking changes the network: %s", change)
	}
	for _, action := range []string{"start", "stop"} {
		n := newNetwork(t, s.node, s.peer)
		had := len(n.look().holding(v["ip"]))
		c := run(n, action)
		if remark := remark(action, c.code, had, n.look().holding(v["ip"])); remark != "" {
			did[action] += ", " + remark
		}
	}
	return did, reasons
}

// remark tells what start or stop did beyond what its exit code says.
func remark(action string, code, had int, has []address) string {
	switch {
	case action == "stop" && len(has) > 0:
		return "it stays"
	case action == "stop":
	case code != 0 && len(has) > had:
		return "left there"
	case code != 0 && len(has) < had:
		return "removed"
	case code == 0 && len(has) != 1:
		return strconv.Itoa(len(has)) + " of it"
	case code == 0 && !has[0].up:
		return "link stays down"
	}
	return ""
}
