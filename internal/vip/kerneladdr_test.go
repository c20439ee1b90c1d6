package vip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// sameAddr leaves out what differs from one moment to the next.
var sameAddr = cmp.Options{
	cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}),
	cmpopts.IgnoreFields(kernelAddr{}, "Created", "message"),
}

// nodeAddresses returns the addresses of the node with that IP.
func nodeAddresses(t *testing.T, l *viptest.Lab, ip netip.Addr) (list []kernelAddr) {
	t.Helper()
	on(t, l.Node, func(ctx context.Context, h *Host) {
		all, err := h.addresses(ctx, familyOf(ip))
		if err != nil {
			t.Fatal(err)
		}
		list = slices.DeleteFunc(all, func(a kernelAddr) bool { return a.Prefix.Addr() != ip })
	})
	return list
}

// peer gives an address a peer, whose prefix it then has.
func peer(ip string, bits int) func(*netlink.Addr) {
	return func(a *netlink.Addr) {
		p := netip.MustParseAddr(ip)
		a.Peer = &net.IPNet{IP: p.AsSlice(), Mask: net.CIDRMask(bits, p.BitLen())}
	}
}

func TestAddresses(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.1/24 n0:one")
	l.Node.Add("n0", "10.77.0.2/24", func(a *netlink.Addr) { a.Broadcast = net.IPv4zero })
	l.Node.Add("n0", "10.78.0.1/32", peer("10.78.0.2", 24))
	l.Node.Add("n0", "10.79.0.1/24", func(a *netlink.Addr) {
		a.ValidLft, a.PreferedLft, a.Scope = 1000, 500, int(netlink.SCOPE_LINK)
	})
	l.Node.Add("n0", "2001:db8::1/64", func(a *netlink.Addr) { a.Flags |= unix.IFA_F_NOPREFIXROUTE })
	l.Node.Add("n0", "2001:db8:1::1/128", peer("2001:db8:1::2", 64))
	var index int
	on(t, l.Node, func(_ context.Context, h *Host) {
		n0, err := h.linkNamed("n0")
		if err != nil {
			t.Fatal(err)
		}
		index = n0.Index
	})
	const lasts = unix.IFA_F_PERMANENT
	for _, want := range []kernelAddr{
		{Prefix: netip.MustParsePrefix("10.77.0.1/24"), Label: "n0:one", Broadcast: netip.MustParseAddr("10.77.0.255"), Flags: lasts},
		{Prefix: netip.MustParsePrefix("10.77.0.2/24"), Label: "n0", Flags: lasts | unix.IFA_F_SECONDARY},
		{Prefix: netip.MustParsePrefix("10.78.0.1/32"), Label: "n0", Broadcast: netip.MustParseAddr("10.78.0.255"), Flags: lasts},
		{Prefix: netip.MustParsePrefix("10.79.0.1/24"), Label: "n0", Broadcast: netip.MustParseAddr("10.79.0.255"),
			Scope: unix.RT_SCOPE_LINK, Valid: 1000, Preferred: 500},
		{Prefix: netip.MustParsePrefix("2001:db8::1/64"), Flags: lasts | unix.IFA_F_NODAD | unix.IFA_F_NOPREFIXROUTE},
		{Prefix: netip.MustParsePrefix("2001:db8:1::1/128"), Flags: lasts | unix.IFA_F_NODAD},
	} {
		if want.Index = index; want.Valid == 0 {
			want.Valid, want.Preferred = forever, forever
		}
		got := nodeAddresses(t, l, want.Prefix.Addr())
		for i := range got { // a second may have passed
			if d := want.Valid - got[i].Valid; d < 5 && want.Valid != forever {
				got[i].Valid, got[i].Preferred = got[i].Valid+d, got[i].Preferred+d
			}
		}
		if diff := cmp.Diff([]kernelAddr{want}, got, sameAddr); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Prefix, diff)
		}
	}
}

// A dump of more than one packet is read to its end, and the next one is apart.
func TestManyAddresses(t *testing.T) {
	l := viptest.New(t)
	const count = 600
	for i := range count {
		l.Node.Add("n0", fmt.Sprintf("10.%d.%d.1/24", 80+i/256, i%256))
	}
	on(t, l.Node, func(ctx context.Context, h *Host) {
		for range 2 {
			all, err := h.addresses(ctx, unix.AF_INET)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[netip.Prefix]bool{}
			for _, a := range all {
				seen[a.Prefix] = true
			}
			if len(all) != count+1 || len(seen) != count+1 { // and that of lo
				t.Errorf("%d addresses, %d different ones, want %d", len(all), len(seen), count+1)
			}
			if held, err := h.Find(ctx, address("10.82.87.1")); err != nil || len(held) != 1 {
				t.Errorf("the last one: %v, %v", held, err)
			}
		}
	})
}

