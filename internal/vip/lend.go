package vip

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// Lend adds the address, or gives one that is there a new lifetime: the kernel
// removes it so many seconds from now, whatever becomes of the caller. It is one
// system call, after which nothing is waited for, so that a caller can say until
// when it must have begun. Duplicate detection is skipped: it would take longer
// than a lease. Of two calls the later counts. What Place has of lifetimes does not.
//
// The kernel gives the route of an IPv6 prefix the lifetime of the address that was
// changed last (modify_prefix_route in net/ipv6/addrconf.c), that of the server's
// own addresses too: where they share a prefix, the Place has to have NoPrefixRoute.
func (h *Host) Lend(p Place, seconds uint32) error {
	a := kernelAddr{Index: p.index, Prefix: p.Prefix, Label: p.Label, Broadcast: p.Broadcast, Valid: seconds, Preferred: seconds}
	if p.Prefix.Addr().Is6() {
		a.Flags |= unix.IFA_F_NODAD
	}
	if p.NoPrefixRoute {
		a.Flags |= unix.IFA_F_NOPREFIXROUTE
	}
	if err := h.addAddr(a, true); err != nil {
		return fmt.Errorf("lend %s for %d s: %w", p, seconds, err)
	}
	return nil
}

// Left is the lifetime that the kernel showed, in seconds; forever is true for an
// address that does not age.
func (h Holding) Left() (seconds uint32, forever bool) {
	return h.kernel.Valid, h.kernel.Valid == ^uint32(0)
}

// Lent reports whether the address is where Lend put it, and is going to end.
func (p Place) Lent(h Holding) bool {
	_, forever := h.Left()
	return p.fits(h) && !h.Duplicate && !forever
}

// Evict takes the address away from every one of the places but p. It leaves the
// caller to look again.
func (h *Host) Evict(ctx context.Context, p Place, held Held) error {
	var wrong []Holding
	for _, holding := range held {
		if !p.fits(holding) {
			wrong = append(wrong, holding)
		}
	}
	return h.dropAll(ctx, wrong)
}

// Shared reports whether another address on the interface of p has the same IPv6
// prefix, and so the route of that prefix.
func (h *Host) Shared(ctx context.Context, p Place) (bool, error) {
	if p.Prefix.Addr().Is4() {
		return false, nil
	}
	all, err := h.addresses(ctx, unix.AF_INET6)
	return hasOther(all, p.index, p.Prefix.Masked(), p.Prefix.Addr()), err
}
