package cib

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/target"
)

// Names with a role in the layouts. A service's id is its name, a domain's group
// has the name of the domain.
const (
	vipType = "vip"
	onedID  = "oned"
	groupID = "frontend" // of the main domain

	provider = "opennebula" // of our resource agents
)

const (
	// fencingTimeout is what one fencing may take, delays apart: Pacemaker's 60 s
	// are short for a BMC that logs in slowly and is asked twice.
	fencingTimeout = 120 * time.Second

	// secondChance is after how long a fencing that Pacemaker gave up is tried again; its
	// default is 15 min: docs/decisions/0031-fencing-given-up.md.
	secondChance = "2min"

	// preference is the score of the preferred node, less than the stickiness:
	// it decides where resources start, and never moves running ones back.
	preference Score = 50
)

// defaults holds for every resource: stay where you are, move after the third
// failure, forget failures after ten minutes without one.
var defaults = []spec.Option{
	{Name: "resource-stickiness", Value: "100"},
	{Name: "migration-threshold", Value: "3"},
	{Name: "failure-timeout", Value: "10min"},
}

// Build makes the model of a cluster.
func Build(c spec.Cluster) Model {
	m := Model{
		Source:     fingerprint(c),
		Target:     cmp.Or(c.Target, target.Portable),
		Cluster:    c.Name,
		Token:      c.Token,
		Nodes:      slices.Clone(c.Nodes),
		QDevice:    c.QDevice,
		Properties: merge(properties(c), c.Properties),
		Defaults:   slices.Clone(defaults),
		Levels:     slices.Clone(c.Levels),
		Raw:        c.Raw,
	}
	for _, d := range c.Fencing {
		m.Primitives = append(m.Primitives, device(d, c, m.Target))
		if d.Target != "" {
			m.Locations = append(m.Locations, Location{
				ID: d.ID + "-avoids-" + d.Target, Resource: d.ID, Node: d.Target, Score: -Infinity,
			})
		}
	}
	for _, d := range domains(c) {
		for _, v := range d.VIPs {
			m.Primitives = append(m.Primitives, floatingIP(v, c.Agents))
		}
		for _, s := range d.Services {
			m.Primitives = append(m.Primitives, service(s, c.Agents))
		}
		head := arrange(&m, c.Layout, d)
		if d.Prefer != "" {
			m.Locations = append(m.Locations, Location{
				ID: head + "-prefers-" + d.Prefer, Resource: head, Node: d.Prefer, Score: preference,
			})
		}
	}
	return m
}

// domains returns the main domain and then the others.
func domains(c spec.Cluster) []spec.Domain {
	main := spec.Domain{
		Name: groupID, VIPs: append([]spec.VIP{c.VIP}, c.MoreVIPs...), Services: c.Services, Prefer: c.Prefer,
	}
	return append([]spec.Domain{main}, c.Domains...)
}

// properties are the cluster options that differ from Pacemaker's defaults, and
// stonith-enabled, which nobody should have to guess. no-quorum-policy keeps its
// default, stop: with two_node a survivor stays quorate, and an isolated node that
// boots must not fence its healthy peer. The names begin with stonith because
// Pacemaker 2 knows no others.
func properties(c spec.Cluster) []spec.Option {
	var delay time.Duration
	for _, d := range c.Fencing {
		delay = max(delay, d.Delay)
	}
	return []spec.Option{
		{Name: "stonith-enabled", Value: "true"},
		// Pacemaker before 2.1.6 counts a device's delay into the timeout.
		{Name: "stonith-timeout", Value: seconds(fencingTimeout + delay)},
		{Name: "cluster-recheck-interval", Value: secondChance},
	}
}

// device is the resource of a fence device. It has no timeouts of its own, so
// that stonith-timeout is the only one.
func device(d spec.FenceDevice, c spec.Cluster, on target.Target) Primitive {
	own := []spec.Option{{Name: "pcmk_host_list", Value: d.Target}}
	var plugs, names, delays []string
	for _, p := range d.Plugs {
		names = append(names, p.Node)
		plugs = append(plugs, p.Node+":"+p.Plug)
		delay := time.Duration(0)
		if p.Node == c.Protected() {
			delay = d.Delay
		}
		delays = append(delays, p.Node+":"+seconds(delay))
	}
	switch {
	case len(d.Plugs) > 0 && d.Plugs[0].Plug != "":
		own[0] = spec.Option{Name: "pcmk_host_map", Value: strings.Join(plugs, ";")}
	case len(d.Plugs) > 0:
		own[0].Value = strings.Join(names, ",")
	}
	switch {
	case d.Delay > 0 && d.Target != "":
		own = append(own, spec.Option{Name: "pcmk_delay_base", Value: seconds(d.Delay)})
	case d.Delay > 0 && on.Lacks(target.DelayMap): // chance decides the race
		own = append(own, spec.Option{Name: "pcmk_delay_max", Value: seconds(2 * d.Delay)})
	case d.Delay > 0: // the form for each node: Pacemaker 2.1.2 or later
		own = append(own, spec.Option{Name: "pcmk_delay_base", Value: strings.Join(delays, ";")})
	}
	return Primitive{ID: d.ID, Class: "stonith", Type: d.Agent, Params: append(own, d.Options...), Ops: slices.Clone(deviceOps)}
}

func floatingIP(v spec.VIP, by spec.Agents) Primitive {
	p := Primitive{ID: v.ID, Class: "ocf", Provider: provider, Type: vipType, Ops: OpsOf(vipType)}
	if by == spec.Stock {
		p.Provider, p.Type = "heartbeat", "IPaddr2"
	}
	p.Params = []spec.Option{
		{Name: "ip", Value: v.Address.Addr().String()},
		{Name: "cidr_netmask", Value: strconv.Itoa(v.Address.Bits())},
	}
	if v.NIC != "" {
		p.Params = append(p.Params, spec.Option{Name: "nic", Value: v.NIC})
	}
	return p
}

// service is run by its agent, or by Pacemaker's own class for systemd units.
func service(name string, by spec.Agents) Primitive {
	unit, ours := spec.Unit(name)
	if by == spec.Stock || !ours {
		return Primitive{ID: name, Class: "systemd", Type: unit, Ops: slices.Clone(unitOps)}
	}
	return Primitive{ID: name, Class: "ocf", Provider: provider, Type: name, Ops: OpsOf(name)}
}

// merge returns base with the options of over replacing those of the same name
// and the others added after them.
func merge(base, over []spec.Option) []spec.Option {
	out := slices.Clone(base)
	for _, o := range over {
		i := slices.IndexFunc(out, func(b spec.Option) bool { return b.Name == o.Name })
		if i < 0 {
			out = append(out, o)
		} else {
			out[i] = o
		}
	}
	return out
}

// seconds writes a duration for Pacemaker, which counts delays in whole seconds:
// a fraction is rounded up.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%ds", (d+time.Second-1)/time.Second)
}

// fingerprint is a short hash of everything the description says.
func fingerprint(c spec.Cluster) string {
	// Encoding cannot fail: a Cluster holds strings, numbers and addresses only.
	b, _ := json.Marshal(c)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}
