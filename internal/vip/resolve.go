package vip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// maxLabel is the longest label, IFNAMSIZ without the final zero byte.
const maxLabel = unix.IFNAMSIZ - 1

// Place is an Address with every choice made: what Ensure makes true.
type Place struct {
	Prefix        netip.Prefix // the address with its prefix length
	Nic           string       // the interface's own name
	Label         string       // the whole label; "": the kernel's default, the interface's name
	Broadcast     netip.Addr   // the zero Addr: none
	Preferred     Lifetime
	Detect        bool
	NoDAD         bool
	NoPrefixRoute bool

	index int
}

// String returns the place as "10.0.0.9/24 on eth0".
func (p Place) String() string { return fmt.Sprintf("%s on %s", p.Prefix, p.Nic) }

// Resolve makes the choices that were left open, from the interfaces, routes and
// addresses of this node. What was given always wins. Errors: ErrNoNic,
// ErrNoRoute, ErrAmbiguous, ErrLabel.
func (h *Host) Resolve(ctx context.Context, a Address) (Place, error) {
	if a.IP.IsLoopback() { // its routes are in the table local
		a.Nic, a.Bits = orLoopback(a)
	}
	var link Link
	if a.Nic != "" {
		var err error
		if link, err = h.linkNamed(a.Nic); err != nil {
			return Place{}, err
		}
	}
	addrs, err := h.addresses(ctx, familyOf(a.IP))
	if err != nil {
		return Place{}, err
	}
	routes, err := h.routes(ctx, a.IP, a.Protocol, addrs)
	if err != nil {
		return Place{}, err
	}
	r, err := best(routes, link.Index)
	if err != nil && (a.Nic == "" || a.Bits == 0) {
		return Place{}, h.unresolved(a, link, routes, r, err)
	}
	if a.Nic == "" {
		if link, err = h.linkAt(r.index); err != nil {
			return Place{}, err
		}
	}
	if a.Bits == 0 {
		a.Bits = r.dst.Bits()
	}
	place := Place{
		Prefix:        netip.PrefixFrom(a.IP, a.Bits),
		Nic:           link.Name,
		Preferred:     a.Preferred,
		NoPrefixRoute: a.NoPrefixRoute,
		index:         link.Index,
	}
	if a.IP.Is6() { // neither labels nor broadcasts there
		place.NoDAD = a.NoDAD
		return place, nil
	}
	place.Detect = a.Detect && !link.Loopback
	place.Broadcast = a.Broadcast.of(place.Prefix, broadcastOf(addrs, link.Index, r.src))
	place.Label, err = label(link.Name, a.Label)
	return place, err
}

// orLoopback completes a loopback address (RFC 1122, section 3.2.1.3 (g);
// RFC 4291, section 2.5.3).
func orLoopback(a Address) (nic string, bits int) {
	nic, bits = a.Nic, a.Bits
	if nic == "" {
		nic = "lo"
	}
	if bits == 0 {
		bits = 8
		if a.IP.Is6() {
			bits = 128
		}
	}
	return nic, bits
}

// unresolved explains why the routes did not answer.
func (h *Host) unresolved(a Address, link Link, routes []route, r route, err error) error {
	switch {
	case errors.Is(err, ErrAmbiguous):
		return fmt.Errorf("%w: %s is on %s", err, r.dst, h.nicsOf(routes, r))
	case a.Nic == "":
		return fmt.Errorf("%w %s; is a link down?", err, a.IP)
	default:
		return fmt.Errorf("%w %s on %s; is the link down?", err, a.IP, link.Name)
	}
}

// label returns the whole label for an address on nic.
func label(nic, suffix string) (string, error) {
	if suffix == "" {
		return "", nil
	}
	whole := nic + ":" + suffix
	if len(whole) > maxLabel {
		return "", fmt.Errorf("%w: %s has %d characters, the kernel takes %d", ErrLabel, whole, len(whole), maxLabel)
	}
	return whole, nil
}

// broadcastOf returns the broadcast address of the interface's address src, the
// zero Addr if it has none.
func broadcastOf(addrs []kernelAddr, index int, src netip.Addr) netip.Addr {
	for _, a := range addrs {
		if a.Index == index && src.IsValid() && a.Prefix.Addr() == src {
			return a.Broadcast
		}
	}
	return netip.Addr{}
}
