package procedure

import (
	"context"
	"fmt"
	"slices"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
)

// grown looks for the zone that the target shares with other servers: as the leader has
// it, and without one as the target or else another of them does. ok is false where
// there is none, or where the target would have to be given a database before it could
// take part: its oned runs as another server or alone, or is stopped and not configured
// as the one that the zone has.
func (b *builder) grown(ctx context.Context) (list one.Zone, self one.ZoneServer, ok bool, err error) {
	answers := b.ask(ctx, b.Zone.Servers)
	mine := answers[slices.IndexFunc(answers, func(s seen) bool { return s.Name == b.target.Name })]
	sources := append([]seen{mine}, answers...)
	if lead, ok := leaderOf(answers); ok {
		b.lead, sources = b.at(lead.ZoneServer), []seen{lead} // nobody else's list counts
	}
	for _, source := range sources {
		if source.err != nil {
			continue
		}
		list, err := b.zoneOf(ctx, source.ZoneServer)
		self, listed := memberAt(list, b.target.Endpoint)
		if err != nil || !listed || len(list.Servers) < 2 {
			continue
		}
		if mine.err == nil && !mine.runs() && source.Name == mine.Name {
			return list, self, false, b.otherServers(list)
		}
		ok, err := b.isItself(ctx, mine, self)
		return list, self, ok, err
	}
	return one.Zone{}, one.ZoneServer{}, false, nil
}

// otherServers refuses a server that runs alone with the list of a zone of several: it
// could not lead them.
func (b *builder) otherServers(list one.Zone) error {
	return fmt.Errorf("its zone has other servers already: %s; remove them first (onezone server-del %d ID)", serverNames(list), b.Zone.ID)
}

// zoneOf is the zone as one server has it.
func (b *builder) zoneOf(ctx context.Context, s spec.ZoneServer) (one.Zone, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return b.Oned.Zone(ctx, s)
}

// isItself tells whether the target's oned runs as this server of the zone, or would
// if it were started.
func (b *builder) isItself(ctx context.Context, mine seen, self one.ZoneServer) (bool, error) {
	if mine.err == nil {
		return mine.runs() && mine.ServerID == self.ID, nil
	}
	if half, err := b.target.exists(ctx, Marker); half || err != nil {
		return false, err
	}
	id, err := b.target.serverID(ctx)
	return id == self.ID, err
}

// mend adds the steps of a server that is in a zone with others already: what has
// drifted is made right. Where its oned has to start anew for that, another server leads
// meanwhile, and may go on to: so it is waited for that the server follows, or leads.
func (b *builder) mend(ctx context.Context, list one.Zone, self one.ZoneServer) error {
	t := b.target
	if err := b.ready(ctx, t); err != nil {
		return err
	}
	right := func(ctx context.Context) (bool, error) {
		left, err := b.configuration(ctx, t, member(t.ZoneServer, self.ID))
		return len(left) == 0 && err == nil, err
	}
	if ok, err := right(ctx); err != nil {
		return err
	} else if !ok && !b.waitedFor(list, t.Endpoint) {
		if err := b.Steady(ctx, self.ID); err != nil {
			return fmt.Errorf("oned on %s has to start anew, and the zone is not healthy: %w", t.Name, err)
		}
	}
	b.p.mends = true
	b.p.id = func() int { return self.ID }
	b.p.notes = func() []string { return b.leftNotes(t.ZoneServer, self.ID) }

	stop := Step{Name: "stop oned on " + t.Name,
		Careful: fmt.Sprintf("oned on %s is stopped and started again; if it leads, another server does from then on, with the floating IP", t.Name),
		Done:    either(t.stopped, right),
		Actions: func(context.Context) ([]Action, error) { return halt(t), nil },
	}
	if len(list.Servers) == 2 {
		stop.Careful = fmt.Sprintf("oned on %s is stopped and started again: a zone of two needs both, and does not answer for half a minute", t.Name)
	}
	b.add(stop)
	b.add(b.configure(func(context.Context) (bool, error) { return false, nil }, func(context.Context) (int, error) { return self.ID, nil }))
	b.add(b.enable())
	b.add(b.start())
	wait := b.catchUp()
	follows := wait.Done
	wait.Done = func(ctx context.Context) (bool, error) {
		if supposed(ctx, stop.Name) {
			return false, nil
		}
		return follows(ctx)
	}
	b.add(wait)
	return nil
}
