package cib

import (
	"slices"
	"time"
)

// Op is an operation of a resource with its timing.
type Op struct {
	Name     string        // start, stop or monitor
	Interval time.Duration // between two monitors; 0 for start and stop
	Timeout  time.Duration // after it Pacemaker kills the agent and counts a failure
	Depth    int           // OCF_CHECK_LEVEL, 0 for the plain monitor
}

// The timing of every operation that is generated. The agents' metadata advise
// the same: ours, those of ocf:heartbeat:IPaddr2 (resource-agents 4.12, as ours)
// and those that Pacemaker has for the class systemd (2.1, lib/services/systemd.c).
//
// A stop that fails or times out gets the node fenced: oned's is longer than its
// unit's TimeoutStopSec (90 s unless set), which ends in a kill. A device may
// take a slow BMC's login, and its start includes a monitor.
var (
	vipOps = []Op{
		{Name: "start", Timeout: 20 * time.Second},
		{Name: "stop", Timeout: 20 * time.Second},
		{Name: "monitor", Interval: 10 * time.Second, Timeout: 20 * time.Second},
	}
	onedOps = []Op{
		{Name: "start", Timeout: 120 * time.Second},
		{Name: "stop", Timeout: 150 * time.Second},
		{Name: "monitor", Interval: 15 * time.Second, Timeout: 20 * time.Second},
		{Name: "monitor", Interval: 60 * time.Second, Timeout: 30 * time.Second, Depth: 10},
	}
	sideOps = []Op{
		{Name: "start", Timeout: 60 * time.Second},
		{Name: "stop", Timeout: 60 * time.Second},
		{Name: "monitor", Interval: 30 * time.Second, Timeout: 20 * time.Second},
		{Name: "monitor", Interval: 60 * time.Second, Timeout: 30 * time.Second, Depth: 10},
	}
	unitOps = []Op{
		{Name: "start", Timeout: 100 * time.Second},
		{Name: "stop", Timeout: 100 * time.Second},
		{Name: "monitor", Interval: 60 * time.Second, Timeout: 100 * time.Second},
	}
	// mute are the services that answer nobody, so that only their unit is looked at.
	mute      = []string{"scheduler", "showback"}
	deviceOps = []Op{
		{Name: "start", Timeout: 60 * time.Second},
		{Name: "monitor", Interval: 60 * time.Second, Timeout: 60 * time.Second},
	}
)

// OpsOf returns the operations generated for the floating IP ("vip") or for the
// service of that name, run by an agent of ours.
func OpsOf(resource string) []Op {
	switch {
	case resource == vipType:
		return slices.Clone(vipOps)
	case resource == onedID:
		return slices.Clone(onedOps)
	case slices.Contains(mute, resource):
		return slices.DeleteFunc(slices.Clone(sideOps), func(o Op) bool { return o.Depth > 0 })
	default:
		return slices.Clone(sideOps)
	}
}
