package procedure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
)

// builder makes the steps of a procedure.
type builder struct {
	Env
	p        *Procedure
	lead     at // as it was found; the first server itself for init
	target   at // the server that comes, goes, or is reset
	from, to database
	warnings []string // of the configuration
}

// New looks at the zone and makes a procedure of what it is asked for. It changes
// nothing, and refuses what must not be begun now.
func New(ctx context.Context, env Env, q Request) (*Procedure, error) {
	b := &builder{Env: env, p: &Procedure{Request: q, env: env}}
	b.p.id, b.p.notes = func() int { return -1 }, func() []string { return nil }
	build := map[Kind]func(context.Context) error{Init: b.init, Join: b.join, Leave: b.leave, Replace: b.replace, Reset: b.reset}[q.Kind]
	if build == nil {
		return nil, fmt.Errorf("no procedure is called %q", q.Kind)
	}
	if err := build(ctx); err != nil {
		return nil, err
	}
	return b.p, nil
}

// described finds a server of the description.
func (e Env) described(name string) (spec.ZoneServer, error) {
	i := slices.IndexFunc(e.Zone.Servers, func(s spec.ZoneServer) bool { return s.Name == name })
	if i < 0 {
		var names []string
		for _, s := range e.Zone.Servers {
			names = append(names, s.Name)
		}
		return spec.ZoneServer{}, fmt.Errorf("the description has no server %q: it has %v", name, names)
	}
	return e.Zone.Servers[i], nil
}

// takePart sets who has the lock and the record: this machine and the servers of the
// zone, by name, without one that may not be reached; and takes over a record.
func (b *builder) takePart(ctx context.Context, servers []spec.ZoneServer, without ...string) error {
	servers = slices.DeleteFunc(slices.Clone(servers), func(s spec.ZoneServer) bool { return slices.Contains(without, s.Name) })
	slices.SortFunc(servers, func(a, b spec.ZoneServer) int { return cmp.Compare(a.Name, b.Name) })
	if b.Here == "" || slices.Contains(without, b.Here) {
		here := at{ZoneServer: spec.ZoneServer{Name: "this machine"}, host: b.Local}
		b.p.holders = append(b.p.holders, here)
	}
	for _, s := range servers {
		b.p.holders = append(b.p.holders, b.at(s))
	}
	return b.p.resume(ctx)
}

// members are the servers of a zone's list.
func (b *builder) members(list one.Zone) (servers []spec.ZoneServer) {
	for _, s := range b.known(list) {
		if _, ok := memberAt(list, s.Endpoint); ok {
			servers = append(servers, s)
		}
	}
	return servers
}

// list is the zone as its leader has it now, whoever that is.
func (b *builder) list(ctx context.Context, not ...string) (spec.ZoneServer, one.Zone, error) {
	lead, list, err := b.leader(ctx, not...)
	return lead, list, err
}

// listed is the target's ID in the zone.
func (b *builder) listed(ctx context.Context) (id int, ok bool, err error) {
	_, list, err := b.list(ctx)
	if err != nil {
		return 0, false, err
	}
	member, ok := memberAt(list, b.target.Endpoint)
	if ok && b.p.Kind == Replace && !b.p.record.OldGone && member.ID == b.p.record.Old {
		return 0, false, nil // that is the one that died, at the same address
	}
	return member.ID, ok, nil
}

// follows tells whether the target is a live server of the zone, and by how many
// records it is behind the leader.
func (b *builder) follows(ctx context.Context) (ok bool, lag int64, why string, err error) {
	lead, list, err := b.list(ctx)
	if err != nil {
		return false, 0, "", err
	}
	member, listed := memberAt(list, b.target.Endpoint)
	if !listed {
		return false, 0, "the zone does not have it", nil
	}
	answers := b.ask(ctx, []spec.ZoneServer{b.target.ZoneServer, lead})
	t, l := answers[0], answers[1]
	switch {
	case l.err != nil:
		return false, 0, "", l.err
	case t.err != nil:
		return false, 0, fmt.Sprintf("%s does not answer: %v", t.Name, t.err), nil
	case t.ServerID != member.ID:
		return false, 0, fmt.Sprintf("%s runs as server %d and the zone has it as %d", t.Name, t.ServerID, member.ID), nil
	case t.State != one.Follower && t.State != one.Leader || t.Term != l.Term:
		return false, 0, describe([]seen{t, l}), nil
	}
	return true, l.LogIndex - t.LogIndex, "", nil
}

// ready refuses a server that a procedure could not change to the end: not reached,
// not installed, under Pacemaker.
func (b *builder) ready(ctx context.Context, a at) error {
	var needed, unwanted []string
	for _, u := range zoneconf.Units(b.Zone) {
		switch {
		case u.Needed:
			needed = append(needed, u.Name)
		case !u.Enable && !u.Either:
			unwanted = append(unwanted, u.Name)
		}
	}
	units, err := a.units(ctx, append(slices.Clone(needed), unwanted...)...)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range needed {
		if !units[name].installed {
			errs = append(errs, fmt.Errorf("%s: %s is not installed", a.Name, name))
		}
	}
	for _, name := range unwanted {
		if units[name].installed && (!units[name].ended || units[name].enabled) {
			errs = append(errs, fmt.Errorf("%s: %s runs or starts at boot: a server of a Raft zone must not have it (systemctl disable --now %s)", a.Name, name, name))
		}
	}
	if len(b.Zone.VIPs) > 0 {
		words := append([]string{"sudo", "-n", "-l", "-U", owner}, zoneconf.HookWords(b.Zone, zoneconf.Leader)...)
		_, err := a.host.Run(ctx, words...)
		if ok, err := answer(err); err != nil {
			return err
		} else if !ok {
			errs = append(errs, fmt.Errorf("%s: sudo does not let oneadmin run %s: the package oneha has a file for that in /etc/sudoers.d", a.Name, written(words[5:])))
		}
	}
	return errors.Join(errs...)
}

// add puts a step behind the others.
func (b *builder) add(s Step) {
	if s.Limit == 0 {
		s.Limit = command
	}
	b.p.Steps = append(b.p.Steps, s)
}
