package hook

import (
	"context"
	"fmt"

	"github.com/oneha/oneha/internal/raft/following"
)

// reconcileServices brings the services where they belong, until oned says the same
// before and after. It waits for them without the lock: another hook whose turn it is
// takes them over as they are.
func (h *hook) reconcileServices(ctx context.Context) (did string, err error) {
	for range rounds {
		t, change, err := h.begin(ctx)
		if err != nil {
			return "", err
		}
		if t.leader {
			h.challenge(ctx, t)
		}
		if !h.confirm(ctx, t) {
			continue
		}
		report, err := change.Wait(ctx)
		if h.confirm(ctx, t) {
			return report.String(), err
		}
	}
	return "", fmt.Errorf("services: oned changed its state %d times meanwhile", rounds)
}

// begin queues the jobs that oned's state asks for, under the lock. As with the
// addresses, a hook that hangs with the lock keeps nobody from stopping them.
func (h *hook) begin(ctx context.Context) (truth, *following.Change, error) {
	unlock, noLock := h.lock(ctx, servicesLock, h.conf.times.lock)
	if noLock == nil {
		defer unlock()
	}
	t := h.truth(ctx)
	verb := "stop"
	switch {
	case !t.leader && noLock != nil:
		h.warn("%v", noLock)
	case t.leader && noLock != nil:
		return t, nil, noLock
	case t.leader && !h.mayHold:
		return t, &following.Change{}, nil // they go with the address
	case t.leader:
		verb = "start"
	}
	ctx, cancel := context.WithTimeout(ctx, systemdLimit)
	defer cancel()
	change, err := following.Begin(ctx, h.conf.Units, t.leader, h.services)
	if err != nil {
		err = fmt.Errorf("%s services: %w", verb, err)
	}
	return t, change, err
}
