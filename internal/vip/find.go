package vip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Holding is one place where the address is configured on this node.
type Holding struct {
	Prefix    netip.Prefix // the address with the prefix length it has there
	Link      Link
	Label     string
	Tentative bool // IPv6: duplicate detection has not finished, the kernel does not use it yet
	Duplicate bool // IPv6: duplicate detection found another owner

	addr netlink.Addr // as the kernel showed it, for taking it away
}

// Held is every place where an address is configured, in the order of the
// interfaces' numbers. IPv4 allows several, even on one interface.
type Held []Holding

// Usable reports whether the node answers for the address there.
func (h Holding) Usable() bool { return h.Why() == "" }

// Why says what keeps the address from being used there, "" if nothing does.
func (h Holding) Why() string {
	switch {
	case h.Duplicate:
		return fmt.Sprintf("%s on %s is a duplicate: another machine on the network has the address", h.Prefix.Addr(), h.Link.Name)
	case !h.Link.Operational:
		return fmt.Sprintf("%s is on %s, but %s", h.Prefix, h.Link.Name, h.Link.fault())
	case h.Tentative:
		return fmt.Sprintf("%s on %s is tentative: duplicate detection has not finished", h.Prefix, h.Link.Name)
	}
	return ""
}

// String returns the place as "10.0.0.9/24 on eth0".
func (h Holding) String() string { return fmt.Sprintf("%s on %s", h.Prefix, h.Link.Name) }

// String lists the places.
func (hs Held) String() string {
	all := make([]string, len(hs))
	for i, h := range hs {
		all[i] = h.String()
	}
	return strings.Join(all, ", ")
}

// Serving returns the place where the address serves as it was asked for; why is
// "" then, else it says what keeps it from serving. An interface or prefix length
// that was not asked for may be any, except that nobody outside reaches an
// address on the loopback interface.
func (hs Held) Serving(want Address) (place Holding, why string) {
	if len(hs) == 0 {
		return Holding{}, fmt.Sprintf("%s is on no interface", want.IP)
	}
	var whys []string
	for _, h := range hs {
		why := cmp.Or(h.misplaced(want), h.Why())
		if why == "" {
			return h, ""
		}
		whys = append(whys, why)
	}
	return Holding{}, strings.Join(whys, "; ")
}

// misplaced says how the place differs from what was asked for, "" if not.
func (h Holding) misplaced(want Address) string {
	switch {
	case want.Nic != "" && !h.Link.Is(want.Nic):
		return fmt.Sprintf("%s is on %s, not on %s", h.Prefix, h.Link.Name, want.Nic)
	case want.Nic == "" && h.Link.Loopback && !want.IP.IsLoopback():
		return fmt.Sprintf("%s is on %s, where nobody outside reaches it", h.Prefix, h.Link.Name)
	case want.Bits != 0 && h.Prefix.Bits() != want.Bits:
		return fmt.Sprintf("%s is on %s with another prefix length than %d", h.Prefix, h.Link.Name, want.Bits)
	}
	return ""
}

// Find returns every place where the address is now: on any interface, with any
// prefix length and label. An IPv6 link-local address is another one on every
// link (RFC 4291, section 2.5.6), so it is looked for on the interface of its
// zone alone.
func (h *Host) Find(ctx context.Context, ip netip.Addr) (Held, error) {
	addrs, err := h.addresses(ctx, family(ip))
	if err != nil {
		return nil, err
	}
	var held Held
	for _, a := range addrs {
		p := prefixOf(a.IPNet)
		if p.Addr() != ip.WithZone("") {
			continue
		}
		link, err := h.linkAt(a.LinkIndex)
		if errors.Is(err, ErrNoNic) {
			continue // gone since the dump, and the address with it
		}
		if err != nil {
			return nil, err
		}
		if ip.Zone() != "" && !link.Is(ip.Zone()) {
			continue
		}
		held = append(held, Holding{
			Prefix: p,
			Link:   link,
			Label:  a.Label,
			// Optimistic addresses are used while detection runs (RFC 4429).
			Tentative: a.Flags&unix.IFA_F_TENTATIVE != 0 && a.Flags&unix.IFA_F_OPTIMISTIC == 0,
			Duplicate: a.Flags&unix.IFA_F_DADFAILED != 0,
			addr:      a,
		})
	}
	slices.SortStableFunc(held, func(a, b Holding) int {
		return cmp.Or(cmp.Compare(a.Link.Index, b.Link.Index), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
	})
	return held, nil
}

// Scoped returns the address that Find and Remove look for: an IPv6 link-local
// one gets its interface as zone. Without one it stands for that address on
// every link.
func (a Address) Scoped() netip.Addr {
	if a.IP.Is6() && a.IP.IsLinkLocalUnicast() {
		return a.IP.WithZone(a.Nic)
	}
	return a.IP
}

// addresses returns every address of the family.
func (h *Host) addresses(ctx context.Context, family int) ([]netlink.Addr, error) {
	all, err := steady(ctx, func() ([]netlink.Addr, error) { return h.nl.AddrList(nil, family) })
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	return all, nil
}

// prefixOf converts an address with its mask; the address is not masked.
func prefixOf(n *net.IPNet) netip.Prefix {
	if n == nil {
		return netip.Prefix{}
	}
	ip, _ := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(ip.Unmap(), bits)
}

// dumpTries bounds the repetitions of an interrupted dump. Each lasts well under
// a millisecond, so only a network that never rests exhausts them.
const dumpTries = 50

// steady repeats a dump until it was not interrupted by a change: the kernel
// marks dumps that may lack entries, and an absent address has to be proved.
func steady[T any](ctx context.Context, dump func() ([]T, error)) ([]T, error) {
	for try := 1; ; try++ {
		all, err := dump()
		if err == nil || !errors.Is(err, netlink.ErrDumpInterrupted) {
			return all, err
		}
		if try == dumpTries {
			return nil, fmt.Errorf("%w in each of %d tries", err, try)
		}
		if err := pause(ctx, time.Duration(try)*100*time.Microsecond); err != nil {
			return nil, err
		}
	}
}

// pause waits for d or the end of ctx, whose error it then returns.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
