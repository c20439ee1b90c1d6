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
	fence := func(name, input string) program {
		return program{name: name, args: []string{"/usr/sbin/" + name}, stdin: input}
	}
	var most peak
	for _, kind := range bmcs(dir) {
		stop, err := kind.start(ctx, dir)
		if err != nil {
			return err
		}
		status := fmt.Sprintf("action=status\nip=127.0.0.1\nipport=%d\nusername=%s\n", kind.port, kind.user)
		file := filepath.Join(dir, kind.ours+".password")
		err = os.WriteFile(file, []byte(kind.password+"\n"), 0o600)
		if err == nil {
			ours := fence(kind.ours, status+"password_file="+file+"\n"+kind.oursOptions)
			stock := fence(kind.stock, status+"password="+kind.password+"\n"+kind.stockOptions)
			err = statusLines(ctx, t, kind, ours, stock)
			if err == nil {
				err = most.of(ctx, ours, fence(kind.ours, "action=metadata\n"))
			}
		}
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
