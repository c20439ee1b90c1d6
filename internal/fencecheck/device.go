// Package fencecheck tries fence devices without harm and judges whether a
// cluster's timeouts fit them.
//
// [Walk] takes one device through everything that can be tried without
// switching anything, step by step. [Measure] asks devices several times and
// notes how long each took. [Judge] is pure: measurements in, verdicts out. What
// cannot be measured without switching a machine off is an [Assumption] that the
// caller states.
package fencecheck

import (
	"cmp"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/oneha/oneha/fence"
)

// Device is one way to power off one node, as the cluster has it.
type Device struct {
	ID      string // of its resource
	Node    string // the node that it powers off
	Plug    string // by which the device knows the node, "" for the node's name
	Agent   fence.Agent
	Options []Option
	Delay   time.Duration // pcmk_delay_base
}

// Option is an option of the agent.
type Option struct{ Name, Value string }

// Input is what pacemaker-fenced writes to the agent's standard input: the
// options but those that are its own, the action, the node's name as nodename, and its
// plug. No option holds a line break.
func (d Device) Input(action string) string {
	var b strings.Builder
	for _, o := range append(d.Options[:len(d.Options):len(d.Options)], Option{"action", action}, Option{"nodename", d.Node}, Option{"plug", cmp.Or(d.Plug, d.Node)}) {
		if !strings.HasPrefix(o.Name, "pcmk_") {
			fmt.Fprintf(&b, "%s=%s\n", o.Name, o.Value)
		}
	}
	return b.String()
}

// Option returns the value of an option, "" when it is not given.
func (d Device) Option(name string) string {
	for _, o := range d.Options {
		if o.Name == name {
			return o.Value
		}
	}
	return ""
}

// Address is where the device is, with the port if one is given.
func (d Device) Address() string {
	if port := d.Option("ipport"); port != "" {
		return net.JoinHostPort(d.Option("ip"), port)
	}
	return d.Option("ip")
}

// isIPMI reports whether an agent speaks IPMI, which has no connection: it is UDP.
func isIPMI(a fence.Agent) bool { return a.Name == "fence_bmc_ipmi" }

// endpoint is what to connect to. Every agent has a default port.
func endpoint(r *fence.Request) string {
	return net.JoinHostPort(r.Host(), strconv.Itoa(r.Int("ipport")))
}
