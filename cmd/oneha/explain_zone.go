package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/raft/lease"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
)

// The parts of a zone, in the order in which they are explained.
var zoneParts = []cib.Part{"zone", "servers", "elections", "floating IP", "units"}

// explainZone prints every value that the description of a zone leaves to us.
func (t tool) explainZone(c *cli.Context, cluster spec.Cluster, given spec.Given) error {
	if c.IsSet("target") {
		return refuseTarget()
	}
	values := zoneValues(cluster, given)
	if c.Bool("json") {
		return t.encode(values)
	}
	intro := fmt.Sprintf("What the zone %s has and its description does not say.", cluster.Name)
	_, err := fmt.Fprint(t.stdout, explainedIn(intro, zoneParts, values))
	return err
}

// zoneValues are the defaults of the keys, and what follows from them.
func zoneValues(c spec.Cluster, given spec.Given) (values []cib.Value) {
	z := c.Zone
	fromKey := func(part cib.Part, path, value string, of ...string) {
		if given.Has(path) {
			return
		}
		for _, k := range spec.Keys {
			if k.Path == path || k.Path == strings.Replace(path, "nodes."+strings.Join(of, ""), "nodes.*", 1) {
				why, source := k.Why, k.Source
				if k.Raft != "" {
					why, source = k.Raft, "" // that is of the cluster's
				}
				values = append(values, cib.Value{Part: part, Name: path, Value: value, Key: k.Path, Why: why, Source: source})
				return
			}
		}
	}
	fromKey("zone", "cluster", c.Name)
	fromKey("zone", "zone", strconv.Itoa(z.ID))
	fromKey("zone", "database", z.Database)
	fromKey("zone", "ssh_user", z.User)
	fromKey("zone", "guard_port", strconv.Itoa(z.Port))
	for _, s := range z.Servers {
		fromKey("servers", "nodes."+s.Name+".id", strconv.Itoa(s.ID), s.Name)
	}
	for _, s := range z.Servers {
		fromKey("servers", "nodes."+s.Name+".endpoint", s.Endpoint, s.Name)
	}
	if !given.Has("timers") || given["timers"] == nil {
		for _, timer := range []struct{ key, value string }{
			{"election", z.Election.String()}, {"heartbeat", z.Heartbeat.String()}, {"rpc", z.Rest.XMLRPC.String()},
			{"log_retention", strconv.Itoa(z.Rest.LogRetention)}, {"log_purge", fmt.Sprintf("%ds", z.Rest.LogPurge/time.Second)}, {"limit_purge", strconv.Itoa(z.Rest.LimitPurge)},
		} {
			fromKey("elections", "timers."+timer.key, timer.value)
		}
	}
	return append(append(values, leaseValues(z)...), unitValues(z)...)
}

// leaseValues say for how long the floating IP is held, and what a failover costs.
func leaseValues(z *spec.Zone) []cib.Value {
	const source = "docs/decisions/0020-raft-vip-lease.md"
	e := lease.Election{ElectionTimeout: z.Election, BroadcastTimeout: z.Heartbeat}
	l := lease.For(e)
	values := []cib.Value{
		{Part: "floating IP", Name: "lease", Value: l.Lease.String(), Source: source,
			Why: "So long a guard may hold the address after it asked a majority of the guards. It asks every " + l.Renew.String() + "; when it, oned or the machine hangs, the kernel removes the address."},
		{Part: "floating IP", Name: "promise", Value: l.Promise().Round(time.Millisecond).String(), Source: source,
			Why: "So long a guard that said yes to one server says no to the others: the lease, with what the kernel may be late and clocks may differ."},
		{Part: "floating IP", Name: "longest wait of a new leader", Value: l.Wait(e).String(), Source: source,
			Why: fmt.Sprintf("When the old leader vanished without a word. The next one comes %s after its last heartbeat at the earliest.", e.Earliest())},
	}
	if len(z.VIPs) == 0 {
		values = append(values, cib.Value{Part: "floating IP", Name: "vip", Value: "none", Key: "vip",
			Why: fmt.Sprintf("A load balancer asks each server: GET http://SERVER:%d/leader is answered with 200 by the leader alone. oned has no hooks then; the guard moves the services.", z.Port)})
		return values
	}
	for _, role := range []string{zoneconf.Leader, zoneconf.Follower} {
		values = append(values, cib.Value{Part: "floating IP", Name: "hook of a " + role, Value: zoneconf.HookCommand + " " + zoneconf.HookArguments(z, role), Source: "oned.conf, RAFT_LEADER_HOOK and RAFT_FOLLOWER_HOOK",
			Why: "oned runs as oneadmin, so sudo calls the hook. It tells the guard to look at once, and does the work itself when there is none."})
	}
	return values
}

// unitValues are the units, those with one reason together.
func unitValues(z *spec.Zone) (values []cib.Value) {
	for _, u := range zoneconf.Units(z) {
		source := "OpenNebula, Front-end HA; share/hooks/raft/vip.sh"
		switch {
		case u.Name == zoneconf.GuardUnit:
			source = "docs/decisions/0022-raft-guard.md"
		case !u.Enable && !u.Either:
			source = "OpenNebula, Front-end HA"
		}
		values = append(values, cib.Value{Part: "units", Name: u.Name, Value: bootWord(u), Why: strings.ToUpper(u.Why[:1]) + u.Why[1:] + ".", Source: source})
	}
	return values
}

// bootWord is what systemctl has to make of a unit.
func bootWord(u zoneconf.Unit) string {
	switch {
	case u.Either:
		return "not masked"
	case u.Enable && u.Needed:
		return "enabled"
	case u.Enable:
		return "enabled where it is installed"
	}
	return "disabled"
}

// zoneVIPs names the floating IPs of a zone.
func zoneVIPs(z *spec.Zone) string {
	if len(z.VIPs) == 0 {
		return "no VIP"
	}
	var all []string
	for _, v := range z.VIPs {
		all = append(all, v.Address.String())
	}
	return "VIP " + strings.Join(all, " ")
}
