package vip

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// Either is done when it is done, and nobody's other label is taken for it.
func TestAddressLabel(t *testing.T) {
	l := viptest.New(t)
	ip := netip.MustParseAddr("2001:db8::9")
	on(t, l.Node, func(_ context.Context, h *Host) {
		for range 2 {
			if err := h.Label(ip, 77); err != nil {
				t.Error(err)
			}
		}
		err := h.sockets.change(unix.RTM_NEWADDRLABEL, unix.NLM_F_CREATE|unix.NLM_F_EXCL, labelParts(ip, 77)...)
		if !errors.Is(err, unix.EEXIST) {
			t.Errorf("it is not there: %v", err)
		}
		for range 2 {
			if err := h.Unlabel(ip, 77); err != nil {
				t.Error(err)
			}
		}
		err = h.sockets.change(unix.RTM_DELADDRLABEL, 0, labelParts(ip, 77)...)
		if !errors.Is(err, unix.ESRCH) {
			t.Errorf("it is still there: %v", err)
		}
	})
}
