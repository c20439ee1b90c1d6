package main

import (
	"context"
	"fmt"
	"os/exec"

	"github.com/oneha/oneha/agents"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/ocf"
)

// Rounds of a contest between monitors, of which there are many, and between starts and
// stops, which wait for a service.
const (
	askRounds     = 20
	serviceRounds = 9
)

// actionLines measures every action of every agent of a service. Stock clusters run the
// services as class systemd, for which Pacemaker starts no program: its own client of
// D-Bus does it. What can be run beside ours is systemctl, which asks systemd the same and
// nothing else; so our start and monitor do more (they ask the service itself), and cost
// what they cost beside something that looks at less.
//
// oned runs while the others are measured, which are its clients.
func actionLines(ctx context.Context, t *table) error {
	if err := installFakeOned(ctx); err != nil {
		return err
	}
	for _, s := range one.Services {
		if err := serviceActions(ctx, t, s); err != nil {
			return err
		}
		if s.Name == oned {
			if err := once(ctx, agent(onedAgent, "start", 0)); err != nil {
				return err
			}
		}
	}
	return once(ctx, agent(onedAgent, "stop", 0))
}

const oned = "oned"

// serviceActions measures the agent of one service.
func serviceActions(ctx context.Context, t *table, s one.Service) error {
	name := "opennebula/" + s.Name
	for _, act := range agents.Service(s).Actions {
		ours := agent(name, act.Name, 0)
		theirs := systemctl(act.Name, s.Unit)
		what, n := fmt.Sprintf("%s %s", s.Name, act.Name), askRounds
		switch act.Name {
		case ocf.Start:
			n = serviceRounds
			ours.before, theirs.before = stopped(s.Unit), stopped(s.Unit)
		case ocf.Stop:
			n = serviceRounds
			ours.before, theirs.before = running(s.Unit), running(s.Unit)
		default:
			what = fmt.Sprintf("%s, depth %d", what, act.Depth)
			ours = deeper(ours, act.Depth)
			if err := running(s.Unit)(ctx); err != nil {
				return err
			}
		}
		costs, err := contest(ctx, what, n, ours, theirs)
		if err != nil {
			return err
		}
		t.beside(what+", CPU", cpu, costs[0], theirs.name, costs[1], limit{})
		t.beside(what+", wall", wall, costs[0], theirs.name, costs[1], limit{})
	}
	return declaredLines(ctx, t, name, s.Name)
}

// declaredLines measures what every agent has, and nothing stock has beside it.
func declaredLines(ctx context.Context, t *table, name, shown string) error {
	for _, action := range []string{"validate-all", "meta-data"} {
		what := shown + " " + action
		costs, err := contest(ctx, what, askRounds, agent(name, action, 0))
		if err != nil {
			return err
		}
		t.figure(what+", CPU", cpu, costs[0])
	}
	return nil
}

// deeper is a monitor at a depth.
func deeper(p program, depth int) program {
	if depth > 0 {
		p.name = fmt.Sprintf("%s at depth %d", p.name, depth)
		p.env = append(p.env, fmt.Sprintf("OCF_CHECK_LEVEL=%d", depth))
	}
	return p
}

// systemctl is the same of systemd alone.
func systemctl(action, unit string) program {
	verb := action
	if action == ocf.Monitor {
		verb = "is-active"
	}
	return program{name: "systemctl " + verb, args: []string{"/usr/bin/systemctl", verb, unit}}
}

// stopped makes sure that a unit does not run, and may be started however often that was
// done: a unit of OpenNebula is started three times a minute, and no more.
func stopped(unit string) func(context.Context) error { return units("stop", unit) }

// running makes sure that a unit runs.
func running(unit string) func(context.Context) error { return units("start", unit) }

func units(verb, unit string) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, args := range [][]string{{"reset-failed", unit}, {verb, unit}, {"reset-failed", unit}} {
			out, err := exec.CommandContext(ctx, "/usr/bin/systemctl", args...).CombinedOutput()
			if err != nil && args[0] == verb { // a unit that is not loaded cannot be reset, and need not be
				return fmt.Errorf("systemctl %s %s: %w: %s", verb, unit, err, out)
			}
		}
		return nil
	}
}

// vipActionLines measures the actions of the floating IP that vipLines leaves out.
func vipActionLines(ctx context.Context, net *network, t *table) error {
	const what = "VIP stop"
	costs, err := contest(ctx, what, rounds, net.stopping(ourAgent, "10.77.0.104"), net.stopping(stockAgent, "10.77.0.105"))
	if err != nil {
		return err
	}
	t.beside(what+", CPU", cpu, costs[0], stock, costs[1], limit{})
	t.beside(what+", wall", wall, costs[0], stock, costs[1], limit{})
	for _, action := range []string{"validate-all", "meta-data"} {
		what := "VIP " + action
		costs, err := contest(ctx, what, rounds, vip(ourAgent, action, 0, net.present, "24"), vip(stockAgent, action, 0, net.present, "24"))
		if err != nil {
			return err
		}
		t.beside(what+", CPU", cpu, costs[0], stock, costs[1], limit{})
	}
	return nil
}
