package agents

import (
	"slices"
	"strings"
	"testing"

	"github.com/oneha/oneha/ocf"
)

// Parameters that are wrong on every node: exit 6 that names the parameter, but
// for stop, which succeeds.
func TestVIPBadParameters(t *testing.T) {
	l := vipLab(t)
	good := vars{"ip": "10.77.0.100"}
	good6 := vars{"ip": "2001:db8:77::100"}
	for _, test := range []struct {
		v         vars
		parameter string
	}{
		{vars{}, "ip"},
		{vars{"ip": ""}, "ip"},
		{vars{"ip": "10.77.0.300"}, "ip"},
		{vars{"ip": "10.77.0"}, "ip"},
		{vars{"ip": "foo"}, "ip"},
		{vars{"ip": "10.77.0.100/24"}, "ip"},
		{vars{"ip": "010.77.0.100"}, "ip"},
		{vars{"ip": "0.1.2.3"}, "ip"},
		{vars{"ip": "0.0.0.0"}, "ip"},
		{vars{"ip": "224.0.0.1"}, "ip"},
		{vars{"ip": "255.255.255.255"}, "ip"},
		{vars{"ip": " 10.77.0.100"}, "ip"},
		{vars{"ip": "2001:db8::1::2"}, "ip"}, // D6
		{vars{"ip": "fe80::zz"}, "ip"},
		{vars{"ip": "::"}, "ip"},
		{vars{"ip": "fe80::1%n0"}, "ip"},
		{vars{"ip": "::ffff:10.77.0.100"}, "ip"},
		{vars{"ip": "fe80::1"}, "nic"},
		{good.with(vars{"nic": "a/b"}), "nic"},
		{good.with(vars{"nic": "a b"}), "nic"},
		{good.with(vars{"cidr_netmask": "0"}), "cidr_netmask"},
		{good.with(vars{"cidr_netmask": "33"}), "cidr_netmask"},
		{good.with(vars{"cidr_netmask": "abc"}), "cidr_netmask"},
		{good.with(vars{"cidr_netmask": "-1"}), "cidr_netmask"},
		{good.with(vars{"netmask": "255.0.255.0"}), "cidr_netmask"},
		{good.with(vars{"netmask": "0.0.0.0"}), "cidr_netmask"},
		{good6.with(vars{"cidr_netmask": "129"}), "cidr_netmask"},
		{good6.with(vars{"cidr_netmask": "255.255.255.0"}), "cidr_netmask"},
		{good.with(vars{"broadcast": "bad"}), "broadcast"},
		{good.with(vars{"broadcast": "ff02::1"}), "broadcast"},
		{good6.with(vars{"broadcast": "+"}), "broadcast"},
		{good.with(vars{"arp_count": "0"}), "arp_count"},
		{good.with(vars{"arp_count": "-5"}), "arp_count"},
		{good.with(vars{"arp_count": "many"}), "arp_count"},
		{good.with(vars{"arp_interval": "0"}), "arp_interval"},
		{good.with(vars{"arp_interval": "9223372036854775807"}), "arp_interval"},
		{good.with(vars{"arp_interval": "fast"}), "arp_interval"},
		{good.with(vars{"arp_count_refresh": "-1"}), "arp_count_refresh"},
		{good.with(vars{"arp_count_refresh": "x"}), "arp_count_refresh"},
		{good.with(vars{"arp_sender": "pigeon"}), "arp_sender"},
		{good.with(vars{"proto": "kernal"}), "proto"},
		{good.with(vars{"proto": "256"}), "proto"},
		{good.with(vars{"preferred_lft": "soon"}), "preferred_lft"},
		{good6.with(vars{"preferred_lft": "-1"}), "preferred_lft"},
		{good6.with(vars{"preferred_lft": "4294967296"}), "preferred_lft"},
		{good6.with(vars{"lvs_support": "true"}), "lvs_support"},
		{good.with(vars{"lvs_support": "true", "nic": "lo"}), "lvs_support"},
		{good.with(vars{"lvs_ipv6_addrlabel": "true"}), "lvs_ipv6_addrlabel"},
		{good6.with(vars{"lvs_ipv6_addrlabel": "true", "lvs_ipv6_addrlabel_value": "-1"}), "lvs_ipv6_addrlabel_value"},
		{good6.with(vars{"lvs_ipv6_addrlabel": "true", "lvs_ipv6_addrlabel_value": "4294967295"}), "lvs_ipv6_addrlabel_value"},
		{good.with(vars{"lvs_ipv6_addrlabel_value": "x"}), "lvs_ipv6_addrlabel_value"},
		{good.with(vars{"network_namespace": "a/b"}), "network_namespace"},
		{good.with(vars{"nodad": "maybe"}), "nodad"},
		{good.with(vars{"run_arping": "maybe"}), "run_arping"},
	} {
		for _, action := range []string{"start", "validate-all", "monitor"} {
			got := expect(t, l.Node, action, test.v, 6)
			if !strings.HasPrefix(got.Reason, "parameter "+test.parameter+" ") {
				t.Errorf("%s %v: reason %q does not name %s", action, test.v, got.Reason, test.parameter)
			}
		}
		expect(t, l.Node, "stop", test.v, 0)
	}
	for _, label := range []vars{{"iflabel": "0123456789abc"}, {"nic": "n0:0123456789abc"}} {
		v := good.with(label)
		for _, action := range []string{"start", "validate-all"} {
			if got := expect(t, l.Node, action, v, 6); !strings.HasPrefix(got.Reason, "parameter iflabel ") {
				t.Errorf("%s %v: reason %q does not name iflabel", action, v, got.Reason)
			}
		}
		expect(t, l.Node, "monitor", v, 7)
		expect(t, l.Node, "stop", v, 0)
	}
	if got := l.Node.Addresses("n0"); len(got) != 2 {
		t.Errorf("something was changed: %q", got)
	}
}

