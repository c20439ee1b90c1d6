package agents

import (
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
		{good.with(vars{"nodad": "maybe"}), "nodad"},
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

func FuzzVIPParameters(f *testing.F) {
	f.Add("10.0.0.9", "eth0:x", "24", "+", "5", "200")
	f.Add("2001:db8::9", "", "255.255.255.0", "-", "0", "x")
	f.Add("fe80::1%eth0", "a/b", "129", "bad", "", "")
	f.Fuzz(func(t *testing.T, ip, nic, mask, brd, count, interval string) {
		req := ocf.NewRequest(VIP, ocf.Start, map[string]string{
			"ip": ip, "nic": nic, "netmask": mask, "broadcast": brd, "arp_count": count, "arp_interval": interval,
		})
		s, err := vipFrom(req)
		if err != nil {
			if ocf.CodeOf(err) != ocf.ConfiguredCode {
				t.Errorf("%v is not a configuration error", err)
			}
			return
		}
		a := s.address
		if !a.IP.IsValid() || a.IP.Zone() != "" || a.Bits < 0 || a.Bits > a.IP.BitLen() || s.burst.Count < 1 || s.burst.Interval <= 0 {
			t.Errorf("accepted %+v", s)
		}
	})
}
