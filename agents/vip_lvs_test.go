package agents

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vishvananda/netlink"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// onLoopback returns the addresses of lo but 127.0.0.1 and ::1, with their scope.
func onLoopback(l *viptest.Lab) []string {
	all := l.Node.Addresses("lo")
	return slices.DeleteFunc(all, func(a string) bool { return a == "127.0.0.1/8 lo" || a == "::1/128" })
}

// The life of a director: the address rests on lo, is taken from there by start
// and put back by stop as it was, also by one that comes after a kill.
func TestVIPLVSSupport(t *testing.T) {
	l := vipLab(t)
	v := full.with(vars{"lvs_support": "true"})
	privately(t, func() {
		rest := func(when string) {
			t.Helper()
			if diff := cmp.Diff([]string{"10.77.0.100/32 lo:vip"}, onLoopback(l)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
			if got := l.Node.Addresses("n0"); len(got) != 2 {
				t.Errorf("%s: addresses %q", when, got)
			}
		}
		l.Node.Add("lo", "10.77.0.100/32 lo:vip", func(a *netlink.Addr) { a.Scope = int(netlink.SCOPE_HOST) })
		expect(t, l.Node, "monitor", v, 7) // it rests: stopped
		expect(t, l.Node, "monitor", v.with(recurring), 7)
		expect(t, l.Node, "stop", v, 0)
		rest("stop while it rests")
		for range 2 {
			expect(t, l.Node, "start", v, 0)
			if got := onLoopback(l); len(got) != 0 {
				t.Errorf("after start lo has %q", got)
			}
			expect(t, l.Node, "monitor", v, 0)
		}
		text, err := os.ReadFile("/run/resource-agents/10.77.0.100")
		if want := "10.77.0.100 32 none lo lo:vip 254\n"; err != nil || string(text) != want {
			t.Errorf("remembered %q, %v, want %q", text, err, want)
		}
		for range 2 {
			expect(t, l.Node, "stop", v, 0)
			rest("stop")
			expect(t, l.Node, "monitor", v, 7)
		}
		if _, err := os.Stat("/run/resource-agents/10.77.0.100"); err == nil {
			t.Error("the file stays after stop")
		}
		l.Node.Do(func() {
			all, err := netlink.AddrList(nil, netlink.FAMILY_V4)
			for _, a := range all {
				if bits, _ := a.Mask.Size(); bits == 32 && a.Scope != int(netlink.SCOPE_HOST) {
					t.Errorf("scope %d, want that of before", a.Scope)
				}
			}
			if err != nil {
				t.Error(err)
			}
		})

		// Both at once is not well, and mended by either.
		l.Node.Add("n0", "10.77.0.100/24")
		expect(t, l.Node, "start", v, 0)
		expect(t, l.Node, "stop", v, 0)
		rest("both at once")

		// A stop that was killed before it put the address back.
		expect(t, l.Node, "start", v, 0)
		l.Node.Remove("n0", "10.77.0.100/24")
		expect(t, l.Node, "stop", v, 0)
		rest("stop after a killed stop")

		// Without the parameter the address does not belong there.
		expect(t, l.Node, "monitor", full, 1)
		expect(t, l.Node, "stop", full, 0)
		gone(t, l, "10.77.0.100")
	})
}

// What IPaddr2 took from lo is put back by our stop; what cannot be read is left
// to a person, and does not fail the stop.
func TestVIPLVSFileOfIPaddr2(t *testing.T) {
	l := vipLab(t)
	v := full.with(vars{"lvs_support": "yes"})
	privately(t, func() {
		if err := os.MkdirAll(stateDir, 0o755); err != nil {
			t.Fatal(err)
		}
		file := stateDir + "/10.77.0.100"
		for _, test := range []struct {
			text string
			want []string
		}{
			{"10.77.0.100 32 255.255.255.255 lo\n", []string{"10.77.0.100/32 lo"}},
			{"", nil},
			{"10.77.0.101 32 255.255.255.255 lo\n", nil},
			{"10.77.0.100 32 255.255.255.255 n9\n", nil},
		} {
			if err := os.WriteFile(file, []byte(test.text), 0o644); err != nil {
				t.Fatal(err)
			}
			l.Node.Add("n0", "10.77.0.100/24")
			expect(t, l.Node, "stop", v, 0)
			if diff := cmp.Diff(test.want, onLoopback(l), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%q (-want +got):\n%s", test.text, diff)
			}
			if got := l.Node.Addresses("n0"); len(got) != 2 {
				t.Errorf("%q: addresses %q", test.text, got)
			}
			if test.want != nil {
				l.Node.Remove("lo", test.want[0])
			}
		}
	})
}

func TestVIPAddressLabel(t *testing.T) {
	l := vipLab(t)
	v := vars{"ip": "2001:db8:77::100", "nodad": "true", "arp_count": "1", "lvs_ipv6_addrlabel": "true", "lvs_ipv6_addrlabel_value": "77"}
	// source returns the address from which the node would reach the peer.
	source := func() (ip string) {
		l.Node.Do(func() {
			routes, err := netlink.RouteGet([]byte{0x20, 1, 0xd, 0xb8, 0, 0x77, 15: 2})
			if err != nil || len(routes) != 1 {
				t.Fatalf("route %v, %v", routes, err)
			}
			ip = routes[0].Src.String()
		})
		return ip
	}
	unlabelled := v.with(vars{"lvs_ipv6_addrlabel": "false"})
	expect(t, l.Node, "start", unlabelled, 0)
	if got := source(); got != "2001:db8:77::100" {
		t.Fatalf("without a label the source is %s: the test shows nothing", got)
	}
	expect(t, l.Node, "stop", unlabelled, 0)
	for range 2 {
		expect(t, l.Node, "start", v, 0)
		if got := source(); got != "2001:db8:77::1" {
			t.Errorf("the source is %s, the floating IP", got)
		}
	}
	for range 2 {
		expect(t, l.Node, "stop", v, 0)
	}
	expect(t, l.Node, "start", unlabelled, 0)
	if got := source(); got != "2001:db8:77::100" {
		t.Errorf("the source is %s: stop left the label", got)
	}
}
