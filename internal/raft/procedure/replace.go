package procedure

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/oneha/oneha/internal/spec"
)

// replace removes a dead server and has another join.
func (b *builder) replace(ctx context.Context) error {
	name := b.p.Request.Server
	next, err := b.described(cmp.Or(b.p.New, name))
	if err != nil {
		return err
	}
	lead, list, err := b.list(ctx)
	if err != nil {
		return err
	}
	old, err := b.ofZone(name, list)
	if err != nil {
		return err
	}
	b.lead, b.target = b.at(lead), b.at(next)
	if err := b.takePart(ctx, b.members(list), name, next.Name); err != nil {
		return err
	}
	m, isListed := memberAt(list, old.Endpoint)
	switch {
	case b.p.Before.Procedure != "":
	case !isListed:
		return fmt.Errorf("the zone does not have %s, it has %v: use oneha raft join %s", name, serverNames(list), next.Name)
	default:
		b.p.record.Old = m.ID
		if err := b.dead(ctx, old); err != nil {
			return err
		}
	}
	if _, ok := memberAt(list, next.Endpoint); ok && next.Name != name && b.p.Before.Procedure == "" {
		return fmt.Errorf("%s is a server of the zone already: to take %s out of it use oneha raft leave %s", next.Name, name, name)
	}
	id := b.p.record.Old
	except := []int{id}
	if m, ok := memberAt(list, next.Endpoint); ok {
		except = append(except, m.ID)
	}
	if err := b.Steady(ctx, except...); err != nil {
		return fmt.Errorf("the zone is not healthy, leaving %s aside: %w", name, err)
	}
	b.add(b.removeOld(old, id))
	if err := b.arrive(ctx); err != nil {
		return err
	}
	notes := b.p.notes
	b.p.notes = func() []string {
		all := notes()
		if _, err := b.described(name); err == nil && next.Name != name {
			all = append(all, b.undescribe(name)+"; if its machine ever starts again, it must not run oned")
		}
		return all
	}
	return nil
}

// errAlive is a server that is to be replaced and runs.
var errAlive = errors.New("it is not dead")

// dead refuses to replace a server that takes part in its zone.
func (b *builder) dead(ctx context.Context, old spec.ZoneServer) error {
	if answers := b.ask(ctx, []spec.ZoneServer{old}); answers[0].runs() && !b.p.Force {
		return fmt.Errorf("%s: %w: its oned answers; take it out with oneha raft leave %s, or stop it; --force removes it all the same, "+
			"and it then stands for election with a list of servers of its own until it is stopped", describe(answers), errAlive, old.Name)
	}
	return nil
}

// removeOld is the step that removes the server that died. That it is done is noted in
// the record, as the server that comes may be given the same ID.
func (b *builder) removeOld(old spec.ZoneServer, id int) Step {
	step := b.remove(id, nil)
	step.Name = "remove " + old.Name + " from the zone"
	step.Done = func(context.Context) (bool, error) { return b.p.record.OldGone, nil }
	actions := step.Actions
	step.Actions = func(ctx context.Context) ([]Action, error) {
		_, list, err := b.list(ctx)
		if err != nil {
			return nil, err
		}
		var all []Action
		if _, still := list.Server(id); still {
			if all, err = actions(ctx); err != nil {
				return nil, err
			}
		}
		keep := note("remember that in " + recordFile)
		keep.do = func(ctx context.Context) error {
			_, list, err := b.list(ctx)
			if _, still := list.Server(id); err != nil || still {
				return cmp.Or(err, errors.New("the zone still has it"))
			}
			b.p.record.OldGone = true
			return b.p.keepRecord(ctx)
		}
		return append(all, keep), nil
	}
	return step
}
