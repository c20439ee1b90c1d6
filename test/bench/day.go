package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
)

// dayLines computes what the monitors of a day cost in CPU time, on both nodes of the
// classic layout together: the measured CPU time of one call, times the calls of a day at
// the intervals that oneha generates, with our agents and with the stock ones.
//
// Of the class systemd it counts nothing, since Pacemaker's executor asks systemd
// itself, without a process to measure; so the stock side is too low. Ours looks
// more often and deeper there, which is counted.
func dayLines(ctx context.Context, t *table) error {
	if err := installFakeOned(ctx); err != nil {
		return err
	}
	net, err := newNetwork()
	if err != nil {
		return err
	}
	defer net.close()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sim := bmcs(dir)[0]
	stop, err := sim.start(ctx, dir)
	if err != nil {
		return err
	}
	defer stop()
	ours, theirs, err := sim.calls(dir, "monitor")
	if err != nil {
		return err
	}
	m := meter{network: net, fence: map[string]program{sim.ours: ours, sim.stock: theirs}, known: map[string]time.Duration{}}
	for _, s := range one.Services {
		if err := running(s.Unit)(ctx); err != nil {
			return err
		}
	}
	var sums [2]map[string]time.Duration
	for i, side := range []string{"oneha", "stock"} {
		if sums[i], err = m.day(ctx, side); err != nil {
			return err
		}
	}
	for _, id := range []string{"vip", oned, "sunstone", "gate", "flow", "fence devices", "all"} {
		t.day("a day of monitoring, "+id, sums[0][id], sums[1][id])
	}
	return nil
}

// meter measures monitors, each once.
type meter struct {
	network *network
	fence   map[string]program       // the monitor of a fence agent
	known   map[string]time.Duration // by the call's name
}

// day adds up a day of every resource's monitors: of each by its ID, the fence devices
// together, and all.
func (m *meter) day(ctx context.Context, side string) (map[string]time.Duration, error) {
	c, findings := spec.Parse("oneha.yaml", []byte(description(classicResources)+"agents: "+side+"\n"))
	if len(findings) > 0 {
		return nil, fmt.Errorf("description: %v", findings)
	}
	sum := map[string]time.Duration{}
	for _, p := range cib.Build(c).Primitives {
		for _, op := range p.Ops {
			if op.Name != "monitor" {
				continue
			}
			once, err := m.of(ctx, p, op.Depth)
			if err != nil {
				return nil, err
			}
			id := p.ID
			if p.Class == "stonith" {
				id = "fence devices"
			}
			day := time.Duration(float64(once) * float64(24*time.Hour) / float64(op.Interval))
			sum[id] += day
			sum["all"] += day
		}
	}
	return sum, nil
}

// of is the CPU time of one monitor.
func (m *meter) of(ctx context.Context, p cib.Primitive, depth int) (time.Duration, error) {
	var call program
	switch {
	case p.Class == "systemd":
		return 0, nil
	case p.Class == "stonith":
		call = m.fence[p.Type]
	case strings.HasSuffix(p.Type, "vip"), p.Type == "IPaddr2":
		call = vip(filepath.Join(p.Provider, p.Type), "monitor", 0, m.network.present, "24")
	default:
		call = deeper(agent(filepath.Join(p.Provider, p.Type), "monitor", 0), depth)
	}
	if call.name == "" {
		return 0, fmt.Errorf("nothing runs the monitor of %s", p.Agent())
	}
	if known, ok := m.known[call.name]; ok {
		return known, nil
	}
	costs, err := contest(ctx, call.name, askRounds, call)
	if err != nil {
		return 0, err
	}
	m.known[call.name] = medianOf(costs[0], cpu)
	return m.known[call.name], nil
}
