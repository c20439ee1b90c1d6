package procedure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/oneha/oneha/internal/confedit"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
)

// serverID reads SERVER_ID of a server's oned.conf, -1 for alone.
func (a at) serverID(ctx context.Context) (int, error) {
	text, err := a.host.ReadFile(ctx, zoneconf.OnedConf)
	if err != nil {
		return -1, err
	}
	f, findings := confedit.Parse(zoneconf.OnedConf, text)
	if findings.HasErrors() {
		return -1, fmt.Errorf("%s: %s", a.Name, firstError(findings))
	}
	id := -1
	if word, ok := f.Get("FEDERATION", "SERVER_ID"); ok {
		if _, err := fmt.Sscan(word, &id); err != nil {
			return -1, fmt.Errorf("%s: %s: SERVER_ID %q is no number", a.Name, zoneconf.OnedConf, word)
		}
	}
	return id, nil
}

// init makes a zone of one server out of an OpenNebula that runs alone, or that has
// not run yet. Where that zone has grown since, it makes right what has drifted.
func (b *builder) init(ctx context.Context) error {
	s, err := b.described(b.p.Request.Server)
	if err != nil {
		return err
	}
	b.target, b.lead = b.at(s), b.at(s)
	list, self, ok, err := b.grown(ctx)
	if err != nil {
		return err
	}
	if ok {
		if err := b.takePart(ctx, b.members(list)); err != nil {
			return err
		}
		if err := b.mend(ctx, list, self); err != nil {
			return err
		}
		b.tellClients(func(ctx context.Context) (spec.ZoneServer, one.Zone, error) { return b.list(ctx) })
		return nil
	}
	if err := b.takePart(ctx, []spec.ZoneServer{s}); err != nil {
		return err
	}
	if err := b.ready(ctx, b.target); err != nil {
		return err
	}
	var others []spec.ZoneServer
	for _, other := range b.Zone.Servers {
		if other.Name != s.Name {
			others = append(others, other)
		}
	}
	if lead, ok := leaderOf(b.ask(ctx, others)); ok {
		return fmt.Errorf("%s leads a zone already: use oneha raft join %s", lead.Name, s.Name)
	}
	ownList := func(ctx context.Context) (one.Zone, error) { return b.zoneOf(ctx, s) }
	// A server with a SERVER_ID has been added: that is the order of the steps.
	isMember := func(ctx context.Context) (bool, error) {
		id, err := b.target.serverID(ctx)
		return id >= 0, err
	}
	added := either(isMember, func(ctx context.Context) (bool, error) {
		list, err := ownList(ctx)
		if err != nil {
			return false, nil // it does not run yet
		}
		_, ok := memberAt(list, s.Endpoint)
		return ok, nil
	})
	id := 0
	idNow := func(ctx context.Context) (int, error) {
		if n, err := b.target.serverID(ctx); err != nil || n >= 0 {
			id = n
			return n, err
		}
		list, err := ownList(ctx)
		if err != nil {
			return id, nil // stopped after it was added: the first ID is 0
		}
		if m, ok := memberAt(list, s.Endpoint); ok {
			id = m.ID
		}
		return id, nil
	}
	b.p.id = func() int { return id }
	b.p.notes = func() []string { return b.leftNotes(s, id) }

	b.add(Step{Name: "start oned on " + s.Name + ", alone", Limit: command + b.Waits.State,
		Done: either(added, func(ctx context.Context) (bool, error) {
			list, err := ownList(ctx)
			return err == nil && list.ID == b.Zone.ID, nil
		}),
		Actions: func(context.Context) ([]Action, error) {
			return []Action{b.target.run("systemctl", "start", onedUnit), b.waitFor("oned answers on "+s.Name, func(ctx context.Context) (bool, string, error) {
				_, err := ownList(ctx)
				return err == nil, "it does not answer", err
			})}, nil
		},
	})
	b.add(Step{Name: "add " + s.Name + " to its own zone",
		Done: added,
		Actions: func(ctx context.Context) ([]Action, error) {
			list, err := ownList(ctx)
			if err == nil && len(list.Servers) > 0 {
				return nil, b.otherServers(list)
			}
			return []Action{call(b.target, func(ctx context.Context) error {
				return b.Oned.AddServer(ctx, s, b.entry(s))
			}, b.addArgv(s)...)}, nil
		},
	})
	configure := b.configure(func(context.Context) (bool, error) { return false, nil }, idNow)
	b.add(Step{Name: "stop oned on " + s.Name,
		Careful: fmt.Sprintf("oned on %s is stopped and started again: OpenNebula does not answer for half a minute", s.Name),
		Done: func(ctx context.Context) (bool, error) {
			if supposed(ctx, "") {
				return false, nil // it would have been started
			}
			return either(b.target.stopped, configure.Done)(ctx)
		},
		Actions: func(ctx context.Context) ([]Action, error) {
			if _, err := idNow(ctx); err != nil { // the last moment at which it can be asked
				return nil, err
			}
			return halt(b.target), nil
		},
	})
	b.add(configure)
	b.add(b.enable())
	b.add(b.start())
	leads := func(ctx context.Context) (bool, string, error) {
		answers := b.ask(ctx, []spec.ZoneServer{s})
		return answers[0].err == nil && answers[0].State == one.Leader, describe(answers), nil
	}
	b.add(b.waiting("wait until "+s.Name+" leads", leads))
	b.tellClients(func(ctx context.Context) (spec.ZoneServer, one.Zone, error) {
		list, err := ownList(ctx)
		return s, list, err
	})
	return nil
}

