package vip

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// on runs fn with the node's network.
func on(t *testing.T, n *viptest.Namespace, fn func(ctx context.Context, h *Host)) {
	t.Helper()
	n.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		h, err := Open()
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		fn(ctx, h)
	})
}

// ensure resolves the address and makes it so.
func ensure(t *testing.T, l *viptest.Lab, a Address) (changed bool, err error) {
	t.Helper()
	on(t, l.Node, func(ctx context.Context, h *Host) {
		var p Place
		if p, err = h.Resolve(ctx, a); err == nil {
			changed, err = h.Ensure(ctx, p)
		}
	})
	return changed, err
}

func remove(t *testing.T, l *viptest.Lab, ip string) (was Held, err error) {
	t.Helper()
	on(t, l.Node, func(ctx context.Context, h *Host) { was, err = h.Remove(ctx, address(ip)) })
	return was, err
}

func find(t *testing.T, l *viptest.Lab, ip string) (held Held) {
	t.Helper()
	on(t, l.Node, func(ctx context.Context, h *Host) {
		var err error
		if held, err = h.Find(ctx, address(ip)); err != nil {
			t.Fatal(err)
		}
	})
	return held
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// settle waits until the kernel has noticed a change of the link.
func settle(t *testing.T, done func() bool) {
	t.Helper()
	for range 200 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the kernel did not notice")
}

func address(text string) Address { return Address{IP: netip.MustParseAddr(text)} }

func TestEnsureAndRemoveIPv4(t *testing.T) {
	l := viptest.New(t)
	l.Pair(1, nil, nil)
	l.Node.Add("n0", "10.77.0.1/24")
	want := address("10.77.0.100")

	changed, err := ensure(t, l, want)
	if err != nil || !changed {
		t.Fatalf("first time: changed %v, %v", changed, err)
	}
	same(t, "addresses", l.Node.Addresses("n0"), []string{"10.77.0.1/24 n0", "10.77.0.100/24 n0"})
	if changed, err = ensure(t, l, want); err != nil || changed {
		t.Errorf("second time: changed %v, %v", changed, err)
	}

	// Every wrong place is mended, and another address is left alone.
	for _, wrong := range []struct{ nic, address string }{
		{"n0", "10.77.0.100/32 n0"},
		{"n0", "10.77.0.100/16 n0:x"},
		{"n1", "10.77.0.100/24 n1"},
		{"lo", "10.77.0.100/32 lo"},
	} {
		if _, err := remove(t, l, "10.77.0.100"); err != nil {
			t.Fatal(err)
		}
		l.Node.Add(wrong.nic, wrong.address)
		if changed, err := ensure(t, l, want); err != nil || !changed {
			t.Errorf("%+v: changed %v, %v", wrong, changed, err)
		}
		same(t, wrong.address+" on "+wrong.nic, append(l.Node.Addresses("n0"), l.Node.Addresses("n1")...),
			[]string{"10.77.0.1/24 n0", "10.77.0.100/24 n0"})
	}

	// A label is mended only where one was asked for.
	labelled := want
	labelled.Label = "vip"
	if changed, err := ensure(t, l, labelled); err != nil || !changed {
		t.Errorf("label: changed %v, %v", changed, err)
	}
	same(t, "label", l.Node.Addresses("n0"), []string{"10.77.0.1/24 n0", "10.77.0.100/24 n0:vip"})
	if changed, err := ensure(t, l, want); err != nil || changed {
		t.Errorf("any label: changed %v, %v", changed, err)
	}

	was, err := remove(t, l, "10.77.0.100")
	if err != nil || was.String() != "10.77.0.100/24 on n0" {
		t.Errorf("remove: was %q, %v", was, err)
	}
	if was, err = remove(t, l, "10.77.0.100"); err != nil || len(was) != 0 {
		t.Errorf("remove again: was %q, %v", was, err)
	}
	same(t, "after remove", l.Node.Addresses("n0"), []string{"10.77.0.1/24 n0"})
}

// The kernel's view of what was asked for: broadcast, flags, routes.
func TestAttributes(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.1/24")
	a := Address{IP: netip.MustParseAddr("10.99.0.100"), Nic: "n0", Bits: 24, NoPrefixRoute: true}
	if _, err := ensure(t, l, a); err != nil {
		t.Fatal(err)
	}
	held := find(t, l, "10.99.0.100")
	if len(held) != 1 || held[0].kernel.Flags&unix.IFA_F_NOPREFIXROUTE == 0 || held[0].kernel.Broadcast.IsValid() {
		t.Errorf("noprefixroute, no broadcast: %+v", held)
	}
	l.Node.Do(func() {
		routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
		if err != nil || len(routes) != 1 {
			t.Errorf("routes %v, %v: want that of 10.77.0.0/24 alone", routes, err)
		}
	})
	b := address("10.77.0.100")
	b.Broadcast, _ = ParseBroadcast("10.77.0.250")
	if _, err := ensure(t, l, b); err != nil {
		t.Fatal(err)
	}
	if held := find(t, l, "10.77.0.100"); held[0].kernel.Broadcast.String() != "10.77.0.250" {
		t.Errorf("broadcast %v", held[0].kernel.Broadcast)
	}
}

func TestEnsureIPv6(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "2001:db8:77::1/64")
	want := address("2001:db8:77::100")

	start := time.Now()
	if changed, err := ensure(t, l, want); err != nil || !changed {
		t.Fatalf("with duplicate detection: changed %v, %v", changed, err)
	}
	t.Logf("duplicate detection took %s", time.Since(start).Round(time.Millisecond))
	if held := find(t, l, "2001:db8:77::100"); len(held) != 1 || !held[0].Usable() {
		t.Errorf("held %v", held)
	}
	if changed, err := ensure(t, l, want); err != nil || changed {
		t.Errorf("again: changed %v, %v", changed, err)
	}

	// The kernel allows one prefix length on an interface: the wrong one goes first.
	if _, err := remove(t, l, "2001:db8:77::100"); err != nil {
		t.Fatal(err)
	}
	l.Node.Add("n0", "2001:db8:77::100/128")
	want.NoDAD = true
	start = time.Now()
	if changed, err := ensure(t, l, want); err != nil || !changed {
		t.Errorf("other prefix: changed %v, %v", changed, err)
	}
	if took := time.Since(start); took > 500*time.Millisecond {
		t.Errorf("without duplicate detection it took %s", took)
	}
	same(t, "other prefix", l.Node.Addresses("n0"), []string{"2001:db8:77::100/64", "2001:db8:77::1/64"})
	if _, err := remove(t, l, "2001:db8:77::100"); err != nil {
		t.Error(err)
	}
	same(t, "after remove", l.Node.Addresses("n0"), []string{"2001:db8:77::1/64"})
}

