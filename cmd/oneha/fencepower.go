package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/fencecheck"
)

// powerCommand is a command that is one action of the fence agent.
func (t tool) powerCommand(action, usage, description string, flags ...cli.Flag) *cli.Command {
	return &cli.Command{
		Name: action, Usage: usage, ArgsUsage: "NODE", Description: description, Flags: flags,
		Action: func(c *cli.Context) error { return t.power(c, action) },
	}
}

// outcome is what a command did to a node's power, as --json prints it.
type outcome struct {
	Node     string   `json:"node"`
	Agent    string   `json:"agent"`
	Address  string   `json:"address"`
	Action   string   `json:"action"`
	OK       bool     `json:"ok"`
	Power    string   `json:"power"` // on, off, or "" when it is not known
	Millis   float64  `json:"milliseconds"`
	Already  bool     `json:"already"` // there was nothing to do
	Warnings []string `json:"warnings"`
	Error    string   `json:"error,omitempty"`
}

func (t tool) power(c *cli.Context, action string) error {
	device, node, err := t.target(c)
	if err != nil {
		return err
	}
	ctx, done := duty(c.Context)
	defer done()
	if action == fence.ActionOff || action == fence.ActionReboot {
		err := t.confirm(ctx, c, device, action, t.isThisMachine(node))
		if err != nil {
			return err
		}
	}
	o := t.act(ctx, device, action, c.Bool("verbose"))
	if c.Bool("json") {
		return t.printOutcome(o)
	}
	for _, w := range o.Warnings {
		fmt.Fprintf(t.stderr, "oneha: warning: %s: %s\n", o.Node, w)
	}
	if !o.OK {
		return failure{fmt.Errorf("%s: %s", o.Node, o.Error)}
	}
	_, err = fmt.Fprintln(t.stdout, o)
	return err
}

func (t tool) printOutcome(o outcome) error {
	if err := t.encode(o); err != nil {
		return err
	}
	if !o.OK {
		return errFindings
	}
	return nil
}

// String says in one line what was done.
func (o outcome) String() string {
	power := o.Power
	if power == "" {
		power = "power unknown"
	}
	took := o.Millis / 1000
	switch {
	case o.Action == fence.ActionStatus:
		return fmt.Sprintf("%s: %s", o.Node, power)
	case o.Already:
		return fmt.Sprintf("%s: %s already", o.Node, power)
	case o.Action == fence.ActionReboot:
		return fmt.Sprintf("%s: rebooted in %.1f s, now %s", o.Node, took, power)
	}
	return fmt.Sprintf("%s: %s after %.1f s", o.Node, power, took)
}

// act runs the agent once, and after off and reboot asks for the power once
// more: some machines are switched on again by their own settings.
func (t tool) act(ctx context.Context, d fencecheck.Device, action string, verbose bool) outcome {
	o := outcome{Node: d.Node, Agent: d.Agent.Name, Address: d.Address(), Action: action, Warnings: []string{}}
	begin := time.Now()
	a := t.runAgent(ctx, d, action, verbose)
	o.Millis = millis(time.Since(begin))
	o.OK, o.Power, o.Error = a.ok, a.power, a.failure
	o.Already = strings.HasPrefix(a.said, "Success: Already")
	o.Warnings = append(o.Warnings, a.warnings...)
	switches := action != fence.ActionStatus
	if !o.OK {
		if switches && ctx.Err() != nil {
			o.Error += "; whether it was switched is not known: see oneha fence status " + d.Node
		}
		return o
	}
	if action != fence.ActionOff && action != fence.ActionReboot {
		return o
	}
	now := t.runAgent(ctx, d, fence.ActionStatus, verbose)
	switch {
	case !now.ok:
		o.Warnings = append(o.Warnings, "the power was seen off; asked once more, the BMC fails: "+now.failure)
	case action == fence.ActionOff && now.power == string(fence.On):
		o.OK, o.Power = false, now.power
		o.Error = "the power was seen off, but now it is on: something else switches the machine on, such as the cluster or a setting of the BMC"
	default:
		o.Power = now.power
	}
	return o
}

// answer is what an agent said.
type answer struct {
	ok       bool
	said     string // on standard output
	power    string // that the machine has now, "" when that is not known
	failure  string
	warnings []string
}

// runAgent runs a device's agent as the cluster does.
func (t tool) runAgent(ctx context.Context, d fencecheck.Device, action string, verbose bool) answer {
	var stdout bytes.Buffer
	stderr := &agentLines{}
	env := fence.SystemEnv()
	env.Stdin, env.Stdout, env.Stderr, env.Syslog = strings.NewReader(d.Input(action)), &stdout, stderr, t.syslog
	if verbose {
		env.Stdin = strings.NewReader(d.Input(action) + "verbose=1\n")
		stderr.rest = t.stderr
	} else {
		defer t.waiting(fmt.Sprintf("%s: waiting for the BMC at %s", d.Node, d.Address()))()
	}
	code := fence.Run(ctx, d.Agent, env)
	a := answer{
		ok:   code == 0 || action == fence.ActionStatus && code == 2, // which says off
		said: strings.TrimSpace(stdout.String()), failure: strings.Join(stderr.failures, "; "), warnings: stderr.warnings,
	}
	switch {
	case !a.ok && a.failure == "":
		a.failure = fmt.Sprintf("%s ended with %d", d.Agent.Name, code)
	case a.ok && action == fence.ActionStatus && code == 2, a.ok && action == fence.ActionOff:
		a.power = string(fence.Off)
	case a.ok && action != fence.ActionReboot:
		a.power = string(fence.On)
	}
	return a
}

// agentLines sorts what an agent writes to standard error: one line a message.
type agentLines struct {
	failures, warnings []string
	rest               io.Writer // for all other lines; nil when there are none
}

func (l *agentLines) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		line = strings.TrimSuffix(line, "\n")
		if text, ok := strings.CutPrefix(line, "Failed: "); ok {
			l.failures = append(l.failures, text)
		} else if text, ok := strings.CutPrefix(line, "Warning: "); ok {
			l.warnings = append(l.warnings, text)
		} else if l.rest != nil {
			fmt.Fprintln(l.rest, line)
		}
	}
	return len(p), nil
}
