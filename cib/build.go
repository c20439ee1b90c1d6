package cib

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/oneha/oneha/internal/spec"
)

// Ids of resources with a role in the layouts. A service's id is its name.
const (
	vipID   = "vip"
	onedID  = "oned"
	groupID = "frontend"

	provider = "opennebula" // of our resource agents
)

const (
	// fencingTimeout is what one fencing may take, delays apart: Pacemaker's 60 s
	// are short for a BMC that logs in slowly and is asked twice.
	fencingTimeout = 120 * time.Second

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
		Cluster:    c.Name,
		Token:      c.Token,
		Nodes:      slices.Clone(c.Nodes),
		Properties: merge(properties(c), c.Properties),
		Defaults:   slices.Clone(defaults),
	}
	for _, d := range c.Fencing {
		m.Primitives = append(m.Primitives, device(d))
		m.Locations = append(m.Locations, Location{
			ID: d.ID + "-avoids-" + d.Target, Resource: d.ID, Node: d.Target, Score: -Infinity,
		})
	}
	m.Primitives = append(m.Primitives, floatingIP(c.VIP))
	for _, s := range c.Services {
		m.Primitives = append(m.Primitives, service(s))
	}
	head := arrange(&m, c)
	if c.Prefer != "" {
		m.Locations = append(m.Locations, Location{
			ID: head + "-prefers-" + c.Prefer, Resource: head, Node: c.Prefer, Score: preference,
		})
	}
	return m
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
	}
}

// device is the resource of a fence device. It has no timeouts of its own, so
// that stonith-timeout is the only one.
func device(d spec.FenceDevice) Primitive {
	own := []spec.Option{{Name: "pcmk_host_list", Value: d.Target}}
	if d.Delay > 0 {
		own = append(own, spec.Option{Name: "pcmk_delay_base", Value: seconds(d.Delay)})
	}
	return Primitive{ID: d.ID, Class: "stonith", Type: d.Agent, Params: append(own, d.Options...), Ops: slices.Clone(deviceOps)}
}

func floatingIP(v spec.VIP) Primitive {
	p := Primitive{ID: vipID, Class: "ocf", Provider: provider, Type: vipID, Ops: OpsOf(vipID)}
	p.Params = []spec.Option{
		{Name: "ip", Value: v.Address.Addr().String()},
		{Name: "cidr_netmask", Value: strconv.Itoa(v.Address.Bits())},
	}
	if v.NIC != "" {
		p.Params = append(p.Params, spec.Option{Name: "nic", Value: v.NIC})
	}
	return p
}

func service(name string) Primitive {
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
