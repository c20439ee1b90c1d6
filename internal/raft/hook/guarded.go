package hook

import (
	"context"
	"errors"
	"time"

	"github.com/oneha/oneha/internal/raft/guard/control"
)

// guardUnit is the guard's unit.
const guardUnit = "oneha-raft-guard.service"

// guardAgain is how often a guard that is away is tried again.
const guardAgain = 50 * time.Millisecond

// expectLimit is how long a systemd that does not answer may hold up the address of a
// server without a guard. A guard that is on its way after all takes over what it finds.
const expectLimit = 2 * time.Second

// leaveToGuard tells the guard to look at once, and reports whether it did all there
// is to do. Where a guard runs or is about to, this process holds no address.
func (h *hook) leaveToGuard(ctx context.Context) (done bool, err error) {
	limit := h.conf.times.guard
	if h.call.Role == Follower {
		limit = h.conf.times.release
	}
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		reply, err := control.Poke(waiting, h.conf.Socket, h.call.Role)
		if err == nil {
			return true, h.judge(ctx, reply)
		}
		if errors.Is(err, control.ErrNoGuard) && !h.guardExpected(waiting) {
			return false, nil
		}
		if sleep(waiting, guardAgain) != nil {
			h.warn("the guard of this server did not answer within %s: %v", limit, err)
			h.mayHold = false
			return false, nil
		}
	}
}

// judge reports what the guard did. That it did not do what the call was for is
// no fault when oned meanwhile wants the opposite.
func (h *hook) judge(ctx context.Context, reply control.Reply) error {
	h.outcome.Text = "guard: " + reply.Text
	if reply.Reached {
		return nil
	}
	t := h.truth(ctx)
	if t.sure && t.leader != (h.call.Role == Leader) {
		h.outcome.Text = t.said + "; " + h.outcome.Text
		return nil
	}
	return errors.New(h.outcome.Text)
}

// guardExpected reports whether the guard runs or is on its way to somewhere: one that
// was killed is away for a moment.
func (h *hook) guardExpected(ctx context.Context) bool {
	if h.conf.Guarded || h.conf.Units == nil {
		return h.conf.Guarded
	}
	ctx, cancel := context.WithTimeout(ctx, expectLimit)
	defer cancel()
	states, err := h.conf.Units.States(ctx, guardUnit)
	if err != nil {
		return false // no systemd that would start one
	}
	phase := states[0].Phase()
	return phase.Up() || phase.Pending()
}
