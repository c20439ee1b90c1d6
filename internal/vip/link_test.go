package vip

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/oneha/oneha/internal/vip/viptest"
)

func TestLinkNames(t *testing.T) {
	l := viptest.New(t)
	const short, long = "front", "the-front-of-the-house"
	l.Node.Do(func() {
		n0, err := netlink.LinkByName("n0")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{short, long} {
			if err := netlink.LinkAddAltName(n0, name); err != nil {
				t.Fatal(err)
			}
		}
	})
	on(t, l.Node, func(ctx context.Context, h *Host) {
		var n0 Link
		for _, name := range []string{"n0", short, long} {
			var err error
			if n0, err = h.linkNamed(name); err != nil {
				t.Fatal(err)
			}
			if !n0.Is(name) || n0.Name != "n0" || len(n0.AltNames) != 2 || n0.Type != "ether" || n0.HardwareAddr.String() != viptest.NodeMAC.String() {
				t.Errorf("%s: %+v", name, n0)
			}
		}
		same, err := h.linkAt(n0.Index)
		if diff := cmp.Diff(n0, same); diff != "" || err != nil {
			t.Errorf("by number: %v (-by name +by number):\n%s", err, diff)
		}
		all, err := h.links(ctx)
		if err != nil || len(all) != 2 || !slices.ContainsFunc(all, func(l Link) bool { return l.Loopback && l.Type == "loopback" && l.HardwareAddr == nil }) ||
			!slices.ContainsFunc(all, func(l Link) bool { return cmp.Equal(l, n0) }) {
			t.Errorf("all links: %+v, %v", all, err)
		}
		for _, name := range []string{"n9", "a-name-that-none-has-here", "", strings.Repeat("x", 200), "a/b c"} {
			if got, err := h.linkNamed(name); !errors.Is(err, ErrNoNic) {
				t.Errorf("%q: %+v, %v, want ErrNoNic", name, got, err)
			}
		}
	})
}
