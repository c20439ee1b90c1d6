package vip

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// removeTries bounds the rounds of removing and looking again: more than one is
// needed only when somebody adds the address meanwhile.
const removeTries = 3

// Remove takes the address away from wherever Find finds it and proves that it is
// gone. It returns where it was. That it was nowhere is success. The error is
// ErrStillThere when the address was seen afterwards, ErrLost when it is gone at
// the cost of another one, something else when the node could not be asked.
func (h *Host) Remove(ctx context.Context, a Address) (was Held, err error) {
	lowerPromotion(a.IP)
	for try := 0; ; try++ {
		held, findErr := h.Find(ctx, a)
		if findErr != nil {
			return was, errors.Join(err, findErr)
		}
		if len(held) == 0 {
			if errors.Is(err, ErrLost) {
				return was, err
			}
			return was, nil
		}
		if try == removeTries {
			return was, errors.Join(fmt.Errorf("%w: %s", ErrStillThere, held), err)
		}
		if try == 0 {
			was = held
		}
		err = errors.Join(err, h.dropAll(ctx, held))
	}
}

// dropAll removes the address from several places; one that fails does not keep it
// in the others.
func (h *Host) dropAll(ctx context.Context, held []Holding) error {
	var errs []error
	for _, holding := range held {
		errs = append(errs, h.drop(ctx, holding))
	}
	return errors.Join(errs...)
}

// drop removes the address from one place, and nothing else: the kernel deletes
// the secondary addresses of an IPv4 network together with its primary one
// unless promote_secondaries is set. The setting is raised for the moment of the
// removal, which also spares the routes; addresses that vanish nevertheless are
// put back.
func (h *Host) drop(ctx context.Context, holding Holding) error {
	var before []kernelAddr
	if holding.kernel.Flags&unix.IFA_F_SECONDARY == 0 && holding.Prefix.Addr().Is4() {
		var err error
		if before, err = h.secondaries(ctx, holding); err != nil {
			return err
		}
	}
	if len(before) > 0 {
		defer keepSecondaries(holding.Link.Name)()
	}
	err := h.removeAddr(holding.kernel)
	if err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("remove %s: %w", holding, err)
	}
	return h.restore(before)
}

// secondaries returns the other addresses of the network of which the holding
// is the primary address.
func (h *Host) secondaries(ctx context.Context, holding Holding) ([]kernelAddr, error) {
	all, err := h.addresses(ctx, unix.AF_INET)
	if err != nil {
		return nil, err
	}
	var out []kernelAddr
	for _, a := range all {
		if a.Index == holding.Link.Index && a.Flags&unix.IFA_F_SECONDARY != 0 && a.Prefix.Masked() == holding.Prefix.Masked() {
			out = append(out, a)
		}
	}
	return out, nil
}

// restore adds those of the addresses that are missing.
func (h *Host) restore(addrs []kernelAddr) error {
	var errs []error
	for _, a := range addrs {
		if err := h.restoreAddr(a); err != nil && !errors.Is(err, unix.EEXIST) {
			errs = append(errs, fmt.Errorf("%w: put %s back: %w", ErrLost, a.Prefix, err))
		}
	}
	return errors.Join(errs...)
}