func TestDuplicateIPv6(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "2001:db8:77::1/64")
	l.Peer.Add("p0", "2001:db8:77::100/64")
	_, err := ensure(t, l, address("2001:db8:77::100"))
	if !errors.Is(err, ErrDuplicate) {
		t.Errorf("error %v, want ErrDuplicate", err)
	}
	same(t, "addresses", l.Node.Addresses("n0"), []string{"2001:db8:77::1/64"})
}

func TestIPv6SwitchedOff(t *testing.T) {
	l := viptest.New(t)
	l.Node.Set("ipv6/conf/n0/disable_ipv6", "1")
	_, err := ensure(t, l, Address{IP: netip.MustParseAddr("2001:db8:77::100"), Nic: "n0", Bits: 64})
	if err == nil || !strings.Contains(err.Error(), "sysctl net.ipv6.conf.n0.disable_ipv6=0") {
		t.Errorf("error %v does not say what to do", err)
	}
}

// Link-local addresses of other interfaces are other addresses.
func TestLinkLocalIsPerLink(t *testing.T) {
	l := viptest.New(t)
	l.Pair(1, nil, nil)
	l.Node.Add("n1", "fe80::100/64")
	a := Address{IP: netip.MustParseAddr("fe80::100"), Nic: "n0", NoDAD: true}
	if changed, err := ensure(t, l, a); err != nil || !changed {
		t.Fatalf("changed %v, %v", changed, err)
	}
	if held := find(t, l, "fe80::100"); len(held) != 2 {
		t.Errorf("held %v, want one on each", held)
	}
	on(t, l.Node, func(ctx context.Context, h *Host) {
		if was, err := h.Remove(ctx, a); err != nil || was.String() != "fe80::100/64 on n0" {
			t.Errorf("removed %v, %v", was, err)
		}
	})
	if held := find(t, l, "fe80::100"); held.String() != "fe80::100/64 on n1" {
		t.Errorf("left %v", held)
	}
}

