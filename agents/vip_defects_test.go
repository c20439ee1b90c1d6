package agents

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/oneha/oneha/internal/vip/viptest"
	"github.com/oneha/oneha/ocf"
)

// These are the defects that were seen in IPaddr2 4.12, one test each. D10, its 23
// programs for a monitor, is in vip_process_test.go.

// full leaves nothing to infer, bare everything.
var (
	bare = vars{"ip": "10.77.0.100", "arp_count": "1"}
	full = bare.with(vars{"nic": "n0", "cidr_netmask": "24"})
)

// gone fails the test if the address is anywhere on the node.
func gone(t *testing.T, l *viptest.Lab, ip string) {
	t.Helper()
	l.Node.Do(func() {
		all, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			if a.IP.String() == ip {
				t.Errorf("%s is still on interface %d", a, a.LinkIndex)
			}
		}
	})
}

// D1: the link goes down, and the route from which nic was inferred with it.
// IPaddr2: the recurring monitor fails with 1, and stop says 0 and leaves the
// address, which is a duplicate once the link is back.
func TestVIPDefectD1(t *testing.T) {
	l := vipLab(t)
	expect(t, l.Node, "start", bare, 0)
	l.Node.Down("n0")
	got := expect(t, l.Node, "monitor", bare.with(recurring), 7)
	if want := "10.77.0.100/24 is on n0, but link n0 is down: switched off"; got.Reason != want {
		t.Errorf("reason %q, want %q", got.Reason, want)
	}
	expect(t, l.Node, "monitor", bare, 1) // a probe: not running would leave it here
	expect(t, l.Node, "stop", bare, 0)
	gone(t, l, "10.77.0.100")
	expect(t, l.Node, "monitor", bare, 7)
}

// D2: the link is switched off and nothing has to be inferred. IPaddr2: monitor
// says 0, and start too, and leaves the link off.
func TestVIPDefectD2(t *testing.T) {
	l := vipLab(t)
	expect(t, l.Node, "start", full, 0)
	l.Node.Down("n0")
	expect(t, l.Node, "monitor", full.with(recurring), 7)
	expect(t, l.Node, "start", full, 0)
	expect(t, l.Node, "monitor", full, 0)
}

// D3: the address is there with another prefix length, or on another interface.
// IPaddr2: monitor says 7 and stop 0, and it stays; start adds a second one.
func TestVIPDefectD3(t *testing.T) {
	l := vipLab(t)
	l.Pair(1, nil, nil)
	v := full.with(vars{"iflabel": "vip"})
	for _, test := range []struct {
		nic, address     string
		monitor, probing ocf.Code
	}{
		{"n0", "10.77.0.100/32", 7, 1},
		{"n1", "10.77.0.100/24", 7, 1},
		{"lo", "10.77.0.100/32", 7, 1},
		{"n0", "10.77.0.100/24 n0:other", 0, 0}, // it serves all the same
	} {
		for _, mend := range []string{"start", "stop"} {
			l.Node.Add(test.nic, test.address)
			expect(t, l.Node, "monitor", v.with(recurring), test.monitor)
			expect(t, l.Node, "monitor", v, test.probing)
			expect(t, l.Node, mend, v, 0)
			want := []string{"10.77.0.1/24 n0", "2001:db8:77::1/64"}
			if mend == "start" {
				want = []string{"10.77.0.1/24 n0", "10.77.0.100/24 n0:vip", "2001:db8:77::1/64"}
			}
			if diff := cmp.Diff(want, append(l.Node.Addresses("n0"), l.Node.Addresses("n1")...)); diff != "" {
				t.Errorf("%s on %s after %s (-want +got):\n%s", test.address, test.nic, mend, diff)
			}
			expect(t, l.Node, "stop", v, 0)
			gone(t, l, "10.77.0.100")
		}
	}
}

// D4: IPaddr2 takes the prefix length 2 for the beginning of 24: monitor says 0
// for an address with the wrong one, and stop then fails, so the node is fenced.
func TestVIPDefectD4(t *testing.T) {
	l := vipLab(t)
	v := full.with(vars{"cidr_netmask": "2"})
	l.Node.Add("n0", "10.77.0.100/24")
	expect(t, l.Node, "monitor", v.with(recurring), 7)
	expect(t, l.Node, "stop", v, 0)
	gone(t, l, "10.77.0.100")
}

// D5: IPaddr2's stop fails with 6 for parameters that it does not need, and with
// 255 for a namespace that is gone, with the address in it. A failed stop has
// the node fenced.
func TestVIPDefectD5(t *testing.T) {
	l := vipLab(t)
	for _, wrong := range []vars{
		{"iflabel": "0123456789abc"}, {"arp_count": "0"}, {"arp_interval": "x"}, {"arp_count_refresh": "-1"}, {"arp_sender": "pigeon"},
		{"cidr_netmask": "33"}, {"broadcast": "bad"}, {"preferred_lft": "soon"}, {"proto": "x"}, {"nic": "a/b"}, {"nodad": "maybe"},
		{"lvs_ipv6_addrlabel": "true"}, {"OCF_RESKEY_CRM_meta_clone_max": "x"}, {"OCF_RESKEY_CRM_meta_clone_max": "2"}, {"nic": "n9"},
	} {
		l.Node.Add("n0", "10.77.0.100/24")
		expect(t, l.Node, "stop", bare.with(wrong), 0)
		gone(t, l, "10.77.0.100")
	}
	for _, namespace := range []string{"oneha-test-none", "/proc/self/none", "/proc/self/status", "../x", "."} {
		v := bare.with(vars{"network_namespace": namespace})
		expect(t, l.Node, "stop", v, 0)
	}
}

