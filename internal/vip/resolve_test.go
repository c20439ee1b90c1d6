package vip

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/oneha/oneha/internal/vip/viptest"
)

func TestResolve(t *testing.T) {
	l := viptest.New(t)
	l.Pair(1, nil, nil)
	l.Node.Add("n0", "10.77.0.1/24 n0", func(a *netlink.Addr) { a.Broadcast = net.IPv4(10, 77, 0, 255).To4() })
	l.Node.Add("n1", "10.77.1.1/16", func(a *netlink.Addr) { a.Broadcast = net.IPv4zero })
	l.Node.Add("n0", "10.88.0.1/24")
	l.Node.Add("n1", "10.88.0.2/24")
	l.Node.Add("n0", "2001:db8:77::1/64")
	l.Node.Add("n0", "2001:db8:88::1/64")
	l.Node.Add("n1", "2001:db8:88::2/64")
	l.Node.Add("n0", "10.66.0.1/24")
	l.Node.Add("n1", "10.66.0.66/24")       // the floating IP in the wrong place, with its own route
	l.Node.Add("lo", "2001:db8:99::100/64") // the same, where nobody outside reaches it

	plus, _ := ParseBroadcast("+")
	for _, test := range []struct {
		name string
		in   Address
		want string
		err  error
		text string // in the error
	}{
		{"nic, prefix and broadcast inferred", address("10.77.0.100"), "10.77.0.100/24 on n0 brd 10.77.0.255", nil, ""},
		{"shorter route, no broadcast there", address("10.77.2.100"), "10.77.2.100/16 on n1", nil, ""},
		{"nic given", Address{IP: netip.MustParseAddr("10.77.2.100"), Nic: "n0"}, "", ErrNoRoute, "10.77.2.100 on n0; is the link down?"},
		{"nic and prefix given, no route", Address{IP: netip.MustParseAddr("192.0.2.1"), Nic: "n0", Bits: 20}, "192.0.2.1/20 on n0", nil, ""},
		{"prefix given", Address{IP: netip.MustParseAddr("10.77.0.100"), Bits: 32}, "10.77.0.100/32 on n0 brd 10.77.0.255", nil, ""},
		{"computed broadcast", Address{IP: netip.MustParseAddr("10.77.2.100"), Broadcast: plus}, "10.77.2.100/16 on n1 brd 10.77.255.255", nil, ""},
		{"label", Address{IP: netip.MustParseAddr("10.77.2.100"), Label: "vip"}, "10.77.2.100/16 on n1 label n1:vip", nil, ""},
		{"label too long", Address{IP: netip.MustParseAddr("10.77.2.100"), Label: "0123456789abc"}, "", ErrLabel, "n1:0123456789abc has 16 characters"},
		{"two networks alike", address("10.88.0.100"), "", ErrAmbiguous, "10.88.0.0/24 is on n0, n1"},
		{"two networks alike, nic given", Address{IP: netip.MustParseAddr("10.88.0.100"), Nic: "n1"}, "10.88.0.100/24 on n1 brd 10.88.0.255", nil, ""},
		{"no network", address("192.0.2.1"), "", ErrNoRoute, "192.0.2.1; is a link down?"},
		{"no such nic", Address{IP: netip.MustParseAddr("10.77.0.100"), Nic: "n9", Bits: 24}, "", ErrNoNic, "n9"},
		{"wrong place does not mislead", address("10.66.0.66"), "10.66.0.66/24 on n0 brd 10.66.0.255", nil, ""},
		{"IPv6", address("2001:db8:77::100"), "2001:db8:77::100/64 on n0", nil, ""},
		{"only on lo", address("2001:db8:99::100"), "", ErrNoRoute, "2001:db8:99::100; is a link down?"},
		{"IPv6 two networks alike", address("2001:db8:88::100"), "", ErrAmbiguous, "n0, n1"},
		{"IPv6 drops the label", Address{IP: netip.MustParseAddr("2001:db8:77::100"), Label: "0123456789abc"}, "2001:db8:77::100/64 on n0", nil, ""},
		{"IPv6 link-local", Address{IP: netip.MustParseAddr("fe80::100"), Nic: "n1"}, "fe80::100/64 on n1", nil, ""},
		{"loopback", address("127.0.0.9"), "127.0.0.9/8 on lo", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			on(t, l.Node, func(ctx context.Context, h *Host) {
				p, err := h.Resolve(ctx, test.in)
				if !errors.Is(err, test.err) || (err != nil && !strings.Contains(err.Error(), test.text)) {
					t.Fatalf("error %q, want %v with %q", err, test.err, test.text)
				}
				if err != nil {
					return
				}
				got := p.String()
				if p.Broadcast.IsValid() {
					got += " brd " + p.Broadcast.String()
				}
				if p.Label != "" {
					got += " label " + p.Label
				}
				if got != test.want {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
			})
		})
	}
}
