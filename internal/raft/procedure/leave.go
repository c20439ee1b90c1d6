package procedure

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/remote"
	"github.com/oneha/oneha/internal/spec"
)

// errNotIn is a server that is to leave and is none of the zone's.
var errNotIn = errors.New("the zone does not have")

// one of the zone, by the name that the description or the zone has for it.
func (b *builder) ofZone(name string, list one.Zone) (spec.ZoneServer, error) {
	if s, err := b.described(name); err == nil {
		return s, nil
	}
	for _, m := range list.Servers {
		if m.Name == name {
			return undescribed(m), nil
		}
	}
	_, err := b.described(name)
	return spec.ZoneServer{}, fmt.Errorf("%w, and the zone has %v", err, serverNames(list))
}

// leave takes a live server out of the zone.
//
// It is stopped first, since one that was removed becomes a candidate. Of two servers
// the one that stays cannot take note of the removal alone, so there the order is the
// other way round, and the time between short.
func (b *builder) leave(ctx context.Context) error {
	name := b.p.Request.Server
	lead, list, err := b.list(ctx)
	if err != nil {
		return err
	}
	s, err := b.ofZone(name, list)
	if err != nil {
		return err
	}
	b.target, b.lead = b.at(s), b.at(lead)
	m, isListed := memberAt(list, s.Endpoint)
	if isListed && len(list.Servers) == 1 {
		return fmt.Errorf("%s cannot leave: %w", name, errLast)
	}
	var except []int
	if isListed {
		except = append(except, m.ID)
	}
	if err := b.Steady(ctx, except...); err != nil {
		return fmt.Errorf("the zone is not healthy, leaving %s aside: %w", name, err)
	}
	if _, err := b.target.stopped(ctx); errors.Is(err, remote.ErrUnreachable) {
		return fmt.Errorf("%w; a dead server gives way to another with oneha raft replace %s, and to none with onezone server-del %d %d", err, name, b.Zone.ID, m.ID)
	}
	if err := b.takePart(ctx, b.members(list), name); err != nil {
		return err
	}
	if !isListed && b.p.Before.Procedure == "" {
		if gone, err := b.hasLeft(ctx); gone || err != nil {
			return err // no step is left
		}
		return fmt.Errorf("%w: %s, it has %v; and its oned runs, starts at boot, or is configured for a zone: that is not for this command to change", errNotIn, name, serverNames(list))
	}
	gone := func(ctx context.Context) (bool, error) {
		not := []string{name}
		if supposed(ctx, "") {
			not = nil // it would not run any more
		}
		_, list, err := b.list(ctx, not...)
		if err != nil {
			return false, err
		}
		_, still := memberAt(list, s.Endpoint)
		return !still, nil
	}
	stop := Step{Name: "stop oned on " + name,
		Careful: name + " leaves the zone; it keeps its database and must not be started alone while the zone runs: both would manage the same hosts",
		Done:    b.target.stopped,
		Actions: func(ctx context.Context) ([]Action, error) { return b.haltInstalled(ctx) },
	}
	remove := b.remove(m.ID, gone)
	b.p.notes = func() []string { return b.leaveNotes(list, isListed) }
	if len(list.Servers) == 2 {
		if lead.Name == name {
			b.add(b.handOver(s, gone))
		}
		b.add(remove)
		b.add(stop)
	} else {
		b.add(stop)
		b.add(b.waiting("wait until another server leads", func(ctx context.Context) (bool, string, error) {
			_, _, err := b.list(ctx, name)
			if err != nil {
				return false, err.Error(), nil
			}
			return true, "", nil
		}))
		b.add(remove)
	}
	b.add(Step{Name: "make " + name + " a server of no zone",
		Done: func(ctx context.Context) (bool, error) {
			left, err := b.configuration(ctx, b.target, soloed)
			return len(left) == 0 && err == nil, err
		},
		Actions: func(ctx context.Context) ([]Action, error) { return b.configuration(ctx, b.target, soloed) },
	})
	b.add(b.disable())
	return nil
}

