package guard

import (
	"context"
	"errors"
	"time"

	"github.com/oneha/oneha/internal/raft/floating"
	"github.com/oneha/oneha/internal/raft/lease"
)

// order is one for the addresses.
type order struct {
	what  lease.AddressOrder
	until lease.Time
}

// orderWithin bounds what an order waits for besides the kernel.
const orderWithin = 5 * time.Second

// strayEvery is how often a server that is not to have the addresses is looked at for
// some that a person or another program put there.
const strayEvery = 2 * time.Second

// workOnAddresses carries out orders, one after the other.
func (g *Guard) workOnAddresses(ctx context.Context) {
	var host addresses
	defer func() {
		if host != nil {
			host.Close()
		}
	}()
	stray := time.NewTicker(g.stray)
	defer stray.Stop()
	dropped := false
	for {
		var o order
		select {
		case <-ctx.Done():
			return
		case <-stray.C:
			if dropped {
				g.takeAwayStrays(ctx, host)
			}
			continue
		case o = <-g.orders:
		}
		var err error
		if host == nil {
			host, err = g.open()
		}
		var added []floating.Address
		done := false
		within, cancel := context.WithTimeout(ctx, orderWithin)
		switch {
		case err != nil:
		case o.what == lease.Hold:
			added, err = host.Set(within, o.until)
			done = err == nil
			if done {
				err = host.Announce(within, added)
			}
		default:
			done, err = host.Drop(within)
		}
		cancel()
		dropped = o.what != lease.Hold && done
		if !g.event(ctx, func() { g.carriedOut(o, done, added, err) }) {
			return
		}
	}
}

// takeAwayStrays removes addresses that are here although the last order removed them:
// somebody else added them, and no lease ends them.
func (g *Guard) takeAwayStrays(ctx context.Context, host addresses) {
	within, cancel := context.WithTimeout(ctx, orderWithin)
	defer cancel()
	found, err := host.Find(within)
	if err == nil && len(found) > 0 {
		_, err = host.Drop(within)
	}
	if len(found) == 0 && err == nil {
		return
	}
	g.event(ctx, func() {
		if err != nil {
			g.said.change("address", "%v", err)
			return
		}
		for _, a := range found {
			g.said.line("took away " + a.String() + ", which somebody else added: this server has no lease")
		}
	})
}

// carriedOut tells the machine how an order ended.
func (g *Guard) carriedOut(o order, done bool, added []floating.Address, err error) {
	switch {
	case errors.Is(err, floating.ErrLate):
		g.said.change("address", "the lease is all but over: nothing set")
	case err != nil:
		g.said.change("address", "%v", err)
	default:
		g.said.over("address", "addresses are set and removed again")
	}
	if done {
		g.here = o.what == lease.Hold
	}
	if o.what == lease.Hold {
		if len(added) > 0 && done {
			g.counts.taken++
			for _, a := range added {
				g.said.line("took " + a.String())
			}
		}
		g.obey(g.machine.Held(g.now(), done))
		if done {
			g.lookAfterTakeover()
		}
		return
	}
	if done {
		g.counts.lost++
	}
	g.obey(g.machine.Dropped(g.now(), done))
}
