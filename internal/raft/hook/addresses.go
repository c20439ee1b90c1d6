package hook

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/raft/floating"
	"github.com/oneha/oneha/internal/vip"
)

// rounds is how often a hook begins again because oned changed its mind meanwhile.
const rounds = 10

// handled is what became of the addresses.
type handled struct {
	truth truth
	did   string
	err   error
}

// reconcileAddresses brings the addresses where they belong, until oned says the same
// before and after.
func (h *hook) reconcileAddresses(ctx context.Context) (a handled) {
	for range rounds {
		var locked bool
		if a, locked = h.address(ctx); !locked {
			return a
		}
		if a.truth.leader {
			h.challenge(ctx, a.truth)
		}
		if h.confirm(ctx, a.truth) {
			if a.truth.leader && a.err == nil {
				h.repeat(ctx)
			}
			return a
		}
	}
	a.err = errors.Join(a.err, fmt.Errorf("oned changed its state %d times meanwhile", rounds))
	return a
}

// confirm reports whether oned still says the same.
func (h *hook) confirm(ctx context.Context, t truth) bool {
	if t.leader != (h.call.Role == Leader) {
		_ = sleep(ctx, time.Until(h.started.Add(h.conf.times.again))) // a little early does no harm
	}
	return h.truth(ctx).same(t)
}

// address does what oned says, once, under the lock. A hook that hangs with the lock
// keeps nobody from letting go: when that one goes on, it asks oned again.
func (h *hook) address(ctx context.Context) (a handled, locked bool) {
	unlock, noLock := h.lock(ctx, addressLock, h.conf.times.lock)
	if noLock == nil {
		defer unlock()
	}
	a.truth = h.truth(ctx)
	switch {
	case !a.truth.leader:
		a.did, a.err = h.drop(ctx)
	case noLock != nil:
	case !h.mayHold:
		a.err = errors.New("the guard of this server does not answer, and without it the address is not to be taken: see systemctl status " + guardUnit)
	default:
		a.did, a.err = h.hold(ctx)
	}
	if !a.truth.sure && h.call.Role == Leader {
		a.err = errors.Join(a.err, errors.New("the address is not taken without the word of oned: "+a.truth.said))
	}
	a.err = errors.Join(noLock, a.err)
	return a, noLock == nil
}

// hold makes all addresses usable here and announces them. One that fails keeps none
// of the others.
func (h *hook) hold(ctx context.Context) (did string, err error) {
	var added, announced []string
	var errs []error
	for _, a := range h.call.Addresses {
		isNew, err := forever(ctx, a)
		if err != nil {
			errs = append(errs, fmt.Errorf("hold %s: %w", a, err))
			continue
		}
		if isNew {
			added = append(added, a.String())
		}
		// A leader that was elected again may have been away for a moment.
		if isNew || h.call.Role == Leader {
			if sent, err := announce(ctx, a); err != nil {
				errs = append(errs, err)
			} else if sent > 0 {
				announced = append(announced, a.Prefix.Addr().String())
			}
		}
	}
	var parts []string
	if len(added) > 0 {
		parts = append(parts, "added "+strings.Join(added, ", "))
	}
	if len(announced) > 0 {
		parts = append(parts, fmt.Sprintf("announced %s %d ms after the start", strings.Join(announced, ", "), time.Since(h.started).Milliseconds()))
	}
	return strings.Join(parts, "; "), errors.Join(errs...)
}

// forever adds an address without a lifetime, if it is not there already.
func forever(ctx context.Context, a floating.Address) (isNew bool, err error) {
	host, err := floating.Open("", []floating.Address{a})
	if err != nil {
		return false, err
	}
	defer host.Close()
	added, err := host.Forever(ctx)
	return len(added) > 0, err
}

// announce tells the network once where an address is. On a link that resolves none,
// nothing is sent.
func announce(ctx context.Context, a floating.Address) (sent int, err error) {
	host, err := vip.Open()
	if err != nil {
		return 0, err
	}
	defer host.Close()
	return host.Announce(ctx, a.NIC, a.Prefix.Addr(), vip.Burst{Count: 1})
}

// drop takes all addresses away, and fails for those that are still here.
func (h *hook) drop(ctx context.Context) (did string, err error) {
	var dropped []string
	var errs []error
	for _, a := range h.call.Addresses {
		was, err := drop(ctx, a)
		if err != nil {
			errs = append(errs, fmt.Errorf("drop %s: %w", a, err))
		} else if was {
			dropped = append(dropped, a.String())
		}
	}
	if len(dropped) > 0 {
		did = "dropped " + strings.Join(dropped, ", ")
	}
	return did, errors.Join(errs...)
}

func drop(ctx context.Context, a floating.Address) (was bool, err error) {
	host, err := floating.Open("", []floating.Address{a})
	if err != nil {
		return false, err
	}
	defer host.Close()
	here, err := host.Find(ctx)
	if err == nil && len(here) == 0 {
		return false, nil
	}
	gone, err := host.Drop(ctx)
	if gone && err != nil {
		return true, fmt.Errorf("it is gone, but: %w", err)
	}
	return true, err
}

// repeat announces the addresses some more times. It holds the lock only for the
// moment of each, and announces nothing that is not here any more: a follower's hook
// does not wait, and a successor is not spoken against.
func (h *hook) repeat(ctx context.Context) {
	for _, pause := range h.conf.times.repeats {
		if len(h.call.Addresses) == 0 || sleep(ctx, pause) != nil {
			return
		}
		unlock, err := h.lock(ctx, addressLock, 100*time.Millisecond)
		if err != nil {
			continue // another hook is at work, and announces what it adds
		}
		for _, a := range h.call.Addresses {
			if held(ctx, a) {
				_, _ = announce(ctx, a) // the first was sent
			}
		}
		unlock()
	}
}

// held reports whether an address is in its place.
func held(ctx context.Context, a floating.Address) bool {
	host, err := vip.Open()
	if err != nil {
		return false
	}
	defer host.Close()
	found, err := host.Find(ctx, vip.Address{IP: a.Prefix.Addr()})
	if err != nil {
		return false
	}
	for _, place := range found {
		if place.Link.Is(a.NIC) {
			return true
		}
	}
	return false
}

// Files of the locks: one for the addresses, one for the services, so that neither
// waits for the other.
const (
	addressLock  = "hook.lock"
	servicesLock = "hook-services.lock"
)

// lock takes one of the locks.
func (h *hook) lock(ctx context.Context, name string, limit time.Duration) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return lock(ctx, h.file(name), h.call.Role)
}
