package vip

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/oneha/oneha/internal/vip/viptest"
)

func TestWakeAndRest(t *testing.T) {
	l := viptest.New(t)
	file := filepath.Join(t.TempDir(), "state", "10.77.0.100")
	ip := netip.MustParseAddr("10.77.0.100")
	list := func() (all []netlink.Addr) {
		l.Node.Do(func() {
			var err error
			if all, err = netlink.AddrList(nil, netlink.FAMILY_V4); err != nil {
				t.Fatal(err)
			}
		})
		return all
	}
	for _, text := range []string{"10.77.0.100/32", "10.77.0.100/32 lo:0"} {
		l.Node.Add("lo", text, func(a *netlink.Addr) { a.Broadcast, a.Scope = ip.AsSlice(), int(netlink.SCOPE_LINK) })
		before := list()
		on(t, l.Node, func(ctx context.Context, h *Host) {
			if held, err := h.Find(ctx, Address{IP: ip, Resting: true}); len(held) != 0 || err != nil {
				t.Errorf("it rests, but is held %v, %v", held, err)
			}
			if found, err := h.Wake(ctx, ip, file); !found || err != nil {
				t.Fatalf("wake: %v, %v", found, err)
			}
			if found, err := h.Wake(ctx, ip, file); found || err != nil {
				t.Errorf("wake again: %v, %v", found, err)
			}
			if held, err := h.Find(ctx, Address{IP: ip}); len(held) != 0 || err != nil {
				t.Errorf("awake, but held %v, %v", held, err)
			}
			if done, err := h.Rest(ip, file); !done || err != nil {
				t.Fatalf("rest: %v, %v", done, err)
			}
			if done, err := h.Rest(ip, file); done || err != nil {
				t.Errorf("rest again: %v, %v", done, err)
			}
		})
		if diff := cmp.Diff(before, list()); diff != "" {
			t.Errorf("%s (-before +after):\n%s", text, diff)
		}
		l.Node.Remove("lo", text)
	}
}

// An address that could not be remembered is left where it is.
func TestWakeWithoutMemory(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("lo", "10.77.0.100/32")
	file := filepath.Join(t.TempDir(), "a file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	on(t, l.Node, func(ctx context.Context, h *Host) {
		if found, err := h.Wake(ctx, netip.MustParseAddr("10.77.0.100"), filepath.Join(file, "x")); !found || err == nil {
			t.Errorf("found %v, %v, want an error", found, err)
		}
	})
	if held := find(t, l, "10.77.0.100"); len(held) != 1 {
		t.Errorf("held %v", held)
	}
}

func FuzzParseRest(f *testing.F) {
	f.Add("10.77.0.100 32 255.255.255.255 lo\n")
	f.Add("10.77.0.100 32 none lo lo:0 254\n")
	f.Add("10.77.0.100 33 none lo\n")
	f.Add("10.77.0.100 32 ::1 lo lo x")
	want := netip.MustParseAddr("10.77.0.100")
	f.Fuzz(func(t *testing.T, text string) {
		a, nic, err := parseRest(text, want)
		if err == nil && (a.Prefix.Addr() != want || nic == "" || a.Broadcast.IsValid() && !a.Broadcast.Is4()) {
			t.Errorf("%q is %+v on %q", text, a, nic)
		}
	})
}
