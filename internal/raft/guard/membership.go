package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/oneha/oneha/internal/raft/lease"
)

// rezone makes the list of servers that the machine has the one that oned has.
func (g *Guard) rezone(all []server) {
	list := ids(all)
	member := slices.Contains(list, g.c.Server)
	switch {
	case g.machine == nil && member:
		g.join(all)
		return
	case !member:
		if g.machine != nil {
			g.said.change("part", "server %d is not in the zone any more (%v): gives up what it holds", g.c.Server, list)
			g.ended = ErrChanged // a new guard finds itself without a part
		}
		g.idle = fmt.Sprintf("server %d is not in the zone: it has %v", g.c.Server, list)
		g.said.change("part", "takes no part: %s", g.idle)
		if g.memory.Servers != nil {
			g.memory.Servers = nil
			g.keep()
		}
		return
	}
	before := g.machine.Servers()
	o, err := g.machine.Rezone(g.now(), list)
	switch {
	case errors.Is(err, lease.ErrSoon):
		g.pending = list
		g.said.change("pending", "%v", err)
		return
	case err != nil:
		g.said.change("part", "%v: begins anew", err)
		g.memory.Servers = all
		g.keep()
		g.ended = ErrChanged
		return
	}
	g.pending = nil
	g.said.over("pending", "")
	g.meet(all)
	if !slices.Equal(before, list) {
		g.said.change("part", "guards server %d of %v now", g.c.Server, list)
	}
	if !slices.Equal(g.memory.Servers, all) {
		g.memory.Servers = all
		g.keep()
	}
	g.obey(o)
}

// keep has written down what is to be remembered. A guard that has a part does not wait
// for the disk: it may be busy for longer than a lease, with a backup of the database
// for the server that joins.
func (g *Guard) keep() {
	if g.machine == nil {
		g.write(g.memory)
		return
	}
	select {
	case <-g.writes: // overtaken
	default:
	}
	g.writes <- g.memory // it has room: nobody else sends
}

// workOnMemory writes until ctx ends, and then what is left: the next guard of this
// process reads it.
func (g *Guard) workOnMemory(ctx context.Context) {
	for {
		select {
		case m := <-g.writes:
			g.write(m)
			continue
		case <-ctx.Done():
		}
		select {
		case m := <-g.writes:
			g.write(m)
		default:
		}
		return
	}
}

// write writes, if that is possible; otherwise it says why not.
func (g *Guard) write(m memory) {
	if err := m.write(g.c.State); err != nil {
		g.said.change("memory", "%v", err)
	} else {
		g.said.over("memory", "")
	}
}
