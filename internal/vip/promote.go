package vip

import (
	"net/netip"
	"path/filepath"
)

// When the primary address of an IPv4 network is removed, the kernel removes its
// secondary addresses too, unless promote_secondaries is set for the interface
// (ip-sysctl.rst of the kernel).
const promote = "promote_secondaries"

// raised is what the setting is raised to. The kernel takes every number but 0 for
// on, and nobody else writes this one: so a setting that an interrupted call has
// left raised can be told from one that an administrator wants.
const raised = "2"

// keepSecondaries makes the kernel promote secondary addresses on the interface
// and returns a function that undoes it. The effective value is the OR of that
// for all interfaces and the interface's own.
func keepSecondaries(nic string) (undo func()) {
	own := sysctl(4, nic, promote)
	if sysctl(4, "all", promote) == "1" || own != "0" && own != raised || setSysctl(4, nic, promote, raised) != nil {
		return func() {}
	}
	return func() { _ = setSysctl(4, nic, promote, "0") }
}

// lowerPromotion undoes, on every interface, what an interrupted call has left.
func lowerPromotion(ip netip.Addr) {
	if !ip.Is4() {
		return
	}
	settings, _ := filepath.Glob(sysctlPath(4, "*", promote)) // fails only for a bad pattern
	for _, path := range settings {
		if nic := filepath.Base(filepath.Dir(path)); sysctl(4, nic, promote) == raised {
			_ = setSysctl(4, nic, promote, "0")
		}
	}
}