// What is wrong with this node alone.
func TestVIPBadNode(t *testing.T) {
	l := vipLab(t)
	l.Pair(1, nil, nil)
	l.Node.Add("n0", "10.88.0.1/24")
	l.Node.Add("n1", "10.88.0.2/24")
	for _, test := range []struct {
		name  string
		v     vars
		start ocf.Code
		text  string
	}{
		{"nic is missing", vars{"ip": "10.77.0.100", "nic": "n9", "cidr_netmask": "24"}, 5, "n9"},
		{"nic is missing, no prefix", vars{"ip": "10.77.0.100", "nic": "n9"}, 5, "n9"},
		{"no route", vars{"ip": "192.0.2.1"}, 1, "no connected route"},
		{"two routes", vars{"ip": "10.88.0.100"}, 1, "n0, n1"},
	} {
		for _, action := range []string{"start", "validate-all"} {
			if got := expect(t, l.Node, action, test.v, test.start); !strings.Contains(got.Reason, test.text) {
				t.Errorf("%s: %s: reason %q lacks %q", test.name, action, got.Reason, test.text)
			}
		}
		expect(t, l.Node, "monitor", test.v, 7)
		expect(t, l.Node, "monitor", test.v.with(recurring), 7) // D8
		expect(t, l.Node, "stop", test.v, 0)
	}
}

// What is right is taken, with no more effect than it should have.
func TestVIPGoodParameters(t *testing.T) {
	l := vipLab(t)
	for _, test := range []struct {
		v    vars
		want string // of `ip addr`
	}{
		{vars{"arp_sender": "ipoibarping", "send_arp_opts": "-A", "mac": "01:00:5e:00:00:01", "clusterip_hash": "bad"}, "10.77.0.100/24 n0"},
		{vars{"nic": "n0:vip", "iflabel": "other"}, "10.77.0.100/24 n0:vip"},
		{vars{"proto": "kernel", "cidr_netmask": "25"}, "10.77.0.100/25 n0"},
		{vars{"noprefixroute": "YES", "flush_routes": "on", "preferred_lft": "0"}, "10.77.0.100/24 n0"},
		{vars{"run_arping": "ja", "arp_interval": "1", "broadcast": "-"}, "10.77.0.100/24 n0"},
		{vars{"preferred_lft": "forever", "lvs_ipv6_addrlabel_value": "-5"}, "10.77.0.100/24 n0"},
	} {
		v := bare.with(test.v)
		for _, action := range []string{"validate-all", "start", "monitor"} {
			expect(t, l.Node, action, v, 0)
		}
		if got := l.Node.Addresses("n0"); !slices.Contains(got, test.want) {
			t.Errorf("%v: addresses %q, want %s", test.v, got, test.want)
		}
		expect(t, l.Node, "stop", v, 0)
		gone(t, l, "10.77.0.100")
	}
	// No route was made by that protocol.
	expect(t, l.Node, "start", bare.with(vars{"proto": "static"}), 1)
}

func FuzzVIPParameters(f *testing.F) {
	f.Add("10.0.0.9", "eth0:x", "24", "+", "5", "200", "forever", "kernel", "blue", "")
	f.Add("2001:db8::9", "", "255.255.255.0", "-", "0", "x", "0", "300", "/run/netns/x", "2")
	f.Add("fe80::1%eth0", "a/b", "129", "bad", "", "", "-1", "", "../x", "99999999999999999999")
	f.Fuzz(func(t *testing.T, ip, nic, mask, brd, count, interval, preferred, proto, namespace, clone string) {
		req := ocf.NewRequest(VIP, ocf.Start, map[string]string{
			"ip": ip, "nic": nic, "netmask": mask, "broadcast": brd, "arp_count": count, "arp_interval": interval,
			"preferred_lft": preferred, "proto": proto, "network_namespace": namespace,
			"CRM_meta_clone": clone, "CRM_meta_clone_max": "1", "CRM_meta_globally_unique": "true", "unique_clone_address": "true",
		})
		s, err := vipFrom(req)
		if err != nil {
			if ocf.CodeOf(err) != ocf.ConfiguredCode {
				t.Errorf("%v is not a configuration error", err)
			}
			return
		}
		a := s.address
		if !a.IP.Is4() || a.Bits < 0 || a.Bits > a.IP.BitLen() || s.burst.Count < 1 || s.burst.Interval <= 0 || s.refresh < 0 {
			t.Errorf("accepted %+v", s)
		}
		if base, err := parseIP(ip); err != nil || base.As4()[3] > a.IP.As4()[3] || [3]byte(base.AsSlice()) != [3]byte(a.IP.AsSlice()) {
			t.Errorf("instance %q of %s has %s", clone, ip, a.IP)
		}
	})
}
