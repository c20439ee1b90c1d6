// Package fenceagent is the project's fence agents as values: what each is
// called, which options it takes, and how it logs in to its kind of device. What
// the fence contract makes of them is package fence's, how the devices are
// talked to internal/bmc's.
package fenceagent

import (
	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/version"
)

// All returns every agent, sorted by name. An agent is a row here and a table in
// a file of its own: a fence.Agent whose Open returns machine{client}, with
// loginError around the error. See fence.Agent for what need not be declared.
func All() []fence.Agent {
	all := []fence.Agent{iloAgent, iloSSHAgent, ipmiAgent, redfishAgent}
	for i := range all {
		all[i].Version = version.String()
	}
	return all
}

// Find returns the agent of that name.
func Find(name string) (fence.Agent, bool) {
	for _, a := range All() {
		if a.Name == name {
			return a, true
		}
	}
	return fence.Agent{}, false
}

// placeOf are the stock agents whose devices one of ours can ask.
var placeOf = map[string]string{
	"fence_ipmilan": ipmiAgent.Name, "fence_ilo3": ipmiAgent.Name, "fence_ilo4": ipmiAgent.Name, "fence_ilo5": ipmiAgent.Name,
	"fence_idrac": ipmiAgent.Name, "fence_imm": ipmiAgent.Name,
	"fence_redfish": redfishAgent.Name,
	"fence_ilo_ssh": iloSSHAgent.Name, "fence_ilo3_ssh": iloSSHAgent.Name, "fence_ilo4_ssh": iloSSHAgent.Name, "fence_ilo5_ssh": iloSSHAgent.Name,
}

// Like returns the agent of that name, or the one that takes the place of the stock
// agent of that name.
func Like(name string) (fence.Agent, bool) {
	if ours, ok := placeOf[name]; ok {
		name = ours
	}
	return Find(name)
}
