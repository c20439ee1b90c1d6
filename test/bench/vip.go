package main

import (
	"context"
	"path/filepath"
	"time"
)

const (
	ourAgent   = "opennebula/vip"
	stockAgent = "heartbeat/IPaddr2"
	stock      = "IPaddr2"

	// IPaddr2 sleeps for a second in every IPv6 start.
	slowRounds = 10
)

// vipLines measures the floating IP beside IPaddr2 and beside the bare dumps.
func vipLines(ctx context.Context, t *table) error {
	net, err := newNetwork()
	if err != nil {
		return err
	}
	defer net.close()
	for _, measure := range []func(context.Context, *network, *table) error{monitorLines, startLines, start6Lines, vipActionLines, crowdLines} {
		if err := measure(ctx, net, t); err != nil {
			return err
		}
	}
	return nil
}

// vip is a call of either agent with the parameters that both take. One
// announcement: a young address is announced again by the next monitor, and a
// monitor is to be compared looking, not announcing; and IPaddr2 leaves a sender
// behind for as long as its burst lasts.
func vip(name, action string, code int, ip, bits string, more ...string) program {
	return agent(name, action, code, append(more, "ip="+ip, "cidr_netmask="+bits, "nic="+nic, "arp_count=1")...)
}

func monitorLines(ctx context.Context, net *network, t *table) error {
	for _, q := range []struct {
		state, ip string
		code      int
	}{{"present", net.present, 0}, {"absent", net.absent, 7}} {
		what := "VIP monitor, " + q.state
		costs, err := contest(ctx, what, rounds,
			vip(ourAgent, "monitor", q.code, q.ip, "24"),
			program{name: "bare netlink dumps", args: []string{filepath.Join(floorDir, "netlink")}},
			vip(stockAgent, "monitor", q.code, q.ip, "24"))
		if err != nil {
			return err
		}
		t.beside(what+", CPU", cpu, costs[0], "bare netlink dumps", costs[1], atMost(1.3))
		t.beside(what+", CPU", cpu, costs[0], stock, costs[2], below(15))
		t.beside(what+", wall", wall, costs[0], stock, costs[2], limit{})
	}
	return nil
}

// startLines measures starts that really add the address. Each side has an address
// of its own, so that nobody takes the other's frames for his.
func startLines(ctx context.Context, net *network, t *table) error {
	const what = "VIP start"
	costs, err := contest(ctx, what, rounds, net.starting(ourAgent, "10.77.0.101"), net.starting(stockAgent, "10.77.0.102"))
	if err != nil {
		return err
	}
	t.beside(what+" with the first GARP, wall", wall, costs[0], stock, costs[1], within(8*time.Millisecond))
	t.beside(what+", until the GARP is at the peer", frame, costs[0], stock, costs[1], limit{})
	t.beside(what+", CPU", cpu, costs[0], stock, costs[1], limit{})
	return nil
}

func start6Lines(ctx context.Context, net *network, t *table) error {
	start := func(name, ip string) program {
		p := vip(name, "start", 0, ip, "64", "nodad=true")
		p.after = func(context.Context, time.Time, *cost) error { return net.remove(ip, 64) }
		return p
	}
	const what = "VIP start, IPv6 with nodad"
	costs, err := contest(ctx, what, slowRounds, start(ourAgent, "2001:db8::101"), start(stockAgent, "2001:db8::102"))
	if err != nil {
		return err
	}
	t.beside(what+", wall", wall, costs[0], stock, costs[1], below(50))
	return nil
}
