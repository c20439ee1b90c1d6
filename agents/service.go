package agents

import (
	"context"
	"fmt"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/vmha/takeover/child"
	"github.com/oneha/oneha/ocf"
)

// onedName is the service that the others ask, and the command name of its process.
const onedName = "oned"

// service is the agent of a front-end service: its actions are its methods. The
// services differ in what the table says of them, and oned in what it needs
// before it may start.
type service struct{ one.Service }

// Service returns the agent of a front-end service.
func Service(row one.Service) ocf.Agent {
	s := service{row}
	a := ocf.Agent{
		Name:     s.Name,
		Version:  "1.0",
		Short:    s.Short,
		Long:     s.long(),
		Params:   s.params(),
		Validate: s.validate,
		Actions: []ocf.Action{
			{Name: ocf.Start, Timeout: 60 * time.Second, Run: s.start},
			{Name: ocf.Stop, Timeout: 60 * time.Second, Run: s.stop},
			{Name: ocf.Monitor, Timeout: 20 * time.Second, Interval: 30 * time.Second, Run: s.monitor},
		},
	}
	if s.isOned() {
		a.Actions[0].Timeout, a.Actions[1].Timeout = 120*time.Second, 150*time.Second
		a.Actions[2].Interval = 15 * time.Second
	}
	if s.Asked() {
		a.Actions = append(a.Actions, ocf.Action{Name: ocf.Monitor, Timeout: 30 * time.Second, Interval: 60 * time.Second, Depth: 10, Run: s.monitorDeep})
	}
	if s.ReachesOned() {
		a.Actions = append(a.Actions, ocf.Action{Name: ocf.Monitor, Timeout: 30 * time.Second, Interval: 120 * time.Second, Depth: 20, OnRequest: true, Run: s.monitorDeep})
	}
	for i := range a.Actions {
		a.Actions[i].Run = within(a.Actions[i])
	}
	return a
}

// within gives an action whose caller sets no timeout the one that its metadata
// advise: an administrator who calls it by hand must not wait for ever.
func within(act ocf.Action) func(context.Context, *ocf.Request) error {
	return func(ctx context.Context, req *ocf.Request) error {
		if _, bounded := ctx.Deadline(); !bounded {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, act.Timeout)
			defer cancel()
		}
		return act.Run(ctx, req)
	}
}

func (s service) isOned() bool { return s.Name == onedName }

// params declares what the service needs to be found and asked.
func (s service) params() []ocf.Param {
	params := []ocf.Param{{
		Name: "unit", Type: ocf.String, Default: s.Unit, Unique: true,
		Short: "systemd unit",
		Long:  "The systemd service or timer to run, with its suffix; without one it is a service.",
	}}
	if s.Config != "" {
		config := ocf.Param{
			Name: "config", Type: ocf.String, Default: s.Config, Example: s.Config,
			Short: "Configuration file of the service",
			Long:  "Where the service answers, and whom it asks, is read from this file. It is never written.",
		}
		if s.isOned() {
			config.Long = "Where oned answers, and whether it is a server of a Raft zone, is read from this file. It is never written."
		}
		params = append(params, config)
	}
	if s.Port != 0 {
		params = append(params, ocf.Param{
			Name: "endpoint", Type: ocf.String, Example: fmt.Sprintf("http://127.0.0.1:%d/", s.Port),
			Short: "URL of the service",
			Long:  "Where the service answers on this node, when it is not where its configuration file says.",
		})
	}
	if s.ReachesOned() {
		params = append(params, ocf.Param{
			Name: "auth_file", Type: ocf.String, Default: one.DefaultAuthFile,
			Short: "Credentials file",
			Long:  "The file with the line user:password that oned is asked with. It is read, never shown.",
		})
	}
	return append(params, ocf.Param{
		Name: "probe_timeout", Type: ocf.Integer, Default: "10",
		Short: "Seconds until an answer",
		Long:  "How many seconds one answer may take before the service counts as hung. It should be less than the timeout of the monitor.",
	})
}

// long is the long description: what the actions of this service do beyond what
// an administrator expects of a systemd unit.
func (s service) long() string {
	text := "Runs one front-end service of OpenNebula through its systemd unit: " + s.Short + ". systemd stays in charge of the process, the cluster of the " +
		"service: while the cluster runs it, a drop-in in /run keeps systemd from restarting it and orders it before " +
		"pacemaker.service at shutdown. The unit itself must be disabled.\n" +
		"Stop succeeds only when no process of the unit is left, if need be after a kill. Then it stops what Wants= of the unit " +
		"has started with it (units named opennebula-*), except what the cluster runs as resources of their own.\n"
	switch {
	case s.isOned():
		text += "Start refuses a server of a Raft zone, removes a lock file that a crash has left after proving that no oned " +
			"runs on this node, and returns when XML-RPC answers. An oned that runs outside of the unit, started by hand, is a " +
			"failure to start and monitor, and stop ends it.\n" +
			"A monitor at depth 10 (OCF_CHECK_LEVEL) asks oned over XML-RPC and finds one that hangs; the first one after a start " +
			"logs which virtual machines, images and hosts the last oned has left between two states, and the command for each " +
			"(it runs " + child.Program + " for that, changes nothing, and its result does not depend on it)."
	case s.Port != 0:
		text += "Start returns when the service answers. A monitor at depth 10 (OCF_CHECK_LEVEL) asks it on its port and finds " +
			"one that hangs."
	case s.Asked():
		text += "Start returns when the service is connected to oned. It has no port: a monitor at depth 10 (OCF_CHECK_LEVEL) looks " +
			"at its connections."
	default:
		text += "It answers nobody: a monitor looks at the unit."
	}
	if s.ReachesOned() {
		text += " A monitor at depth 20, which runs only where it is configured, proves the way to oned and its database with an " +
			"authenticated call. What a restart of the service does not mend, as refused credentials, is no failure: Pacemaker " +
			"shows the service as degraded."
	}
	return text
}
