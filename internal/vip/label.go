package vip

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Label gives an IPv6 address a label of its own in the policy table for source
// addresses (RFC 6724, section 2.1), so that the kernel prefers others as the
// source. That it has that label already is fine.
func (h *Host) Label(ip netip.Addr, label uint32) error {
	err := h.sockets.change(unix.RTM_NEWADDRLABEL, unix.NLM_F_CREATE|unix.NLM_F_EXCL, labelParts(ip, label)...)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("add address label %d to %s: %w", label, ip, err)
	}
	return nil
}

// Unlabel takes the label away. That it has none is fine.
func (h *Host) Unlabel(ip netip.Addr, label uint32) error {
	err := h.sockets.change(unix.RTM_DELADDRLABEL, 0, labelParts(ip, label)...)
	if err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("remove address label %d from %s: %w", label, ip, err)
	}
	return nil
}

// labelParts are the parts of a request about a label (linux/if_addrlabel.h). The
// library has neither the structure nor the attributes.
func labelParts(ip netip.Addr, label uint32) []nl.NetlinkRequestData {
	const (
		size      = 12 // struct ifaddrlblmsg
		attrIP    = 1  // IFAL_ADDRESS
		attrLabel = 2  // IFAL_LABEL
	)
	body := make(raw, size)
	body[0], body[2] = unix.AF_INET6, byte(ip.BitLen()) // ifal_family, ifal_prefixlen
	return []nl.NetlinkRequestData{
		body, nl.NewRtAttr(attrIP, ip.AsSlice()), nl.NewRtAttr(attrLabel, nl.Uint32Attr(label)),
	}
}
