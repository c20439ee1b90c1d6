package compare

import (
	"sync"
	"testing"
)

// handover is an address that one agent starts and the other one takes over, as
// when the resource's type is changed in a running cluster.
type handover struct {
	vars vars
	node string
}

var handovers = map[string]handover{
	"IPv4":  {vars: vars{"ip": ip4}},
	"label": {vars: vars{"ip": ip4, "nic": "eth0", "iflabel": "one"}},
	"IPv6":  {vars: vars{"ip": ip6, "nodad": "true", "lvs_ipv6_addrlabel": "true"}},
	// With the broadcast address that IPaddr2 puts back whatever there was.
	"lvs_support": {
		vars: vars{"ip": "192.0.2.7", "lvs_support": "true", "HA_RSCTMP": "/run/resource-agents"},
		node: "ip addr add 192.0.2.7/32 brd 255.255.255.255 dev lo",
	},
}

// lvsState is for whoever uses the one file below /run/resource-agents in which
// both agents keep what they took from lo.
var lvsState sync.Mutex

// run has first start the address and the other agent do all the rest.
func (h handover) run(t *testing.T, first side) {
	other := ours
	if first == ours {
		other = stock
	}
	if h.vars["HA_RSCTMP"] != "" {
		lvsState.Lock()
		defer lvsState.Unlock()
	}
	n := newNetwork(t, h.node, "")
	before := n.look()
	for _, step := range []struct {
		who    side
		action string
	}{{first, "start"}, {other, probe}, {other, monitor}, {other, "start"}, {other, "stop"}, {first, "stop"}} {
		if c := n.call(t, step.who, step.action, h.vars, ""); c.code != 0 {
			t.Errorf("%s %s: exit %d: %s", step.who, step.action, c.code, c.reason)
		}
		if step.action == "start" && n.look().since(before) == "" {
			t.Errorf("%s start changed nothing", step.who)
		}
	}
	if left := n.look().since(before); left != "" {
		t.Errorf("%s started, %s stopped, and it is not as before: %s", first, other, left)
	}
}
