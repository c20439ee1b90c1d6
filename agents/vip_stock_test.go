package agents

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip/viptest"
	"github.com/oneha/oneha/ocf"
)

// differences are the cases where the exit code is another one than that of
// heartbeat:IPaddr2 4.12, each with its reason. Its codes were measured on Debian
// 12. Action "recurring" is a recurring monitor, "monitor" a probe.
var differences = []struct {
	what    string
	v       vars
	prepare func(*viptest.Lab) // nil: the address is absent, all else is well
	action  string
	stock   ocf.Code
	ours    ocf.Code
	why     string
}{
	// Wrong parameters: 6 in every action, where IPaddr2 says 6 or 7 or nothing
	// depending on the parameter; and never in a stop, since that has the node fenced.
	{"malformed ip", vars{"ip": "10.77.0.300"}, nil, "monitor", 7, 6, wrongIsSaid},
	{"malformed prefix length", full.with(vars{"cidr_netmask": "33"}), nil, "monitor", 7, 6, wrongIsSaid},
	{"malformed broadcast", full.with(vars{"broadcast": "bad"}), nil, "monitor", 7, 6, wrongIsSaid},
	{"malformed truth value", full.with(vars{"nodad": "maybe"}), nil, "start", 0, 6, "a slip of the keyboard is said, not taken for false"},
	{"malformed preferred_lft", full.with(vars{"preferred_lft": "soon"}), nil, "start", 0, 6, "IPaddr2 does not look at it for IPv4; here it works for both"},
	{"empty preferred_lft", full.with(vars{"preferred_lft": ""}), nil, "start", 6, 0, "an empty value counts as not given, as for every parameter"},
	{"negative arp_count_refresh", full.with(vars{"arp_count_refresh": "-1"}), nil, "start", 0, 6, "IPaddr2 does not look at it"},
	{"malformed label value, not used", full.with(vars{"lvs_ipv6_addrlabel_value": "x"}), nil, "start", 0, 6, "it is declared as an integer"},
	{"multicast address", full.with(vars{"ip": "224.0.0.1"}), nil, "start", 0, 6, "it cannot float: it belongs to no machine"},
	{"broadcast for IPv6", vars{"ip": "2001:db8:77::100", "broadcast": "+"}, nil, "start", 1, 6, "wrong on every node: 1 is tried again for ever"},
	{"netmask for IPv6", vars{"ip": "2001:db8:77::100", "cidr_netmask": "255.255.255.0"}, nil, "start", 1, 6, "wrong on every node"},
	{"malformed IPv6 address", vars{"ip": "2001:db8::1::2"}, nil, "validate-all", 0, 6, "D6"},
	{"malformed IPv6 address", vars{"ip": "2001:db8::1::2"}, nil, "start", 1, 6, "D6: 1 is tried again for ever"},
	{"label too long", full.with(vars{"iflabel": "0123456789abc"}), nil, "monitor", 6, 7, "a label keeps the address from being added, not from being looked for"},
	{"label too long", full.with(vars{"iflabel": "0123456789abc"}), nil, "stop", 6, 0, stopNeedsNothing},
	{"bad arp_count", full.with(vars{"arp_count": "0"}), nil, "stop", 6, 0, stopNeedsNothing},
	{"bad arp_sender", full.with(vars{"arp_sender": "pigeon"}), nil, "stop", 6, 0, stopNeedsNothing},
	{"lvs_support for IPv6", vars{"ip": "2001:db8:77::100", "lvs_support": "1"}, nil, "stop", 6, 0, stopNeedsNothing},

	// Cluster IP.
	{"Cluster IP", full.with(vars{"OCF_RESKEY_CRM_meta_clone_max": "2"}), nil, "start", 5, 6, "no node has it any more: Linux 6.3 removed CLUSTERIP"},
	{"Cluster IP", full.with(vars{"OCF_RESKEY_CRM_meta_clone_max": "2"}), nil, "monitor", 5, 6, "as for start"},
	{"Cluster IP", full.with(vars{"OCF_RESKEY_CRM_meta_clone_max": "2"}), nil, "stop", 5, 0, stopNeedsNothing},

	// What is missing on this node alone.
	{"no such nic", full.with(vars{"nic": "n9"}), nil, "start", 6, 5, missingHere},
	{"no such nic", full.with(vars{"nic": "n9"}), nil, "validate-all", 6, 5, missingHere},
	{"no such nic, nothing given", bare.with(vars{"nic": "n9"}), nil, "recurring", 1, 7, "D8"},
	{"no route", vars{"ip": "192.0.2.1"}, nil, "recurring", 1, 7, "D8"},
	{"no such namespace", full.with(vars{"network_namespace": "oneha-none"}), nil, "start", 255, 5, missingHere},
	{"no such namespace", full.with(vars{"network_namespace": "oneha-none"}), nil, "validate-all", 255, 5, missingHere},
	{"no such namespace", full.with(vars{"network_namespace": "oneha-none"}), nil, "monitor", 255, 7, "nothing can be in it"},
	{"no such namespace", full.with(vars{"network_namespace": "oneha-none"}), nil, "stop", 255, 0, "D5: nothing can be in it"},

	// The address is there, but does not serve.
	{"link down", full, switchedOff, "recurring", 0, 7, "D2"},
	{"link down", full, switchedOff, "monitor", 0, 1, stopFirst},
	{"link down, nothing given", bare, switchedOff, "recurring", 1, 7, "D1"},
	{"link down, nothing given", bare, switchedOff, "monitor", 7, 1, stopFirst},
	{"other prefix length", full, on("n0", "10.77.0.100/32"), "monitor", 7, 1, "D3: " + stopFirst},
	{"other interface", full, on("lo", "10.77.0.100/32"), "monitor", 7, 1, "D3: " + stopFirst},
	{"prefix length 2 for 24", full.with(vars{"cidr_netmask": "2"}), on("n0", "10.77.0.100/24"), "recurring", 0, 7, "D4"},
	{"prefix length 2 for 24", full.with(vars{"cidr_netmask": "2"}), on("n0", "10.77.0.100/24"), "stop", 1, 0, "D4"},
}

