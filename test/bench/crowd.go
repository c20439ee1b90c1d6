package main

import (
	"context"
	"fmt"
	"time"
)

// crowds are how many other addresses are on the interface; stirred are those of them with
// which addresses are started and stopped, too.
var (
	crowds  = []int{1, 10, 100, 500}
	stirred = map[int]bool{1: true, 100: true, 500: true}
)

// crowdLines measures how the actions of one floating IP grow with the number of addresses
// on its interface: of a node with many floating IPs the last one started, and the first one
// stopped, cost the most, since the agents look through all that are there.
func crowdLines(ctx context.Context, net *network, t *table) (err error) {
	have := 0
	defer func() {
		for i := range have {
			_ = net.remove(crowd(i), 16) // the machine goes anyhow
		}
	}()
	for _, n := range crowds {
		for ; have < n; have++ {
			if err := net.add(crowd(have), 16); err != nil {
				return err
			}
		}
		what := fmt.Sprintf("VIP monitor, %d addresses on the interface", n)
		costs, err := contest(ctx, what, rounds, vip(ourAgent, "monitor", 0, net.present, "24"), vip(stockAgent, "monitor", 0, net.present, "24"))
		if err != nil {
			return err
		}
		t.beside(what+", CPU", cpu, costs[0], stock, costs[1], limit{})
		if !stirred[n] {
			continue
		}
		if err := stirLines(ctx, net, t, n); err != nil {
			return err
		}
	}
	return nil
}

// stirLines measures the start and the stop of one more address beside n others.
func stirLines(ctx context.Context, net *network, t *table, n int) error {
	for _, action := range []struct {
		name string
		of   func(agent, ip string) program
	}{
		{"start", net.starting},
		{"stop", net.stopping},
	} {
		what := fmt.Sprintf("VIP %s, %d addresses on the interface", action.name, n)
		costs, err := contest(ctx, what, askRounds, action.of(ourAgent, "10.77.0.106"), action.of(stockAgent, "10.77.0.107"))
		if err != nil {
			return err
		}
		t.beside(what+", CPU", cpu, costs[0], stock, costs[1], limit{})
		t.beside(what+", wall", wall, costs[0], stock, costs[1], limit{})
	}
	return nil
}

// starting is a start that really adds the address, which is heard and taken away after it.
func (n *network) starting(agent, ip string) program {
	p := vip(agent, "start", 0, ip, "24")
	p.after = func(ctx context.Context, began time.Time, c *cost) (err error) {
		if c.frame, err = n.announced(ctx, ip, began); err != nil {
			return err
		}
		return n.remove(ip, 24)
	}
	return p
}

// stopping is a stop that really removes the address.
func (n *network) stopping(agent, ip string) program {
	p := vip(agent, "stop", 0, ip, "24")
	p.before = func(context.Context) error { return n.add(ip, 24) }
	return p
}

// crowd is the address of that number.
func crowd(i int) string { return fmt.Sprintf("10.78.%d.%d", i>>8, i&255) }
