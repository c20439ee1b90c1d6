package vip

import (
	"context"
	"errors"
	"fmt"
	"time"

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
// interface at all. One that differs in its IPv4 prefix alone goes last: with an
// interface's last address the kernel takes away all its routes. Not so where the
// network is asked for another owner, who may keep the address.
func (h *Host) Ensure(ctx context.Context, p Place) (changed bool, err error) {
	lowerPromotion(p.Prefix.Addr())
	if changed, err = h.raise(ctx, p); err != nil {
		return changed, err
	}
	held, err := h.Find(ctx, p.address())
	if err != nil {
		return changed, err
	}
	there, lasting := false, true
	var first, last []Holding
	for _, holding := range held {
		switch {
		case p.fits(holding) && !holding.Duplicate:
			there, lasting = true, p.Preferred.holds(holding.kernel)
		case p.Prefix.Addr().Is4() && !p.Detect && holding.Link.Index == p.index && holding.Prefix != p.Prefix:
			last = append(last, holding)
		default:
			first = append(first, holding)
		}
	}
	changed = changed || len(first)+len(last) > 0
	if err := h.dropAll(ctx, first); err != nil {
		return changed, err
	}
	if !there && p.Detect {
		if err := h.Detect(ctx, p.Nic, p.Prefix.Addr()); err != nil {
			return changed, err
		}
	}
	if !there || !lasting {
		if err := h.add(p, there); err != nil {
			return changed, err
		}
		changed = true
	}
	if err := h.dropAll(ctx, last); err != nil {
		return changed, err
	}
	return changed, h.settle(ctx, p)
}

// address is what Find looks for.
func (p Place) address() Address { return Address{IP: p.Prefix.Addr(), Nic: p.Nic} }

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
			if err := h.switchOn(link); err != nil {
				return changed, fmt.Errorf("switch link %s on: %w", p.Nic, err)
			}
			changed = true
		}
		if pause(ctx, poll) != nil {
			return changed, fmt.Errorf("%w: %s has state %s; see its cable, switch port or lower interface", ErrLinkDown, p.Nic, link.State)
		}
	}
}

// add adds the address, or gives one that is there the lifetime of the place.
// That somebody else added it meanwhile is fine: settle looks what it is.
func (h *Host) add(p Place, there bool) error {
	ip := p.Prefix.Addr()
	a := kernelAddr{Index: p.index, Prefix: p.Prefix, Label: p.Label, Broadcast: p.Broadcast}
	a.Valid, a.Preferred = p.Preferred.of(ip)
	if ip.Is4() && ip.IsLoopback() {
		a.Scope = unix.RT_SCOPE_HOST
	}
	if p.NoDAD {
		a.Flags |= unix.IFA_F_NODAD
	}
	if p.NoPrefixRoute {
		a.Flags |= unix.IFA_F_NOPREFIXROUTE
	}
	err := h.addAddr(a, there)
	switch {
	case err == nil, errors.Is(err, unix.EEXIST):
		return nil
	case errors.Is(err, unix.EACCES) && ip.Is6() && sysctl(6, p.Nic, "disable_ipv6") == "1":
		return fmt.Errorf("IPv6 is switched off on %s: set sysctl net.ipv6.conf.%s.disable_ipv6=0", p.Nic, p.Nic)
	default:
		return fmt.Errorf("add %s: %w", p, err)
	}
}

// settle waits until the address is usable. A duplicate is taken away again.
func (h *Host) settle(ctx context.Context, p Place) error {
	ctx, cancel := context.WithTimeout(ctx, dadWait)
	defer cancel()
	for {
		held, err := h.Find(ctx, p.address())
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