const (
	wrongIsSaid      = "one rule for all parameters: who looks learns which one is wrong"
	stopNeedsNothing = "D5: stop does not need it, and a failed stop has the node fenced"
	missingHere      = "it is missing on this node, not wrong on every one: 5 lets Pacemaker try another"
	stopFirst        = "after 7 Pacemaker would start it elsewhere and leave it here; 1 makes it stop it first"
)

func on(nic, address string) func(*viptest.Lab) {
	return func(l *viptest.Lab) { l.Node.Add(nic, address) }
}

func switchedOff(l *viptest.Lab) {
	l.Node.Add("n0", "10.77.0.100/24")
	l.Node.Down("n0")
}

func TestVIPDifferencesFromIPaddr2(t *testing.T) {
	for _, d := range differences {
		t.Run(d.what+" "+d.action, func(t *testing.T) {
			if d.stock == d.ours || d.why == "" {
				t.Fatal("no difference, or no reason for it")
			}
			l := vipLab(t)
			if d.prepare != nil {
				d.prepare(l)
			}
			v, action := d.v, d.action
			if action == "recurring" {
				v, action = v.with(recurring), "monitor"
			}
			expect(t, l.Node, action, v, d.ours)
		})
	}
}

// Without privileges looking works and changing is 4, as in IPaddr2; but a stop
// with nothing to change is 0, for that it is gone can be seen (IPaddr2: 4).
func TestVIPUnprivileged(t *testing.T) {
	l := vipLab(t)
	powerless := func(action string, v vars, want ocf.Code) {
		t.Helper()
		l.Node.Do(func() {
			header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
			var all [2]unix.CapUserData
			if err := unix.Capget(&header, &all[0]); err != nil {
				t.Fatal(err)
			}
			none := all
			none[0].Effective, none[1].Effective = 0, 0
			if err := unix.Capset(&header, &none[0]); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = unix.Capset(&header, &all[0]) }()
			if got := callVIP(action, v); got.Code != want {
				t.Errorf("%s: exit %d (%s), want %d", action, got.Code, got.Reason, want)
			}
		})
	}
	powerless("validate-all", full, 0)
	powerless("monitor", full, 7)
	powerless("start", full, 4)
	powerless("stop", full, 0)
	l.Node.Add("n0", "10.77.0.100/24")
	powerless("monitor", full, 0)
	powerless("monitor", full.with(vars{"network_namespace": "/proc/self/ns/net"}), 4)
	powerless("stop", full, 4)
}