func TestFindSaysWhyNot(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.100/24")
	want := address("10.77.0.100")
	why := func(a Address) string { _, why := find(t, l, "10.77.0.100").Serving(a); return why }

	if got := why(want); got != "" {
		t.Errorf("all well: %q", got)
	}
	if got := why(Address{IP: want.IP, Nic: "n9"}); got != "10.77.0.100/24 is on n0, not on n9" {
		t.Errorf("other nic: %q", got)
	}
	if got := why(Address{IP: want.IP, Nic: "n0", Bits: 32}); got != "10.77.0.100/24 is on n0 with another prefix length than 32" {
		t.Errorf("other prefix: %q", got)
	}
	l.Peer.Down("p0")
	settle(t, func() bool { return why(want) != "" })
	if got := why(want); !strings.HasPrefix(got, "10.77.0.100/24 is on n0, but link n0 is down: state ") {
		t.Errorf("no carrier: %q", got)
	}
	l.Peer.Up("p0")
	l.Node.Down("n0")
	if got := why(want); got != "10.77.0.100/24 is on n0, but link n0 is down: switched off" {
		t.Errorf("switched off: %q", got)
	}
	l.Node.Delete("n0")
	if got := why(want); got != "10.77.0.100 is on no interface" {
		t.Errorf("nic gone: %q", got)
	}
	l.Node.Add("lo", "10.77.0.100/32")
	if got := why(want); got != "10.77.0.100/32 is on lo, where nobody outside reaches it" {
		t.Errorf("on lo: %q", got)
	}
}

// A node whose only address on the interface is the floating IP with a wrong prefix
// must not lose its routes when that is put right.
func TestEnsureKeepsRoutes(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.100/16")
	gateway := &netlink.Route{Dst: &net.IPNet{IP: net.IPv4(192, 0, 2, 0).To4(), Mask: net.CIDRMask(24, 32)}, Gw: net.IPv4(10, 77, 0, 2)}
	l.Node.Do(func() {
		if err := netlink.RouteAdd(gateway); err != nil {
			t.Fatal(err)
		}
	})
	on(t, l.Node, func(ctx context.Context, h *Host) {
		p, err := h.Resolve(ctx, Address{IP: netip.MustParseAddr("10.77.0.100"), Nic: "n0", Bits: 24})
		if err != nil {
			t.Fatal(err)
		}
		if changed, err := h.Ensure(ctx, p); err != nil || !changed {
			t.Fatalf("changed %v, %v", changed, err)
		}
	})
	if got := l.Node.Addresses("n0"); len(got) != 1 || !strings.HasPrefix(got[0], "10.77.0.100/24") {
		t.Errorf("addresses are %q", got)
	}
	l.Node.Do(func() {
		routes, err := netlink.RouteListFiltered(netlink.FAMILY_V4, gateway, netlink.RT_FILTER_DST)
		if err != nil || len(routes) != 1 {
			t.Errorf("the route by a gateway is gone: %v, %v", routes, err)
		}
	})
}
