package vip

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// Removing the primary address of a network takes its secondary ones along,
// and their routes, unless that is prevented.
func TestRemoveKeepsOthers(t *testing.T) {
	for _, promote := range []string{"0", "1"} {
		t.Run("promote_secondaries="+promote, func(t *testing.T) {
			l := viptest.New(t)
			l.Node.Set("ipv4/conf/n0/promote_secondaries", promote)
			l.Node.Add("n0", "10.77.0.100/24")
			l.Node.Add("n0", "10.77.0.1/24")
			l.Node.Add("n0", "10.77.0.2/24 n0:two")
			l.Node.Add("n0", "10.78.0.1/24")
			l.Node.Do(func() {
				if err := netlink.RouteAdd(&netlink.Route{Gw: netip.MustParseAddr("10.77.0.254").AsSlice()}); err != nil {
					t.Fatal(err)
				}
			})
			if _, err := remove(t, l, "10.77.0.100"); err != nil {
				t.Fatal(err)
			}
			got := l.Node.Addresses("n0")
			want := map[string]bool{"10.77.0.1/24 n0": true, "10.77.0.2/24 n0:two": true, "10.78.0.1/24 n0": true}
			for _, a := range got {
				delete(want, a)
			}
			if len(want) != 0 || len(got) != 3 {
				t.Errorf("addresses %q, missing %v", got, want)
			}
			l.Node.Do(func() {
				all, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{}, netlink.RT_FILTER_DST)
				if err != nil || len(all) != 1 {
					t.Errorf("default routes %v, %v: the one there was is lost", all, err)
				}
			})
			if got := l.Node.Get("ipv4/conf/n0/promote_secondaries"); got != promote {
				t.Errorf("promote_secondaries was left at %s", got)
			}
		})
	}
}

// What the kernel drops where the setting cannot be raised is put back.
func TestRestore(t *testing.T) {
	l := viptest.New(t)
	l.Node.Set("ipv4/conf/n0/promote_secondaries", "0")
	l.Node.Add("n0", "10.77.0.100/24")
	l.Node.Add("n0", "10.77.0.1/24 n0:one")
	holding := find(t, l, "10.77.0.100")[0]
	on(t, l.Node, func(ctx context.Context, h *Host) {
		before, err := h.secondaries(ctx, holding)
		if err != nil || len(before) != 1 {
			t.Fatalf("secondaries %v, %v", before, err)
		}
		if err := h.removeAddr(holding.kernel); err != nil {
			t.Fatal(err)
		}
		if err := h.restore(before); err != nil {
			t.Error(err)
		}
	})
	same(t, "addresses", l.Node.Addresses("n0"), []string{"10.77.0.1/24 n0:one"})
}

func TestRemoveEverywhere(t *testing.T) {
	l := viptest.New(t)
	l.Pair(1, nil, nil)
	l.Node.Add("n0", "10.77.0.100/24 n0:a")
	l.Node.Add("n0", "10.77.0.100/32 n0:b")
	l.Node.Add("n1", "10.77.0.100/2")
	l.Node.Add("lo", "10.77.0.100/32")
	l.Node.Down("n1")
	was, err := remove(t, l, "10.77.0.100")
	if err != nil || len(was) != 4 {
		t.Errorf("was %v, %v", was, err)
	}
	if held := find(t, l, "10.77.0.100"); len(held) != 0 {
		t.Errorf("left %v", held)
	}
}

func TestRaise(t *testing.T) {
	l := viptest.New(t)
	a := Address{IP: netip.MustParseAddr("10.77.0.100"), Nic: "n0", Bits: 24}

	l.Node.Down("n0")
	if changed, err := ensure(t, l, a); err != nil || !changed {
		t.Fatalf("link switched off: changed %v, %v", changed, err)
	}
	if held := find(t, l, "10.77.0.100"); len(held) != 1 || !held[0].Usable() {
		t.Errorf("held %v", held)
	}

	// With the address on it, and for a link that never comes up.
	l.Node.Down("n0")
	if changed, err := ensure(t, l, a); err != nil || !changed {
		t.Errorf("address on a link switched off: changed %v, %v", changed, err)
	}
	if _, err := remove(t, l, "10.77.0.100"); err != nil {
		t.Fatal(err)
	}
	l.Peer.Down("p0")
	settle(t, func() (down bool) {
		on(t, l.Node, func(_ context.Context, h *Host) { link, _ := h.linkNamed("n0"); down = !link.Operational })
		return down
	})
	start := time.Now()
	_, err := ensure(t, l, a)
	if took := time.Since(start); !errors.Is(err, ErrLinkDown) || took > linkWait+time.Second {
		t.Errorf("no carrier: %v after %s", err, took)
	}
	if held := find(t, l, "10.77.0.100"); len(held) != 0 {
		t.Errorf("no carrier, but held %v", held)
	}
}