// D6: IPaddr2 finds malformed IPv6 addresses good and then cannot start them, a
// soft error that is tried again for ever.
func TestVIPDefectD6(t *testing.T) {
	l := vipLab(t)
	for _, ip := range []string{"2001:db8::1::2", "2001:db8:::1", "1:2:3:4:5:6:7:8:9", "2001:db8::12345"} {
		for _, action := range []string{"validate-all", "start"} {
			if got := expect(t, l.Node, action, vars{"ip": ip}, 6); !strings.HasPrefix(got.Reason, "parameter ip ") {
				t.Errorf("%s %s: reason %q", action, ip, got.Reason)
			}
		}
	}
}

// D7: IPaddr2 sends nothing when start finds the address there, though a start
// means that the network may believe otherwise; and its detection of a duplicate
// needs two seconds when there is none. It is off by default in both, as fencing
// is what rules out a second owner.
func TestVIPDefectD7(t *testing.T) {
	l := vipLab(t)
	capture := l.Peer.Capture("p0")
	frames := func() int { return len(capture.Next(100, 100*time.Millisecond, viptest.IsARP)) }
	for _, what := range []string{"adds it", "finds it there"} {
		expect(t, l.Node, "start", full, 0)
		if got := frames(); got != 2 {
			t.Errorf("start that %s sent %d frames, want a request and a reply", what, got)
		}
	}
	expect(t, l.Node, "stop", full, 0)

	careful := full.with(vars{"run_arping": "true"})
	begin := time.Now()
	expect(t, l.Node, "start", careful, 0)
	if took := time.Since(begin); took > time.Second {
		t.Errorf("detecting no duplicate took %s", took)
	}
	expect(t, l.Node, "start", careful, 0) // our own address is no duplicate
	expect(t, l.Node, "stop", careful, 0)

	l.Peer.Add("p0", "10.77.0.100/24")
	got := expect(t, l.Node, "start", careful, 1)
	if !strings.Contains(got.Reason, viptest.PeerMAC.String()) {
		t.Errorf("reason %q does not name the other machine", got.Reason)
	}
	gone(t, l, "10.77.0.100")
	expect(t, l.Node, "monitor", careful, 7)
	expect(t, l.Node, "stop", careful, 0)
}

// D8: the interface is gone, or no route leads to the address. IPaddr2's
// recurring monitor says 1, "failed", where 7 is proved.
func TestVIPDefectD8(t *testing.T) {
	l := vipLab(t)
	expect(t, l.Node, "start", full, 0)
	l.Node.Delete("n0")
	for _, v := range []vars{full, bare, {"ip": "10.77.0.100", "nic": "n0"}} {
		expect(t, l.Node, "monitor", v.with(recurring), 7)
		expect(t, l.Node, "monitor", v, 7)
		expect(t, l.Node, "stop", v, 0)
	}
}

// D9: IPaddr2's reason for half a dozen causes is "[findif] failed".
func TestVIPDefectD9(t *testing.T) {
	l := vipLab(t)
	l.Pair(1, nil, nil)
	l.Node.Add("n0", "10.88.0.1/24")
	l.Node.Add("n1", "10.88.0.2/24")
	for _, test := range []struct {
		v    vars
		code ocf.Code
		want string
	}{
		{vars{"ip": "10.77.0.100", "nic": "n9"}, 5, "find interface n9: no such interface on this node: see parameter nic"},
		{vars{"ip": "192.0.2.1"}, 1, "set nic and cidr_netmask: no connected route contains the address 192.0.2.1; is a link down?"},
		{vars{"ip": "192.0.2.1", "nic": "n0"}, 1, "set nic and cidr_netmask: no connected route contains the address 192.0.2.1 on n0; is the link down?"},
		{vars{"ip": "10.88.0.100"}, 1, "set nic: several interfaces lead to the address equally well: 10.88.0.0/24 is on n0, n1"},
	} {
		if got := expect(t, l.Node, "start", test.v, test.code); got.Reason != test.want {
			t.Errorf("%v: reason %q want %q", test.v, got.Reason, test.want)
		}
	}
}

// The same holds for IPv6 where it applies.
func TestVIPDefectsIPv6(t *testing.T) {
	l := vipLab(t)
	v := vars{"ip": "2001:db8:77::100", "nodad": "true", "arp_count": "1"}
	expect(t, l.Node, "start", v, 0)
	l.Node.Down("n0") // takes IPv6 addresses away
	expect(t, l.Node, "monitor", v.with(recurring), 7)
	expect(t, l.Node, "stop", v, 0)
	l.Node.Up("n0")
	l.Node.Add("n0", "2001:db8:77::100/128")
	expect(t, l.Node, "monitor", v.with(recurring, vars{"cidr_netmask": "64"}), 7)
	expect(t, l.Node, "stop", v, 0)
	gone(t, l, netip.MustParseAddr(v["ip"]).String())
}
