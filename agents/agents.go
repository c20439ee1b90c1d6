// Package agents holds the resource agents of OpenNebula's front-end: the
// floating IP and one agent per service.
package agents

import (
	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/ocf"
)

// All returns every agent: the VIP, then the services in the order of their
// table.
func All() []ocf.Agent {
	all := []ocf.Agent{VIP}
	for _, s := range one.Services {
		all = append(all, Service(s))
	}
	return all
}

// Named returns the agent of that resource type.
func Named(name string) (ocf.Agent, bool) {
	if name == VIP.Name {
		return VIP, true
	}
	if s, ok := one.ServiceNamed(name); ok {
		return Service(s), true
	}
	return ocf.Agent{}, false
}
