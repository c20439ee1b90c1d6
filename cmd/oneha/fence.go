package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/fenceagent"
	"github.com/oneha/oneha/internal/fencecheck"
	"github.com/oneha/oneha/internal/spec"
)

// defaultFile is the description when -f names none.
const defaultFile = "oneha.yaml"

func (t tool) fenceCommand() *cli.Command {
	file := &cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "the description is `FILE`, - for standard input (default: " + defaultFile + ")"}
	asJSON := &cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print the result as JSON on standard output"}
	verbose := &cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, DisableDefaultText: true, Usage: "write each step of the agent to standard error"}
	device := &cli.StringFlag{Name: "device", Usage: "of several devices of the node use `ID`, such as fence-pdu1 (default: the first)"}
	yes := &cli.BoolFlag{Name: "yes", DisableDefaultText: true, Usage: "do not ask: for scripts"}
	return &cli.Command{
		Name:      "fence",
		Usage:     "try the BMCs of a description by hand, and judge the cluster's timeouts",
		UsageText: "oneha fence status|test|on|off|reboot NODE [-f FILE]\noneha fence probe [-f FILE]",
		Description: "Each BMC is asked as the cluster asks it: by the same agent with the same\n" +
			"options. Only on, off and reboot switch anything. A running cluster does not\n" +
			"know what is switched here; to fence a node through it use stonith_admin.\n\n" +
			"Exit codes: 0 done, and status for a machine that is off too; 1 a BMC did not\n" +
			"do what it should, or a timeout does not fit; 2 wrong usage.\n\n" +
			"Examples:\n" +
			"  oneha fence test one-server2\n" +
			"  oneha fence probe -f oneha.yaml\n" +
			"  oneha fence reboot one-server2 -f oneha.yaml",
		Subcommands: []*cli.Command{
			t.powerCommand(fence.ActionStatus, "say whether a node's power is on or off",
				"Example:\n  oneha fence status one-server1 --json | jq -r .power", file, device, asJSON, verbose),
			{
				Name: "test", Usage: "try everything that can be tried without harm", ArgsUsage: "NODE",
				Description: "Tries what a fencing needs, step by step, and switches nothing: the options\n" +
					"and the password file, the address, the login, the power state twice.\n\n" +
					"Example:\n  oneha fence test one-server1 -f oneha.yaml",
				Flags: []cli.Flag{file, device, asJSON}, Action: t.fenceTest,
			},
			t.powerCommand(fence.ActionOn, "switch a node on",
				"Example:\n  oneha fence on one-server2", file, device, asJSON, verbose),
			t.powerCommand(fence.ActionOff, "switch a node off, at once",
				"The power is cut without a shutdown. It counts as done when the BMC said that\n"+
					"the power is off, within power_timeout; the cluster waits longer.\n\n"+
					"Examples:\n  oneha fence off one-server2\n  oneha fence off one-server2 --yes    in a script", file, device, asJSON, verbose, yes),
			t.powerCommand(fence.ActionReboot, "switch a node off, at once, and on again",
				"The power is cut without a shutdown. It counts as done when the BMC said that\n"+
					"the power is off, within power_timeout; the cluster waits longer. That the\n"+
					"node does not come on again is a warning.\n\n"+
					"Examples:\n  oneha fence reboot one-server2\n  oneha fence reboot one-server2 --yes    in a script", file, device, asJSON, verbose, yes),
			t.probeCommand(file, asJSON),
		},
		Action: noFenceCommand,
	}
}

func noFenceCommand(c *cli.Context) error {
	if !c.Args().Present() {
		return fmt.Errorf("say what to do with which node: see %s --help", c.Command.HelpName)
	}
	return unknownCommand(c.Args().First(), c.Command.VisibleCommands())
}

// duty prepares the process for dealing with BMCs: a signal ends what is under
// way in good order, a reader that went away does not, and no password gets into a
// core file.
func duty(ctx context.Context) (context.Context, context.CancelFunc) {
	fence.ForbidCore()
	signal.Ignore(syscall.SIGPIPE)
	return signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
}

