package compare

import (
	"fmt"
	"strings"
	"testing"
)

// ocftCase is one of the cases in which resource-agents' own tool, ocft, tries
// IPaddr2: what is set, what is run and with which result.
type ocftCase struct {
	name   string // as ocft prints it
	vars   vars
	steps  []ocftStep
	labels string // the label that start must give and stop take away, "" for none
}

// ocftStep is an action and the exit code that ocft wants; anyCode: no matter.
type ocftStep struct {
	action string
	want   int
}

const anyCode = -1

// ocftCases are resource-agents' cases for IPaddr2, in the order of its file.
// All but the loopback case have an address in the network of eth0 and begin
// with it absent.
var ocftCases = []ocftCase{
	{name: "check base env", steps: []ocftStep{{"start", 0}}},
	{name: "check base env: unset 'OCF_RESKEY_ip'", vars: vars{"ip": unset}, steps: []ocftStep{{"start", 6}}},
	{name: "check base env: set invalid 'OCF_RESKEY_ip'", vars: vars{"ip": "not_ip_address"}, steps: []ocftStep{{"start", 6}}},
	{name: "check base env: set 'OCF_RESKEY_cidr_netmask'", vars: vars{"cidr_netmask": "24"}, steps: []ocftStep{{"start", 0}}},
	{name: "check base env: set invalid 'OCF_RESKEY_cidr_netmask'", vars: vars{"cidr_netmask": "not_netmask"}, steps: []ocftStep{{"start", 6}}},
	{name: "check base env: set 'OCF_RESKEY_broadcast'", vars: vars{"broadcast": "192.0.2.255"}, steps: []ocftStep{{"start", 0}}},
	{name: "check base env: set invalid 'OCF_RESKEY_broadcast'", vars: vars{"broadcast": "not_broadcast"}, steps: []ocftStep{{"start", 6}}},
	{name: "check base env: set 'OCF_RESKEY_nic'", vars: vars{"nic": "eth0"}, steps: []ocftStep{{"start", 0}}},
	{name: "check base env: set invalid 'OCF_RESKEY_nic'", vars: vars{"nic": "not_nic"}, steps: []ocftStep{{"start", 6}, {"validate-all", 6}}},
	{name: "normal start", steps: []ocftStep{{"start", 0}}},
	{name: "normal stop", steps: []ocftStep{{"start", anyCode}, {"stop", 0}}},
	{name: "double start", steps: []ocftStep{{"start", anyCode}, {"start", 0}}},
	{name: "double stop", steps: []ocftStep{{"stop", 0}}},
	{name: "monitor with running", steps: []ocftStep{{"start", anyCode}, {probe, 0}}},
	{name: "monitor with not running", steps: []ocftStep{{probe, 7}}},
	{name: "unimplemented command", steps: []ocftStep{{"no_cmd", 3}}},
	{name: "Attachment to loopback interface", vars: vars{"ip": "127.0.0.3"}, steps: []ocftStep{{"start", 0}, {probe, 0}, {"stop", 0}}},
	{name: "check additional env: set 'OCF_RESKEY_iflabel'", vars: vars{"nic": "eth0", "iflabel": "iflabel"}, labels: "eth0:iflabel", steps: []ocftStep{{"start", 0}, {"stop", 0}}},
	{name: "check additional env: specify iflabel in 'OCF_RESKEY_nic'", vars: vars{"nic": "eth0:iflabel"}, labels: "eth0:iflabel", steps: []ocftStep{{"start", 0}, {"stop", 0}}},
	{name: "monitor failure when 'OCF_RESKEY_nic' is vanished", vars: vars{"nic": "ethVanished"}, steps: []ocftStep{{monitor, 1}}},
}

// wants says what ocft expects, such as "start 0, stop 0".
func (c ocftCase) wants() string {
	var parts []string
	for _, s := range c.steps {
		if s.want != anyCode {
			parts = append(parts, fmt.Sprintf("%s %d", s.action, s.want))
		}
	}
	return strings.Join(parts, ", ")
}

// run tries the case with an agent and tells what came out, in the words of
// wants if it was that.
func (c ocftCase) run(t *testing.T, who side) string {
	n := newNetwork(t, "", "")
	v := vars{"ip": ip4}.with(c.vars)
	n.call(t, who, "stop", v, "")
	var parts []string
	for _, s := range c.steps {
		got := n.call(t, who, s.action, v, "")
		if s.want != anyCode {
			parts = append(parts, fmt.Sprintf("%s %d", s.action, got.code))
		}
		if c.labels == "" {
			continue
		}
		if labelled := strings.Contains(n.script(n.node, "ip -o -4 address"), " "+c.labels); labelled != (s.action == "start") {
			parts = append(parts, fmt.Sprintf("label there: %t", labelled))
		}
	}
	return strings.Join(parts, ", ")
}
