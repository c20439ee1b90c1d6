package procedure

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
)

// join adds a server with a copy of the leader's database. Of one that is in the zone
// already it makes right what has drifted.
func (b *builder) join(ctx context.Context) error {
	s, err := b.described(b.p.Request.Server)
	if err != nil {
		return err
	}
	b.target = b.at(s)
	lead, list, err := b.list(ctx)
	if err != nil {
		return fmt.Errorf("%w; if %s was being added, start its oned: the zone counts it already", err, s.Name)
	}
	b.lead = b.at(lead)
	if err := b.takePart(ctx, b.members(list), s.Name); err != nil {
		return err
	}
	var except []int
	if m, listed := memberAt(list, s.Endpoint); listed {
		in, _, _, err := b.follows(ctx)
		if err != nil {
			return err
		}
		if in && lead.Name != s.Name && b.p.Before.Procedure != "" {
			right, err := b.isConfigured(ctx)
			if err != nil {
				return err
			}
			in = !right // the end of its joining may be left
		}
		if in {
			return b.mend(ctx, list, m)
		}
		except = append(except, m.ID)
	}
	if !b.waitedFor(list, s.Endpoint) {
		if err := b.Steady(ctx, except...); err != nil {
			return fmt.Errorf("the zone is not healthy: %w", err)
		}
	}
	return b.arrive(ctx)
}

// waitedFor tells whether the zone is one of two whose majority needs the very server
// that a run which goes on has yet to start: no health can be asked of it before.
func (b *builder) waitedFor(list one.Zone, endpoint string) bool {
	_, listed := memberAt(list, endpoint)
	return listed && len(list.Servers) == 2 && (b.p.Before.Procedure != "" || b.p.Kind == Reset)
}

// arrive adds the steps of a server that comes.
func (b *builder) arrive(ctx context.Context) error {
	if err := b.ready(ctx, b.target); err != nil {
		return err
	}
	if err := b.databases(ctx); err != nil {
		return err
	}
	s := b.target
	over := func(ctx context.Context) (bool, error) {
		ok, _, _, err := b.follows(ctx)
		return ok, err
	}
	id := -1
	idNow := func(ctx context.Context) (int, error) {
		n, ok, err := b.listed(ctx)
		if err != nil {
			return -1, err
		}
		if !ok { // only a dry run asks before it is added
			_, list, err := b.list(ctx)
			if removed := b.p.record.Old; b.p.Kind == Replace && !b.p.record.OldGone {
				list.Servers = slices.DeleteFunc(list.Servers, func(s one.ZoneServer) bool { return s.ID == removed })
			}
			return nextID(list), err
		}
		id = n
		return n, nil
	}
	b.p.id = func() int { return id }
	b.p.notes = func() []string { return b.leftNotes(s.ZoneServer, id) }

	b.bring(over, true)
	b.add(Step{Name: "add " + s.Name + " to the zone", Limit: b.Waits.State,
		Done: func(ctx context.Context) (bool, error) {
			_, ok, err := b.listed(ctx)
			return ok, err
		},
		Actions: func(ctx context.Context) ([]Action, error) {
			return []Action{call(b.lead, func(ctx context.Context) error {
				lead, _, err := b.list(ctx)
				if err != nil {
					return err
				}
				return b.Oned.AddServer(ctx, lead, b.entry(s.ZoneServer))
			}, b.addArgv(s.ZoneServer)...)}, nil
		},
	})
	b.add(b.configure(func(context.Context) (bool, error) { return false, nil }, idNow))
	b.add(b.enable())
	b.add(b.start())
	b.add(b.tell())
	b.add(b.catchUp())
	b.add(b.clean())
	return nil
}

// knows tells whether the target has itself in its own database. The record of that
// came behind the dump.
func (b *builder) knows(ctx context.Context) (bool, string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	list, err := b.Oned.Zone(ctx, b.target.ZoneServer)
	if err != nil {
		return false, fmt.Sprintf("%s does not answer: %v", b.target.Name, err), nil
	}
	_, ok := memberAt(list, b.target.Endpoint)
	return ok, b.target.Name + " has not taken note yet that the zone has it", nil
}