// described reads the description that the flags of a command name. Whether its
// password files are there is for the agents to say.
func (t tool) described(c *cli.Context) (spec.Cluster, error) {
	file := c.String("file")
	if file == "" {
		file = defaultFile
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return spec.Cluster{}, fmt.Errorf("no -f FILE given, and there is no %s in this directory: name the description", defaultFile)
		}
	}
	cluster, findings, err := t.loadCluster(file, false)
	if err == nil && findings.HasErrors() {
		t.print(findings)
		err = errFindings
	}
	return cluster, err
}

// target returns the device of the node that a command's argument names, and the
// node.
func (t tool) target(c *cli.Context) (fencecheck.Device, spec.Node, error) {
	fail := func(err error) (fencecheck.Device, spec.Node, error) {
		return fencecheck.Device{}, spec.Node{}, err
	}
	if c.NArg() != 1 {
		return fail(fmt.Errorf("%s given: name one; see %s --help", diag.Count(c.NArg(), "node"), c.Command.HelpName))
	}
	cluster, err := t.described(c)
	if err != nil {
		return fail(err)
	}
	name, names := c.Args().First(), []string(nil)
	for _, n := range cluster.Nodes {
		names = append(names, n.Name)
	}
	i := slices.Index(names, name)
	if i < 0 {
		hint := ""
		if meant := diag.Nearest(name, names); meant != "" {
			hint = fmt.Sprintf("did you mean %q? ", meant)
		}
		return fail(fmt.Errorf("unknown node %q: %sthe nodes are %s", name, hint, strings.Join(names, ", ")))
	}
	devices, others := devicesOf(cluster)
	device, err := choose(name, c.String("device"), devices, others)
	return device, cluster.Nodes[i], err
}

// choose picks the device of a node that id names, the first one when it names
// none: that is the one the cluster tries first.
func choose(node, id string, devices []fencecheck.Device, others []spec.FenceDevice) (fencecheck.Device, error) {
	var known []string
	for _, d := range devices {
		if d.Node == node && (id == "" || d.ID == id) {
			return d, nil
		}
		if d.Node == node {
			known = append(known, d.ID)
		}
	}
	for _, o := range others {
		if slices.Contains(o.Nodes(), node) && (id == "" || o.ID == id) {
			return fencecheck.Device{}, fmt.Errorf("%s is a device of %s, whose place no agent of oneha takes: try that agent itself", o.ID, o.Agent)
		}
		if slices.Contains(o.Nodes(), node) {
			known = append(known, o.ID)
		}
	}
	return fencecheck.Device{}, fmt.Errorf("node %s has no device %q: it has %s", node, id, strings.Join(known, ", "))
}

// devicesOf are the fence devices of a cluster, once for each node that they power
// off, in the order of the description; and those that no agent of ours can ask.
func devicesOf(c spec.Cluster) (devices []fencecheck.Device, others []spec.FenceDevice) {
	for _, f := range c.Fencing {
		agent, ok := fenceagent.Like(f.Agent)
		if !ok {
			others = append(others, f)
			continue
		}
		for _, node := range f.Nodes() {
			d := fencecheck.Device{ID: f.ID, Node: node, Agent: agent}
			if f.Target != "" || node == c.Protected() {
				d.Delay = f.Delay
			}
			for _, p := range f.Plugs {
				if p.Node == node {
					d.Plug = p.Plug
				}
			}
			for _, o := range f.Options {
				d.Options = append(d.Options, fencecheck.Option(o))
			}
			devices = append(devices, d)
		}
	}
	return devices, others
}

// isThisMachine reports whether a node is the machine that runs the command, by
// its host name or by an address.
func (t tool) isThisMachine(n spec.Node) bool {
	data, _ := fs.ReadFile(t.root, "proc/sys/kernel/hostname")
	host := strings.TrimSpace(string(data))
	first := func(name string) string { label, _, _ := strings.Cut(name, "."); return label }
	if host != "" && (strings.EqualFold(host, n.Name) || strings.EqualFold(first(host), n.Name) || strings.EqualFold(host, first(n.Name))) {
		return true
	}
	if t.addresses == nil {
		return false
	}
	addrs, _ := t.addresses()
	return slices.ContainsFunc(addrs, func(a net.Addr) bool {
		prefix, err := netip.ParsePrefix(a.String())
		return err == nil && slices.Contains(n.Addrs, prefix.Addr())
	})
}
