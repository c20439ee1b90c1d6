package raftrounds

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// result is what one round showed.
type result struct {
	number int
	round  round
	figures
}

// do does a round and waits until all is as it should be again.
func (b *bed) do(ctx context.Context, n int, r round) (result, error) {
	begin := time.Now()
	for _, h := range r.harms {
		if err := sleep(ctx, time.Until(begin.Add(h.after))); err != nil {
			return result{}, err
		}
		if err := h.do(ctx, b, b.victim(ctx, h.role), rand.New(rand.NewPCG(h.seed, 0))); err != nil {
			return result{}, fmt.Errorf("%s: %w", h.name, err)
		}
	}
	if err := sleep(ctx, time.Until(begin.Add(r.lasts))); err != nil {
		return result{}, err
	}
	if err := b.heal(ctx); err != nil {
		return result{}, fmt.Errorf("heal: %w", err)
	}
	if err := sleep(ctx, r.rest); err != nil {
		return result{}, err
	}
	if err := b.settle(ctx); err != nil {
		return result{}, fmt.Errorf("after round %d, %s: %w", n, r, err)
	}
	return result{number: n, round: r, figures: b.record.between(begin, time.Now())}, nil
}

// sleep waits, as long as ctx lasts.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