// tell has the leader write something: oned sends a follower the records that it lacks
// with the next one, not with a heartbeat, and until then neither that oned nor the
// guard beside it knows who is in the zone. What is written is what is there.
func (b *builder) tell() Step {
	endpoint := func(list one.Zone, lead spec.ZoneServer) string {
		return cmp.Or(list.Endpoint, b.zoneEndpoint(lead), lead.Endpoint)
	}
	write := func(ctx context.Context) error {
		lead, list, err := b.list(ctx)
		if err != nil {
			return err
		}
		return b.Oned.SetEndpoint(ctx, lead, endpoint(list, lead))
	}
	return Step{Name: "have " + b.target.Name + " take note of the zone", Limit: b.Waits.State + command,
		Done: func(ctx context.Context) (bool, error) {
			ok, _, err := b.knows(ctx)
			return ok, err
		},
		Actions: func(ctx context.Context) ([]Action, error) {
			_, list, err := b.list(ctx)
			if err != nil {
				return nil, err
			}
			follows := func(ctx context.Context) (bool, string, error) {
				ok, _, why, err := b.follows(ctx)
				return ok, why, err
			}
			return []Action{
				b.waitFor(b.target.Name+" follows", follows),
				call(b.lead, write, updateArgv(b.Zone.ID, endpoint(list, b.lead.ZoneServer))...),
				b.waitFor(b.target.Name+" has taken note", b.knows),
			}, nil
		},
	}
}

// catchUp waits for the target to follow with nearly all of the log.
func (b *builder) catchUp() Step {
	return b.waiting("wait until "+b.target.Name+" follows and has caught up", func(ctx context.Context) (bool, string, error) {
		ok, lag, why, err := b.follows(ctx)
		if ok && lag > MaxLag {
			return false, fmt.Sprintf("%s is %d records behind; if that does not shrink, run oneha raft reset %s", b.target.Name, lag, b.target.Name), nil
		}
		return ok, why, err
	})
}

// reset gives a server of the zone that fell behind a fresh database.
func (b *builder) reset(ctx context.Context) error {
	s, err := b.described(b.p.Request.Server)
	if err != nil {
		return err
	}
	b.target = b.at(s)
	lead, list, err := b.list(ctx)
	if err != nil {
		return err
	}
	b.lead = b.at(lead)
	if lead.Name == s.Name {
		return fmt.Errorf("%s leads the zone: nobody has a newer database", s.Name)
	}
	m, ok := memberAt(list, s.Endpoint)
	if !ok {
		return fmt.Errorf("the zone does not have %s: use oneha raft join %s", s.Name, s.Name)
	}
	if err := b.takePart(ctx, b.members(list), s.Name); err != nil {
		return err
	}
	if !b.waitedFor(list, s.Endpoint) {
		if err := b.Steady(ctx, m.ID); err != nil {
			return fmt.Errorf("the zone is not healthy, leaving %s aside: %w", s.Name, err)
		}
	}
	if err := b.ready(ctx, b.target); err != nil {
		return err
	}
	if err := b.databases(ctx); err != nil {
		return err
	}
	over := func(ctx context.Context) (bool, error) {
		ok, lag, _, err := b.follows(ctx)
		return ok && lag <= MaxLag, err
	}
	b.p.id = func() int { return m.ID }
	b.p.notes = func() []string { return b.warnings }
	b.bring(over, false)
	b.add(b.configure(over, func(context.Context) (int, error) { return m.ID, nil }))
	b.add(b.enable())
	b.add(b.start(call(b.lead, func(ctx context.Context) error {
		lead, _, err := b.list(ctx, s.Name)
		if err != nil {
			return err
		}
		return b.Oned.ResetServer(ctx, lead, m.ID)
	}, "onezone", "server-reset", fmt.Sprint(b.Zone.ID), fmt.Sprint(m.ID))))
	b.add(b.catchUp())
	b.add(b.clean())
	return nil
}

// soloed makes oned.conf that of a server alone.
var soloed edit = zoneconf.Solo

// runs tells whether an answer is that of an oned that takes part in the zone.
func (s seen) runs() bool { return s.err == nil && s.State != one.Solo }
