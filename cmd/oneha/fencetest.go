package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/fencecheck"
)

// stepReport is a step as --json prints it.
type stepReport struct {
	Name   string            `json:"name"`
	Result fencecheck.Result `json:"result"`
	Millis float64           `json:"milliseconds"`
	Text   string            `json:"text,omitempty"`
}

// testReport is what --json prints.
type testReport struct {
	Node    string       `json:"node"`
	Agent   string       `json:"agent"`
	Address string       `json:"address"`
	OK      bool         `json:"ok"`
	Steps   []stepReport `json:"steps"`
}

func (t tool) fenceTest(c *cli.Context) error {
	device, node, err := t.target(c)
	if err != nil {
		return err
	}
	ctx, done := duty(c.Context)
	defer done()
	r := testReport{Node: device.Node, Agent: device.Agent.Name, Address: device.Address()}
	asJSON := c.Bool("json")
	if !asJSON {
		fmt.Fprintf(t.stdout, "%s: %s at %s\n", r.Node, r.Agent, r.Address)
	}
	stop := t.waiting("waiting for the BMC")
	r.OK = fencecheck.Walk(ctx, device, func(s fencecheck.Step) {
		stop()
		if !asJSON {
			fmt.Fprint(t.stdout, stepLine(s))
		}
		r.Steps = append(r.Steps, stepReport{s.Name, s.Result, millis(s.Took), s.Text})
		stop = t.waiting("waiting for the BMC")
	})
	stop()
	switch {
	case asJSON:
		err = t.encode(r)
	case r.OK:
		_, err = fmt.Fprint(t.stdout, fold("", fmt.Sprintf("All is well as far as it can be tried without harm; oneha fence reboot %s tries the rest.", r.Node)))
	default:
		text := fmt.Sprintf("%s could not be fenced from here.", r.Node)
		if t.isThisMachine(node) {
			text += " " + ownBMC
		}
		_, err = fmt.Fprint(t.stdout, fold("", text))
	}
	if err == nil && !r.OK {
		err = errFindings
	}
	return err
}

// ownBMC is worth knowing when a BMC does not answer its own machine.
const ownBMC = "It is the BMC of this machine: one that shares a network port with its machine often does not answer it. " +
	"The other nodes fence this one, so try it from them."

// stepLine is a step for a person, its text folded beside it.
func stepLine(s fencecheck.Step) string {
	took := ""
	if s.Result == fencecheck.OK || s.Result == fencecheck.Failed {
		took = fmt.Sprintf("%.0f ms", millis(s.Took))
	}
	head := fmt.Sprintf("  %-11s  %-9s  %8s  ", s.Name, s.Result, took)
	text := fold(strings.Repeat(" ", len(head)), s.Text)
	return strings.TrimRight(head+text[min(len(head), len(text)):], " \n") + "\n"
}