// tellClients adds the step that makes the floating IP the zone's endpoint, where there
// is one. zone is the zone and who may be told to change it.
func (b *builder) tellClients(zone func(context.Context) (spec.ZoneServer, one.Zone, error)) {
	endpoint := b.zoneEndpoint(b.target.ZoneServer)
	if endpoint == "" {
		return
	}
	b.add(Step{Name: "tell clients of the zone its floating IP",
		Done: func(ctx context.Context) (bool, error) {
			_, list, err := zone(ctx)
			if err != nil && supposed(ctx, "") {
				return false, nil // it does not run yet
			}
			return sameEndpoint(list.Endpoint, endpoint), err
		},
		Actions: func(context.Context) ([]Action, error) {
			return []Action{call(b.lead, func(ctx context.Context) error {
				by, _, err := zone(ctx)
				if err != nil {
					return err
				}
				return b.Oned.SetEndpoint(ctx, by, endpoint)
			}, updateArgv(b.Zone.ID, endpoint)...)}, nil
		},
	})
}

// grpcPort is where oned listens for gRPC, since 7.2.
const grpcPort = "2634"

// entry is a server as the zone's list is to have it. From 7.2 on oned needs both
// endpoints: a follower cannot pass a call on from one protocol to the other.
func (b *builder) entry(s spec.ZoneServer) one.ZoneServer {
	e := one.ZoneServer{Name: s.Name, Endpoint: s.Endpoint}
	if b.Zone.Release != "" && !one.Before(b.Zone.Release, "7.2") {
		e.GRPC = net.JoinHostPort(s.Addr.String(), grpcPort)
	}
	return e
}

// addArgv is the command that adds a server to the zone's list.
func (b *builder) addArgv(s spec.ZoneServer) []string {
	e := b.entry(s)
	argv := []string{"onezone", "server-add", fmt.Sprint(b.Zone.ID), "--name", e.Name, "--rpc", e.Endpoint}
	if e.GRPC != "" {
		argv = append(argv, "-g", e.GRPC)
	}
	return argv
}

// updateArgv is the command for a zone's ENDPOINT.
func updateArgv(zone int, endpoint string) []string {
	return []string{"sh", "-c", fmt.Sprintf("echo 'ENDPOINT=\"%s\"' | onezone update %d -a /dev/stdin", endpoint, zone)}
}

func serverNames(list one.Zone) (names []string) {
	for _, s := range list.Servers {
		names = append(names, s.Name)
	}
	return names
}

// waitFor is an action that waits for a state.
func (b *builder) waitFor(what string, reached func(ctx context.Context) (bool, string, error)) Action {
	a := note("wait until " + what + fmt.Sprintf(", at most %v (onezone show %d)", b.Waits.State, b.Zone.ID))
	a.do = func(ctx context.Context) error { return b.until(ctx, b.Waits.State, reached) }
	return a
}

// waiting is a step that is nothing but waiting.
func (b *builder) waiting(name string, reached func(ctx context.Context) (bool, string, error)) Step {
	return Step{Name: name, Limit: b.Waits.State + time.Minute,
		Done: func(ctx context.Context) (bool, error) {
			ok, _, err := reached(ctx)
			if err != nil && ctx.Err() == nil {
				return false, nil // that is what is waited for
			}
			return ok, err
		},
		Actions: func(context.Context) ([]Action, error) {
			return []Action{b.waitFor(name[len("wait until "):], reached)}, nil
		},
	}
}

// leftNotes are what is left for the operator after a server came.
func (b *builder) leftNotes(s spec.ZoneServer, id int) []string {
	notes := b.warnings
	if id >= 0 && id != s.ID {
		notes = append(notes, fmt.Sprintf("oned gave %s the ID %d, and the description says %d: write it there (nodes: %s: {addr: %s, id: %d}) and give the file to all servers", s.Name, id, s.ID, s.Name, s.Addr, id))
	}
	return notes
}

// errLast is a server that a zone cannot do without.
var errLast = errors.New("it is the last server of its zone: to run OpenNebula alone again, set SERVER_ID to -1 and restart oned")
