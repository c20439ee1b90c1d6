package vip

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// forever is the lifetime of an address that does not age.
const forever = math.MaxUint32

// kernelAddr is an address on a link as the kernel shows it (struct ifaddrmsg and
// its attributes in linux/if_addr.h).
type kernelAddr struct {
	Index     int          // of the link
	Prefix    netip.Prefix // the address, not masked; one with a peer has all bits
	Label     string       // IPv4 only
	Broadcast netip.Addr   // IPv4 only; the zero Addr: none
	Scope     uint8        // unix.RT_SCOPE_*
	Flags     uint32       // unix.IFA_F_*
	Valid     uint32       // seconds
	Preferred uint32       // seconds
	Created   uint32       // hundredths of a second since boot, wrapping

	message raw // what the kernel said, all of it
}

// addresses returns every address of the family.
func (h *Host) addresses(ctx context.Context, family int) ([]kernelAddr, error) {
	messages, err := steady(ctx, func() ([][]byte, error) {
		return h.sockets.request(unix.RTM_GETADDR, unix.NLM_F_DUMP, nl.NewIfAddrmsg(family))
	})
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	all := make([]kernelAddr, 0, len(messages))
	for _, m := range messages {
		a, err := parseAddr(m)
		if err != nil {
			return nil, fmt.Errorf("list addresses: %w", err)
		}
		if familyOf(a.Prefix.Addr()) == family { // a kernel without IPv6 lists IPv4 instead
			all = append(all, a)
		}
	}
	return all, nil
}

// addAddr adds an address to its link. Where it is there already with the same
// prefix length, replace decides: EEXIST, or its lifetimes and flags become those
// given.
func (h *Host) addAddr(a kernelAddr, replace bool) error {
	handle, err := h.handle()
	if err != nil {
		return err
	}
	ip := a.Prefix.Addr()
	addr := &netlink.Addr{
		IPNet:       &net.IPNet{IP: ip.AsSlice(), Mask: net.CIDRMask(a.Prefix.Bits(), ip.BitLen())},
		LinkIndex:   a.Index,
		Label:       a.Label,
		Broadcast:   net.IPv4zero, // the library's word for none
		Scope:       int(a.Scope),
		Flags:       int(a.Flags),
		ValidLft:    int(a.Valid),
		PreferedLft: int(a.Preferred),
	}
	if a.Broadcast.IsValid() {
		addr.Broadcast = a.Broadcast.AsSlice()
	}
	if replace {
		return handle.AddrReplace(nil, addr)
	}
	return handle.AddrAdd(nil, addr)
}

// removeAddr removes an address that addresses returned: that one exactly, with its
// prefix length, label and peer. EADDRNOTAVAIL says it is not there.
func (h *Host) removeAddr(a kernelAddr) error {
	return h.sockets.change(unix.RTM_DELADDR, 0, a.message)
}

// restoreAddr adds an address as addresses returned it, with all that the kernel
// told of it; netlink.Addr has no metric, for one. EEXIST says it is there.
func (h *Host) restoreAddr(a kernelAddr) error {
	return h.sockets.change(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, a.message)
}

// familyOf is the address family of ip as netlink numbers it.
func familyOf(ip netip.Addr) int {
	if ip.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// parseAddr reads one message of an address dump. The library does too, but leaves
// out when the address was added.
func parseAddr(message []byte) (kernelAddr, error) {
	if len(message) < unix.SizeofIfAddrmsg || len(message)%unix.NLMSG_ALIGNTO != 0 {
		return kernelAddr{}, errors.New("message from the kernel has a wrong length")
	}
	m := nl.DeserializeIfAddrmsg(message)
	attributes, err := nl.ParseRouteAttr(message[m.Len():])
	if err != nil {
		return kernelAddr{}, fmt.Errorf("message from the kernel: %w", err)
	}
	a := kernelAddr{Index: int(m.Index), Scope: m.Scope, Flags: uint32(m.Flags), Valid: forever, Preferred: forever, message: message}
	var local, remote netip.Addr
	for _, attribute := range attributes {
		value := attribute.Value
		switch attribute.Attr.Type {
		case unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(value)
		case unix.IFA_ADDRESS:
			remote, _ = netip.AddrFromSlice(value)
		case unix.IFA_BROADCAST:
			a.Broadcast, _ = netip.AddrFromSlice(value)
		case unix.IFA_LABEL:
			a.Label = unix.ByteSliceToString(value)
		case unix.IFA_FLAGS:
			if len(value) >= 4 {
				a.Flags = native.Uint32(value)
			}
		case unix.IFA_CACHEINFO:
			if len(value) >= unix.SizeofIfaCacheinfo {
				info := nl.DeserializeIfaCacheInfo(value)
				a.Preferred, a.Valid, a.Created = info.Prefered, info.Valid, info.Cstamp
			}
		}
	}
	bits := int(m.Prefixlen)
	switch {
	case !local.IsValid(): // IPv6 has only IFA_ADDRESS where there is no peer
		local = remote
	case remote.IsValid() && remote != local:
		bits = local.BitLen() // the prefix is the peer's
	}
	a.Prefix = netip.PrefixFrom(local, bits)
	return a, nil
}
