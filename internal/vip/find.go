package vip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
)

// Find returns every place where the address is held now: on any interface, with
// any prefix length and label; where it rests does not count. An IPv6 link-local
// address without an interface stands for that address on every link, else for
// that of its interface alone.
func (h *Host) Find(ctx context.Context, a Address) (Held, error) {
	addrs, err := h.addresses(ctx, familyOf(a.IP))
	if err != nil {
		return nil, err
	}
	var held Held
	for _, addr := range addrs {
		if addr.Prefix.Addr() != a.IP {
			continue
		}
		link, err := h.linkAt(addr.Index)
		if errors.Is(err, ErrNoNic) {
			continue // gone since the dump, and the address with it
		}
		if err != nil {
			return nil, err
		}
		if IsLinkLocal(a.IP) && a.Nic != "" && !link.Is(a.Nic) {
			continue
		}
		held = append(held, holdingOf(addr, link))
	}
	if a.Resting {
		held = held.awake()
	}
	slices.SortStableFunc(held, func(a, b Holding) int {
		return cmp.Or(cmp.Compare(a.Link.Index, b.Link.Index), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
	})
	return held, nil
}

// dumpTries bounds the repetitions of an interrupted dump. Each lasts well under
// a millisecond, so only a network that never rests exhausts them.
const dumpTries = 50

// steady repeats a dump until it was not interrupted by a change: the kernel
// marks dumps that may lack entries, and an absent address has to be proved.
func steady[T any](ctx context.Context, dump func() ([]T, error)) ([]T, error) {
	for try := 1; ; try++ {
		all, err := dump()
		if err == nil {
			return all, nil
		}
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			return nil, err
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
