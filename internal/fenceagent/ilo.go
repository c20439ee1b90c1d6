package fenceagent

import (
	"maps"
	"slices"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/bmc"
)

// iloAgent is redfishAgent with what is the same on every iLO 4, 5 and 6. It
// understands the options of fence_ilo, whose protocol, RIBCL, only the iLO before
// them needs.
var iloAgent = func() fence.Agent {
	a := redfishAgent
	a.Name, a.Short = "fence_bmc_ilo", "Fence agent for HPE iLO"
	a.Long = "fence_bmc_ilo is a fence agent for HPE servers with iLO 4 (firmware 2.30 or newer), iLO 5 or iLO 6, over Redfish. " +
		"It takes the options of fence_redfish and fence_ilo. An iLO switches one machine, so plug says nothing to it. " +
		"Off and reboot succeed only after the iLO reported that the power is off."
	a.Options = append(slices.Clone(a.Options),
		fence.Option{Name: "ribcl_version", Old: []string{"ribcl"}, Short: 'r', Arg: "version", Type: fence.String, Text: "Has no effect, RIBCL is not used"},
		fence.Option{Name: "notls", Short: 't', Type: fence.Boolean, Text: "Has no effect, SSL 3.0 is not served"},
		fence.Option{Name: "tls1.0", Type: fence.Boolean, Text: "Has no effect, TLS 1.2 is the oldest that is served"},
	)
	a.Defaults = maps.Clone(a.Defaults)
	a.Defaults["systems_uri"] = bmc.ILOSystem
	return a
}()
