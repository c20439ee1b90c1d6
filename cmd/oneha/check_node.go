package main

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/nodefacts"
)

// readNode finds out what there is to know of this node, and reads what another
// node said of itself.
func (t tool) readNode(c *cli.Context, in *input) error {
	name, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read host name: %w", err)
	}
	m := t.machine
	if m.Root == "" {
		m = nodefacts.Here(name)
	}
	in.facts.Node = nodefacts.Collect(c.Context, m, in.facts.Wanted())
	in.names = append(in.names, "node "+in.facts.Node.Name)
	for _, u := range in.facts.Node.Unknown {
		in.findings = append(in.findings, diag.Finding{File: "node " + in.facts.Node.Name, Severity: diag.Warning, What: "could not find out: " + u, Fix: "run this as root on the node itself"})
	}
	if file := c.String("peer-facts"); file != "" {
		_, data, err := t.readLarge(file)
		if err != nil {
			return fmt.Errorf("read node facts: %w", err)
		}
		if in.facts.Peer, err = lint.ReadNode(data); err != nil {
			return err
		}
	}
	return nil
}
