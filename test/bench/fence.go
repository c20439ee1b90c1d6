package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// fenceMemoryLimit is what no call of a fence agent may reach, in bytes.
const fenceMemoryLimit = 16e6

// fenceLines measures each fence agent beside the stock agent for the same kind of
// BMC, against the same simulated one.
func fenceLines(ctx context.Context, t *table) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var most peak
	for _, kind := range bmcs(dir) {
		stop, err := kind.start(ctx, dir)
		if err != nil {
			return err
		}
		err = kind.lines(ctx, t, dir, &most)
		stop()
		if err != nil {
			return err
		}
	}
	t.alone("fence agents: peak memory, most: "+most.name, mb(most.bytes), "below 16 MB", most.bytes < fenceMemoryLimit)

	const what = "fence metadata"
	costs, err := contest(ctx, what, rounds, fence("fence_bmc_ipmi", "action=metadata\n"), fence("fence_ipmilan", "action=metadata\n"))
	if err != nil {
		return err
	}
	t.beside(what+", CPU", cpu, costs[0], "fence_ipmilan", costs[1], limit{})
	t.beside(what+", wall", wall, costs[0], "fence_ipmilan", costs[1], within(6*time.Millisecond))
	return nil
}

// fence is a call of a fence agent.
func fence(name, input string) program {
	return program{name: name, args: []string{"/usr/sbin/" + name}, stdin: input}
}

// calls are an action of both agents; the password is in a file in dir for ours.
func (kind bmc) calls(dir, action string) (ours, stock program, err error) {
	common := fmt.Sprintf("action=%s\nip=127.0.0.1\nipport=%d\nusername=%s\n", action, kind.port, kind.user)
	file := filepath.Join(dir, kind.ours+".password")
	ours = fence(kind.ours, common+"password_file="+file+"\n"+kind.oursOptions)
	stock = fence(kind.stock, common+"password="+kind.password+"\n"+kind.stockOptions)
	ours.name, stock.name = kind.ours+" "+action, kind.stock+" "+action
	return ours, stock, os.WriteFile(file, []byte(kind.password+"\n"), 0o600)
}

// lines measures every action with one kind of BMC.
func (kind bmc) lines(ctx context.Context, t *table, dir string, most *peak) error {
	ours, stock, err := kind.calls(dir, "status")
	if err == nil {
		err = statusLines(ctx, t, kind, ours, stock)
	}
	if err == nil {
		err = most.of(ctx, ours, fence(kind.ours, "action=metadata\n"))
	}
	if err == nil {
		err = kind.actionLines(ctx, t, dir)
	}
	return err
}

// powerRounds of a contest between programs that switch power, which wait to see it switched.
const powerRounds = 5

// actionLines measures what changes something, and the monitor. The simulated machines are
// off and on at once, so what is measured is the agents' own time.
func (kind bmc) actionLines(ctx context.Context, t *table, dir string) error {
	for _, action := range []string{"monitor", "off", "on", "reboot"} {
		ours, stock, err := kind.calls(dir, action)
		if err != nil {
			return err
		}
		if first := map[string]string{"off": "on", "on": "off", "reboot": "on"}[action]; first != "" {
			prepare, _, err := kind.calls(dir, first)
			if err != nil {
				return err
			}
			ours.before = func(ctx context.Context) error { return once(ctx, prepare) }
			stock.before = ours.before
		}
		what := "fence " + action + ", " + kind.name
		costs, err := contest(ctx, what, powerRounds, ours, stock)
		if err != nil {
			return err
		}
		t.beside(what+", CPU", cpu, costs[0], kind.stock, costs[1], limit{})
		if !kind.slow {
			t.beside(what+", wall", wall, costs[0], kind.stock, costs[1], limit{})
		}
	}
	return nil
}

// statusLines measures the status of one kind of BMC. The wall clock is left out
// where the stand-in has to be slow for the stock agent.
func statusLines(ctx context.Context, t *table, kind bmc, ours, stock program) error {
	what := "fence status, " + kind.name
	programs := []program{ours, stock}
	if kind.floor != nil {
		programs = append(programs, *kind.floor)
	}
	costs, err := contest(ctx, what, rounds, programs...)
	if err != nil {
		return err
	}
	if kind.floor != nil {
		t.beside(what+", CPU", cpu, costs[0], kind.floor.name, costs[2], atMost(1.7))
		t.beside(what+", wall", wall, costs[0], kind.floor.name, costs[2], limit{})
	}
	t.beside(what+", CPU", cpu, costs[0], kind.stock, costs[1], below(kind.times))
	if !kind.slow {
		t.beside(what+", wall", wall, costs[0], kind.stock, costs[1], limit{})
	}
	return nil
}
