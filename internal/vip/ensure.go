package vip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	// linkWait is how long a link may take to come up: copper negotiates for
	// two to four seconds after it was switched on.
	linkWait = 5 * time.Second
	// dadWait is how long duplicate detection may take. It lasts up to one
	// second of random delay and one of waiting for an answer (RFC 4862,
	// section 5.4), unless the administrator raised dad_transmits.
	dadWait = 10 * time.Second
	// poll is the interval of looking again, cheap next to what is waited for.
	poll = 20 * time.Millisecond
)

// Ensure makes the address usable in that place and nowhere else: it switches
// the link on, takes the address away from every other place (another
// interface, prefix length or label), adds it where it belongs and waits until
// the kernel uses it. Where all is well already it changes nothing and reports
// false. Errors: ErrNoNic, ErrLinkDown, ErrDuplicate, or what the kernel said.
//
// Wrong places go first, because the kernel refuses the address on the same
// interface with the same prefix and another label, and for IPv6 on the same
// interface at all.
func (h *Host) Ensure(ctx context.Context, p Place) (changed bool, err error) {
	if changed, err = h.raise(ctx, p); err != nil {
		return changed, err
	}
	held, err := h.Find(ctx, p.scoped())
	if err != nil {
		return changed, err
	}
	there := false
	for _, holding := range held {
		if p.fits(holding) && !holding.Duplicate {
			there = true
			continue
		}
		if err := h.drop(ctx, holding); err != nil {
			return changed, err
		}
		changed = true
	}
	if !there {
		if err := h.add(p); err != nil {
			return changed, err
		}
		changed = true
	}
	return changed, h.settle(ctx, p)
}

// scoped is the address that Find looks for, see Address.Scoped.
func (p Place) scoped() netip.Addr { return Address{IP: p.Prefix.Addr(), Nic: p.Nic}.Scoped() }

// fits reports whether the address is where it belongs.
func (p Place) fits(h Holding) bool {
	return h.Link.Index == p.index && h.Prefix == p.Prefix && (p.Label == "" || h.Label == p.Label)
}

// raise switches the link on if it is off and waits until it passes packets.
func (h *Host) raise(ctx context.Context, p Place) (changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, linkWait)
	defer cancel()
	for {
		link, err := h.linkAt(p.index)
		if err != nil {
			return changed, err
		}
		if link.Operational {
			return changed, nil
		}
		if !link.AdminUp {
			up := &netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: p.index, Name: p.Nic}}
			if err := h.nl.LinkSetUp(up); err != nil {
				return changed, fmt.Errorf("switch link %s on: %w", p.Nic, err)
			}
			changed = true
		}
		if pause(ctx, poll) != nil {
			return changed, fmt.Errorf("%w: %s has state %s; see its cable, switch port or lower interface", ErrLinkDown, p.Nic, link.State)
		}
	}
}

// add adds the address. That it is there already is fine.
func (h *Host) add(p Place) error {
	ip := p.Prefix.Addr()
	a := &netlink.Addr{
		IPNet:     &net.IPNet{IP: ip.AsSlice(), Mask: net.CIDRMask(p.Prefix.Bits(), ip.BitLen())},
		LinkIndex: p.index,
		Label:     p.Label,
		Broadcast: net.IPv4zero, // the library's word for none
	}
	if p.Broadcast.IsValid() {
		a.Broadcast = p.Broadcast.AsSlice()
	}
	if ip.Is4() && ip.IsLoopback() {
		a.Scope = unix.RT_SCOPE_HOST
	}
	if p.NoDAD {
		a.Flags |= unix.IFA_F_NODAD
	}
	if p.NoPrefixRoute {
		a.Flags |= unix.IFA_F_NOPREFIXROUTE
	}
	err := h.nl.AddrAdd(nil, a)
	switch {
	case err == nil, errors.Is(err, unix.EEXIST):
		return nil
	case errors.Is(err, unix.EACCES) && ip.Is6() && sysctl(6, p.Nic, "disable_ipv6") == "1":
		return fmt.Errorf("add %s: IPv6 is switched off on the interface: sysctl net.ipv6.conf.%s.disable_ipv6=0 switches it on", p, p.Nic)
	default:
		return fmt.Errorf("add %s: %w", p, err)
	}
}

// settle waits until the address is usable. A duplicate is taken away again.
func (h *Host) settle(ctx context.Context, p Place) error {
	ctx, cancel := context.WithTimeout(ctx, dadWait)
	defer cancel()
	for {
		held, err := h.Find(ctx, p.scoped())
		if err != nil {
			return err
		}
		why := "it vanished again"
		for _, holding := range held {
			if !p.fits(holding) {
				continue
			}
			if holding.Duplicate {
				return h.giveUp(ctx, p, holding)
			}
			if why = holding.Why(); why == "" {
				return nil
			}
		}
		if err := pause(ctx, poll); err != nil {
			return fmt.Errorf("wait for %s: %s: %w", p, why, err)
		}
	}
}

// giveUp removes an address that another machine has.
func (h *Host) giveUp(ctx context.Context, p Place, holding Holding) error {
	if err := h.drop(ctx, holding); err != nil {
		return fmt.Errorf("%w: %s, and it could not be taken away: %w", ErrDuplicate, p, err)
	}
	return fmt.Errorf("%w: duplicate address detection for %s failed", ErrDuplicate, p)
}