// haltInstalled stops a server, with its guard if it has one.
func (b *builder) haltInstalled(ctx context.Context) ([]Action, error) {
	units, err := b.target.units(ctx, onedUnit, zoneconf.GuardUnit)
	if err != nil || units[zoneconf.GuardUnit].installed {
		return halt(b.target), err
	}
	return []Action{b.target.run("systemctl", "stop", onedUnit), b.target.run("rm", "-f", onedLock)}, nil
}

// remove is the step that takes a server off the zone's list.
func (b *builder) remove(id int, gone predicate) Step {
	return Step{Name: "remove " + b.target.Name + " from the zone", Limit: b.Waits.State,
		Done: gone,
		Actions: func(context.Context) ([]Action, error) {
			return []Action{call(b.lead, func(ctx context.Context) error {
				lead, _, err := b.list(ctx)
				if err != nil {
					return err
				}
				return b.Oned.DeleteServer(ctx, lead, id)
			}, "onezone", "server-del", fmt.Sprint(b.Zone.ID), fmt.Sprint(id))}, nil
		},
	}
}

// handOver makes the other of two servers the leader: while the leader starts anew it
// votes and does not stand.
func (b *builder) handOver(s spec.ZoneServer, gone predicate) Step {
	led := func(ctx context.Context) (bool, string, error) {
		answers := b.ask(ctx, b.Zone.Servers)
		lead, ok := leaderOf(answers)
		return ok && lead.Name != s.Name, describe(answers), nil
	}
	return Step{Name: "have the other server lead", Limit: command + b.Waits.State,
		Done: either(gone, func(ctx context.Context) (bool, error) {
			ok, _, err := led(ctx)
			return ok, err
		}),
		Actions: func(context.Context) ([]Action, error) {
			return []Action{b.target.run("systemctl", "restart", onedUnit), b.waitFor("the other server leads", led)}, nil
		},
	}
}

// startsAtBoot are the units of the target that would make it a server of the zone.
func (b *builder) startsAtBoot(ctx context.Context) ([]string, error) {
	names := []string{onedUnit, zoneconf.GuardUnit}
	units, err := b.target.units(ctx, names...)
	return slices.DeleteFunc(names, func(n string) bool { return !units[n].installed || !units[n].enabled }), err
}

// hasLeft tells whether nothing is left to do on a server that the zone does not have: a
// run that was killed behind its last step is run again, too.
func (b *builder) hasLeft(ctx context.Context) (bool, error) {
	if ok, err := b.target.stopped(ctx); !ok {
		return false, err
	}
	if left, err := b.configuration(ctx, b.target, soloed); len(left) > 0 || err != nil {
		return false, err
	}
	left, err := b.startsAtBoot(ctx)
	return len(left) == 0, err
}

// disable is the step that keeps a server that left from starting at boot.
func (b *builder) disable() Step {
	return Step{Name: "disable oned on " + b.target.Name,
		Done: func(ctx context.Context) (bool, error) {
			left, err := b.startsAtBoot(ctx)
			return len(left) == 0, err
		},
		Actions: func(ctx context.Context) ([]Action, error) {
			left, err := b.startsAtBoot(ctx)
			return []Action{b.target.run(append([]string{"systemctl", "disable"}, left...)...)}, err
		},
	}
}

func (b *builder) leaveNotes(list one.Zone, isListed bool) []string {
	notes := b.warnings
	left := len(list.Servers)
	if isListed {
		left--
	}
	if left%2 == 0 {
		notes = append(notes, fmt.Sprintf("the zone has %d servers now, which bear no more failures than %d: add one, or remove another", left, left-1))
	}
	if _, err := b.described(b.target.Name); err == nil {
		notes = append(notes, b.undescribe(b.target.Name))
	}
	return notes
}

// undescribe says what to do about a server that left and is described. A description
// has an odd number of servers, or it is refused.
func (b *builder) undescribe(name string) string {
	if left := len(b.Zone.Servers) - 1; left > 1 && left%2 == 0 {
		return fmt.Sprintf("the description still has %s, and must have an odd number of servers: write the one that comes instead in its place, and give the file to all servers", name)
	}
	return fmt.Sprintf("take %s out of the description, and give the file to all servers", name)
}