// The kernel of another machine believes the announcements.
func TestPeerLearns(t *testing.T) {
	l := viptest.New(t)
	l.Peer.Add("p0", "10.77.0.2/24")
	l.Peer.Add("p0", "2001:db8::2/64")
	old := []byte{2, 0, 0, 0, 0, 9}
	for _, ip := range []string{"10.77.0.100", "2001:db8::100"} {
		addr := netip.MustParseAddr(ip)
		neighbour := func() (mac string) {
			l.Peer.Do(func() {
				link, err := netlink.LinkByName("p0")
				if err != nil {
					t.Fatal(err)
				}
				all, err := netlink.NeighList(link.Attrs().Index, familyOf(addr))
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range all {
					if got, _ := netip.AddrFromSlice(n.IP); got.Unmap() == addr {
						mac = n.HardwareAddr.String()
					}
				}
			})
			return mac
		}
		l.Peer.Do(func() {
			link, _ := netlink.LinkByName("p0")
			err := netlink.NeighSet(&netlink.Neigh{LinkIndex: link.Attrs().Index, State: netlink.NUD_STALE, IP: addr.AsSlice(), HardwareAddr: old})
			if err != nil {
				t.Fatal(err)
			}
		})
		on(t, l.Node, func(ctx context.Context, h *Host) {
			if _, err := h.Announce(ctx, "n0", addr, Burst{Count: 1}); err != nil {
				t.Fatal(err)
			}
		})
		settle(t, func() bool { return neighbour() == viptest.NodeMAC.String() })
	}
}

func TestAnnounceWhereThereIsNothingToTell(t *testing.T) {
	l := viptest.New(t)
	on(t, l.Node, func(ctx context.Context, h *Host) {
		if sent, err := h.Announce(ctx, "lo", netip.MustParseAddr("127.0.0.9"), Burst{Count: 1}); sent != 0 || err != nil {
			t.Errorf("on lo: %d, %v", sent, err)
		}
		if _, err := h.Announce(ctx, "n9", netip.MustParseAddr("10.77.0.100"), Burst{Count: 1}); !errors.Is(err, ErrNoNic) {
			t.Errorf("on no interface: %v", err)
		}
	})
	l.Node.Down("n0")
	on(t, l.Node, func(ctx context.Context, h *Host) {
		if sent, err := h.Announce(ctx, "n0", netip.MustParseAddr("10.77.0.100"), Burst{Count: 2, Interval: time.Millisecond}); sent != 0 || err == nil {
			t.Errorf("on a link that is down: %d, %v", sent, err)
		}
	})
	l.Node.Up("n0")
	on(t, l.Node, func(_ context.Context, h *Host) {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if sent, err := h.Announce(ctx, "n0", netip.MustParseAddr("10.77.0.100"), Burst{Count: 100, Interval: 30 * time.Millisecond}); sent < 1 || sent > 3 || err != nil {
			t.Errorf("cut short: %d, %v, want 2", sent, err)
		}
	})
}

func TestAge(t *testing.T) {
	l := viptest.New(t)
	for _, address := range []string{"10.77.0.100/24", "2001:db8::100/64"} {
		l.Node.Add("n0", address)
		holding := find(t, l, netip.MustParsePrefix(address).Addr().String())[0]
		age := func() time.Duration {
			age, err := holding.Age()
			if err != nil {
				t.Fatal(err)
			}
			return age
		}
		young := age()
		if young > time.Second {
			t.Errorf("%s: age %s just after it was added", address, young)
		}
		time.Sleep(300 * time.Millisecond)
		if old := age(); old-young < 250*time.Millisecond || old > 2*time.Second {
			t.Errorf("%s: age %s, and 300 ms later %s", address, young, old)
		}
	}
}
