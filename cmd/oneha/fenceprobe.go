package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/fencecheck"
	"github.com/oneha/oneha/internal/spec"
)

// offTime is how long a machine is taken to need to go off, and to come on. It is
// why fence_delay is 5 s by default and not less.
const offTime = 2 * time.Second

// mostTries bounds --tries: each is a login, and a BMC has few sessions.
const mostTries = 100

func (t tool) probeCommand(flags ...cli.Flag) *cli.Command {
	return &cli.Command{
		Name: "probe", Usage: "ask every BMC and judge the cluster's timeouts",
		Description: "Asks all BMCs at the same time, several times each, and switches nothing. From\n" +
			"the slowest answers it judges whether stonith-timeout is long enough, and with\n" +
			"two nodes whether fence_delay surely decides who survives when both fence each\n" +
			"other. How long a machine takes to go off cannot be measured without harm:\n" +
			"--off-time says it, and oneha fence off shows it.\n\n" +
			"The BMCs may be farther from one node than from another: run it on each.\n\n" +
			"Examples:\n" +
			"  oneha fence probe\n" +
			"  oneha fence probe -f oneha.yaml --tries 10 --off-time 6s\n" +
			"  oneha fence probe --json | jq '.bmcs[].latency.worst_ms'",
		Flags: append(slices.Clone(flags),
			&cli.IntFlag{Name: "tries", Value: 3, Usage: "log in to each BMC `N` times"},
			&cli.DurationFlag{Name: "off-time", Value: offTime, Usage: "a machine is off `TIME` after it was told to"}),
		Action: t.probe,
	}
}

func (t tool) probe(c *cli.Context) error {
	switch tries := c.Int("tries"); {
	case c.NArg() > 0:
		return fmt.Errorf("%q is one word too many: probe asks every node's BMC; see %s --help", c.Args().First(), c.Command.HelpName)
	case tries < 1 || tries > mostTries:
		return fmt.Errorf("--tries is %d: give 1 to %d", tries, mostTries)
	case c.Duration("off-time") < 0 || c.Duration("off-time") > time.Hour:
		return fmt.Errorf("--off-time is %s: give a time such as 6s", c.Duration("off-time"))
	}
	cluster, err := t.described(c)
	if err != nil {
		return err
	}
	devices, others := devicesOf(cluster)
	ctx, stop := duty(c.Context)
	defer stop()
	done := t.waiting("waiting for " + diag.Count(len(devices), "BMC"))
	p := probed{self: t.self(cluster), assumed: fencecheck.Assumption{Off: c.Duration("off-time")}, nodes: len(cluster.Nodes), others: others}
	p.measured = fencecheck.Measure(ctx, devices, c.Int("tries"))
	done()
	if ctx.Err() != nil {
		return failure{errors.New("interrupted")}
	}
	p.verdicts = fencecheck.Judge(fencecheck.Cluster{Nodes: p.nodes, StonithTimeout: stonithTimeout(cluster)}, p.assumed, p.measured)
	if c.Bool("json") {
		err = t.encode(p.report())
	} else {
		_, err = fmt.Fprint(t.stdout, p.table(), p.errors(), p.judgement())
	}
	if err == nil && !p.good() {
		err = errFindings
	}
	return err
}

// self is the name of the node that this machine is, "" when it is none.
func (t tool) self(c spec.Cluster) string {
	for _, n := range c.Nodes {
		if t.isThisMachine(n) {
			return n.Name
		}
	}
	return ""
}

// stonithTimeout is the time that the generated configuration gives to one
// fencing, 0 when it is not understood. Pacemaker 3 calls it fencing-timeout too;
// of both the shorter counts.
func stonithTimeout(c spec.Cluster) time.Duration {
	var least time.Duration
	for _, p := range cib.Build(c).Properties {
		if p.Name != "stonith-timeout" && p.Name != "fencing-timeout" {
			continue
		}
		d := pacemakerTime(p.Value)
		if d == 0 {
			return 0
		}
		if least == 0 || d < least {
			least = d
		}
	}
	return least
}

// units are those of Pacemaker's durations (Pacemaker Explained, "Property
// Types"), longer names first; without one a number is in seconds.
var units = []struct {
	name string
	unit time.Duration
}{
	{"msec", time.Millisecond}, {"ms", time.Millisecond},
	{"sec", time.Second}, {"s", time.Second},
	{"min", time.Minute}, {"m", time.Minute},
	{"hr", time.Hour}, {"h", time.Hour},
	{"", time.Second},
}

// pacemakerTime reads a duration as Pacemaker does, 0 when it is none or longer
// than a day.
func pacemakerTime(text string) time.Duration {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, u := range units {
		number, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 32)
		if err != nil || time.Duration(n) > 24*time.Hour/u.unit {
			return 0
		}
		return time.Duration(n) * u.unit
	}
	return 0
}
