package agents

import (
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/ocf"
)

// onedName is the one service with a protocol that is asked.
const onedName = "oned"

// Service returns the agent of a front-end service. They differ in their unit,
// and oned also in that it is asked over XML-RPC.
func Service(s one.Service) ocf.Agent {
	a := ocf.Agent{
		Name:    s.Name,
		Version: "1.0",
		Short:   s.Short,
		Long: "Runs " + s.Short + " through its systemd unit. systemd stays in charge of the process, the cluster of the " +
			"service: while the cluster runs it, a drop-in in /run keeps systemd from restarting it and orders it before " +
			"pacemaker.service at shutdown. The unit itself must be disabled. " +
			"Stop succeeds only when no process of the unit is left, if need be after a kill.",
		Params: []ocf.Param{{
			Name: "unit", Type: ocf.String, Default: s.Unit, Unique: true,
			Short: "systemd unit",
			Long:  "The systemd service unit to run, with or without .service.",
		}},
		Actions: []ocf.Action{
			{Name: ocf.Start, Timeout: 60 * time.Second, Run: startUnit},
			{Name: ocf.Stop, Timeout: 60 * time.Second, Run: stopUnit},
			{Name: ocf.Monitor, Timeout: 20 * time.Second, Interval: 30 * time.Second, Run: monitorUnit},
		},
		Validate: validateUnit,
	}
	if s.Name == onedName {
		asOned(&a)
	}
	return a
}

// asOned adds what is particular to oned.
func asOned(a *ocf.Agent) {
	a.Long += " Start returns when XML-RPC answers. A monitor at depth 10 (OCF_CHECK_LEVEL) asks over XML-RPC, so that " +
		"a hung oned is found; any well-formed answer will do, also a refusal, because a restart mends neither a wrong " +
		"password nor a database that is away."
	a.Params = append(a.Params,
		ocf.Param{
			Name: "endpoint", Type: ocf.String, Default: one.DefaultEndpoint,
			Short: "XML-RPC endpoint",
			Long:  "Where this node's oned answers: http, host, port and path.",
		},
		ocf.Param{
			Name: "auth_file", Type: ocf.String, Default: one.DefaultAuthFile,
			Short: "Credentials file",
			Long:  "The file with the line user:password that oned is asked with.",
		},
		ocf.Param{
			Name: "probe_timeout", Type: ocf.Integer, Default: "10",
			Short: "Seconds until an answer",
			Long: "How many seconds oned may take to answer one call before it counts as hung. " +
				"It should be less than the timeout of the monitor.",
		},
	)
	a.Actions = []ocf.Action{
		{Name: ocf.Start, Timeout: 120 * time.Second, Run: startOned},
		{Name: ocf.Stop, Timeout: 150 * time.Second, Run: stopUnit},
		{Name: ocf.Monitor, Timeout: 20 * time.Second, Interval: 15 * time.Second, Run: monitorUnit},
		{Name: ocf.Monitor, Timeout: 30 * time.Second, Interval: 60 * time.Second, Depth: 10, Run: monitorOned},
	}
	a.Validate = validateOned
}