// What is removed is that address alone, and what is put back is what was there.
func TestRemoveAndRestoreAddr(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.9/32 n0:x", peer("10.77.0.1", 24), func(a *netlink.Addr) { a.Scope = int(netlink.SCOPE_LINK) })
	l.Node.Add("n0", "10.77.0.9/32 n0:y")
	l.Node.Add("n0", "2001:db8::9/64", func(a *netlink.Addr) { a.Flags |= unix.IFA_F_NOPREFIXROUTE })
	for _, ip := range []netip.Addr{netip.MustParseAddr("10.77.0.9"), netip.MustParseAddr("2001:db8::9")} {
		before := nodeAddresses(t, l, ip)
		first := before[0]
		on(t, l.Node, func(_ context.Context, h *Host) {
			if err := h.restoreAddr(first); !errors.Is(err, unix.EEXIST) {
				t.Errorf("add what is there: %v, want EEXIST", err)
			}
			if err := h.removeAddr(first); err != nil {
				t.Fatal(err)
			}
			if err := h.removeAddr(first); !errors.Is(err, unix.EADDRNOTAVAIL) {
				t.Errorf("remove what is not there: %v, want EADDRNOTAVAIL", err)
			}
		})
		if diff := cmp.Diff(before[1:], nodeAddresses(t, l, ip), sameAddr, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("after removing (-want +got):\n%s", diff)
		}
		on(t, l.Node, func(_ context.Context, h *Host) {
			if err := h.restoreAddr(first); err != nil {
				t.Fatal(err)
			}
		})
		after := nodeAddresses(t, l, ip)
		byLabel := cmpopts.SortSlices(func(a, b kernelAddr) bool { return a.Label < b.Label })
		if diff := cmp.Diff(before, after, sameAddr, byLabel); diff != "" {
			t.Errorf("after putting back (-before +after):\n%s", diff)
		}
	}
}

// The metric of its route is put back with an address.
func TestRestoreKeepsMetric(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.9/24")
	ip := netip.MustParseAddr("10.77.0.9")
	a := nodeAddresses(t, l, ip)[0]
	a.message = append(slices.Clone(a.message), nl.NewRtAttr(unix.IFA_RT_PRIORITY, nl.Uint32Attr(77)).Serialize()...)
	metric := func(want int) {
		t.Helper()
		l.Node.Do(func() {
			routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
			if err != nil || len(routes) != 1 || routes[0].Priority != want {
				t.Errorf("routes %v, %v, want one with metric %d", routes, err, want)
			}
		})
	}
	metric(0)
	for range 2 { // with what was added here, and then with what the kernel says of it
		on(t, l.Node, func(_ context.Context, h *Host) {
			if err := errors.Join(h.removeAddr(a), h.restoreAddr(a)); err != nil {
				t.Fatal(err)
			}
		})
		metric(77)
		a = nodeAddresses(t, l, ip)[0]
	}
}

// A refusal is the kernel's number, and the next request has its own answer.
func TestRefusals(t *testing.T) {
	l := viptest.New(t)
	on(t, l.Node, func(ctx context.Context, h *Host) {
		a := kernelAddr{Index: 2, Prefix: netip.MustParsePrefix("10.77.0.9/24"), Valid: 1, Preferred: 2}
		if err := h.addAddr(a, false); !errors.Is(err, unix.EINVAL) {
			t.Errorf("lifetimes that cannot be: %v, want EINVAL", err)
		}
		a.Index, a.Preferred = 999, 1
		if err := h.addAddr(a, false); !errors.Is(err, unix.ENODEV) {
			t.Errorf("a link that is not there: %v, want ENODEV", err)
		}
		if _, err := h.linkAt(999); !errors.Is(err, ErrNoNic) {
			t.Errorf("a link that is not there: %v, want ErrNoNic", err)
		}
		if all, err := h.addresses(ctx, unix.AF_INET); err != nil || len(all) != 1 {
			t.Errorf("addresses %v, %v, want that of lo", all, err)
		}
	})
}

// Asking where the address is takes one socket, whatever the answer.
func TestFindOpensOneSocket(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.100/24")
	on(t, l.Node, func(ctx context.Context, h *Host) {
		for _, ip := range []string{"10.77.0.100", "10.77.0.101"} {
			held, err := h.Find(ctx, address(ip))
			if err != nil {
				t.Fatal(err)
			}
			if _, why := held.Serving(address(ip)); why == "" {
				if _, err := held[0].Age(); err != nil {
					t.Error(err)
				}
			}
		}
		if h.opened != nil {
			t.Error("the library's handle was opened")
		}
	})
}

func FuzzParseAddr(f *testing.F) {
	message := func(parts ...nl.NetlinkRequestData) (m []byte) {
		for _, p := range parts {
			m = append(m, p.Serialize()...)
		}
		return m
	}
	f.Add(message(nl.NewIfAddrmsg(unix.AF_INET), nl.NewRtAttr(unix.IFA_LOCAL, []byte{10, 0, 0, 1}), nl.NewRtAttr(unix.IFA_ADDRESS, []byte{10, 0, 0, 2})))
	f.Add(message(nl.NewIfAddrmsg(unix.AF_INET6), nl.NewRtAttr(unix.IFA_ADDRESS, make([]byte, 16)), nl.NewRtAttr(unix.IFA_CACHEINFO, make([]byte, 16))))
	f.Add(message(nl.NewIfAddrmsg(unix.AF_INET), nl.NewRtAttr(unix.IFA_FLAGS, []byte{1}), nl.NewRtAttr(unix.IFA_CACHEINFO, []byte{1}), nl.NewRtAttr(unix.IFA_LABEL, nil)))
	f.Add([]byte{2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0})
	f.Add([]byte{2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 1, 0, 0})
	f.Fuzz(func(t *testing.T, message []byte) {
		a, err := parseAddr(message)
		if err == nil && a.Prefix.IsValid() && a.Prefix.Bits() > a.Prefix.Addr().BitLen() {
			t.Errorf("%x is %+v", message, a)
		}
	})
}
