// Package floating keeps the floating addresses of a Raft zone on this server: with
// a lifetime that the kernel counts, as the lease in internal/raft/lease asks for, or
// for ever where no guard runs.
//
// All addresses come and go together. Everything is level-triggered: what is there
// already, by whomever, with whatever lifetime, is taken over.
package floating

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/oneha/oneha/internal/raft/lease"
	"github.com/oneha/oneha/internal/vip"
)

// ErrLate says that too little of a lease was left for the kernel's unit of a
// second: nothing was set.
var ErrLate = errors.New("less than a second is left of the lease")

// Address is a floating address and the interface that it belongs on.
type Address struct {
	Prefix netip.Prefix // not masked
	NIC    string
}

// String returns the address as "10.0.0.9/24 on eth0".
func (a Address) String() string { return a.Prefix.String() + " on " + a.NIC }

// Present is an address where it was found.
type Present struct {
	Address
	Forever bool   // it does not age: a hook or a person put it there
	Seconds uint32 // that are left otherwise
}

// Host is the network of this server. It is used by one goroutine at a time, and
// with a namespace by the one that opened it.
type Host struct {
	namespace string
	addresses []Address
	host      *vip.Host
	timer     *timer // nil until Set needs it
	places    map[netip.Addr]vip.Place
	repeats   repeats
}

// Open connects to the kernel. namespace is that of another network, as
// vip.OpenIn takes it, "" for the caller's.
func Open(namespace string, addresses []Address) (*Host, error) {
	h, err := vip.OpenIn(namespace)
	if err != nil {
		return nil, err
	}
	return &Host{namespace: namespace, addresses: addresses, host: h, places: map[netip.Addr]vip.Place{}}, nil
}

// Close ends the announcements and releases what was opened. The addresses stay.
func (h *Host) Close() {
	h.repeats.end()
	h.timer.close()
	h.host.Close()
}

// Find returns which of the addresses are here, on whatever interface.
func (h *Host) Find(ctx context.Context) ([]Present, error) {
	var all []Present
	for _, a := range h.addresses {
		held, err := h.host.Find(ctx, vip.Address{IP: a.Prefix.Addr()})
		if err != nil {
			return nil, err
		}
		for _, holding := range held {
			p := Present{Address: Address{Prefix: holding.Prefix, NIC: holding.Link.Name}}
			p.Seconds, p.Forever = holding.Left()
			all = append(all, p)
		}
	}
	return all, nil
}

// Set gives all addresses the longest lifetime in whole seconds that ends before
// until, adds those that are not here, and takes them away from where they do not
// belong. It returns those that were not in their places before: they are to be
// announced. The error is ErrLate when nothing was set for want of time.
//
// From the reading of the clock to the end of the last system call a timer of the
// kernel is armed that kills this process at the moment from which on the lifetime
// would end too late: a process that pauses there must not go on.
func (h *Host) Set(ctx context.Context, until lease.Time) (added []Address, err error) {
	added, err = h.missing(ctx)
	if err != nil {
		return nil, err
	}
	if h.timer == nil {
		if h.timer, err = newTimer(); err != nil {
			return nil, err
		}
	}
	places, err := h.resolve(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.lend(until, places); err != nil {
		clear(h.places) // the interface may be another one by now
		return nil, err
	}
	return added, h.prove(ctx, places)
}

// lend is the part that the timer guards.
func (h *Host) lend(until lease.Time, places []vip.Place) (err error) {
	now, err := Now()
	if err != nil {
		return err
	}
	setting := lease.SettingFor(until, now)
	if setting.Seconds == 0 {
		return ErrLate
	}
	if err := h.timer.arm(setting.By); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.timer.disarm()) }()
	for _, p := range places {
		err = errors.Join(err, h.host.Lend(p, setting.Seconds))
	}
	return err
}

// missing are the addresses that are not in their places, with any lifetime.
func (h *Host) missing(ctx context.Context) (missing []Address, err error) {
	for _, a := range h.addresses {
		held, err := h.host.Find(ctx, vip.Address{IP: a.Prefix.Addr()})
		if err != nil {
			return nil, err
		}
		there := false
		for _, holding := range held {
			there = there || holding.Prefix == a.Prefix && holding.Link.Is(a.NIC)
		}
		if !there {
			missing = append(missing, a)
		}
	}
	return missing, nil
}

// prove looks that the addresses are in their places, to end there, and nowhere else.
func (h *Host) prove(ctx context.Context, places []vip.Place) error {
	var errs []error
	for _, p := range places {
		held, err := h.host.Find(ctx, vip.Address{IP: p.Prefix.Addr()})
		lent := false
		for _, holding := range held {
			lent = lent || p.Lent(holding)
		}
		switch {
		case err != nil:
			errs = append(errs, err)
		case !lent:
			errs = append(errs, fmt.Errorf("set %s: it is not there afterwards: does another program remove it?", p))
		case len(held) > 1:
			errs = append(errs, h.host.Evict(ctx, p, held))
		}
	}
	return errors.Join(errs...)
}

// resolve finds the places of the addresses, once: what is asked for is complete.
func (h *Host) resolve(ctx context.Context) (places []vip.Place, err error) {
	for _, a := range h.addresses {
		p, known := h.places[a.Prefix.Addr()]
		if !known {
			keepNeighbours(a)
			p, err = h.host.Resolve(ctx, vip.Address{IP: a.Prefix.Addr(), Nic: a.NIC, Bits: a.Prefix.Bits(), NoDAD: true})
			if err != nil {
				return nil, err
			}
			if p.NoPrefixRoute, err = h.host.Shared(ctx, p); err != nil {
				return nil, err
			}
			h.places[a.Prefix.Addr()] = p
		}
		places = append(places, p)
	}
	return places, nil
}

// keepNeighbours makes the kernel keep the other addresses of an IPv4 network when
// it removes the floating one by itself. systemd sets the same for all interfaces;
// where it cannot be set, only an address that was added after the floating one is
// in danger.
func keepNeighbours(a Address) {
	if a.Prefix.Addr().Is4() {
		path := filepath.Join("/proc/sys/net/ipv4/conf", a.NIC, "promote_secondaries")
		if text, err := os.ReadFile(path); err == nil && text[0] == '0' {
			_ = os.WriteFile(path, []byte("1"), 0)
		}
	}
}

// Forever makes all addresses usable in their places until Drop. It returns those
// that were not there before: they are to be announced.
func (h *Host) Forever(ctx context.Context) (added []Address, err error) {
	added, err = h.missing(ctx)
	if err != nil {
		return nil, err
	}
	clear(h.places)
	places, err := h.resolve(ctx)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, p := range places {
		_, err := h.host.Ensure(ctx, p)
		errs = append(errs, err)
	}
	return added, errors.Join(errs...)
}

// Drop takes all addresses away, from wherever they are. It reports whether a
// complete look at all interfaces showed none of them.
func (h *Host) Drop(ctx context.Context) (gone bool, err error) {
	h.repeats.end()
	gone = true
	var errs []error
	for _, a := range h.addresses {
		if _, err := h.host.Remove(ctx, vip.Address{IP: a.Prefix.Addr()}); err != nil {
			gone = gone && errors.Is(err, vip.ErrLost) // it is gone, at the cost of another one
			errs = append(errs, err)
		}
	}
	return gone, errors.Join(errs...)
}
