package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/apply"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/pacemaker"
	"github.com/oneha/oneha/internal/preview"
	"github.com/oneha/oneha/internal/spec"
)

// planned is a plan: what is, what shall be, and what that will do. Who makes one
// sets the first part; foresee finds out the second.
type planned struct {
	cluster  spec.Cluster  // the description; its Name is "" when there is none
	live     []byte        // the CIB that is changed; nil for an empty configuration
	wanted   []byte        // the CIB that is planned for, with its nodes; the same as live when nothing is to be changed
	corosync []byte        // the corosync.conf that goes with it; nil when it is not known
	fence    time.Duration // how long a BMC takes, measured; 0 when nobody measured it
	diff     bool          // show the changes as a diff, too
	fail     []string      // failures that are asked for, by id, kind or subject; none for all
	calm     bool          // no failures
	brief    bool          // show nothing but the changes

	changes  cib.Changes
	budget   preview.Budget
	outcomes []preview.Outcome
	note     string // why there are no outcomes, or not all; "" when there are
}

func (t tool) planCommand() *cli.Command {
	return &cli.Command{
		Name:      "plan",
		Usage:     "say what a configuration changes, what each failure will do, and how long it takes",
		ArgsUsage: "[FILE]",
		Description: "With FILE and --cib: what FILE changes in that configuration; with FILE alone, in\n" +
			"an empty one; with --cib alone, nothing changes. Then, for the result: the\n" +
			"timing budget, and what happens in each failure, as Pacemaker's own scheduler\n" +
			"(crm_simulate) answers for a healthy cluster. Nothing is changed.\n\n" +
			"Examples:\n" +
			"  oneha plan oneha.yaml\n" +
			"  oneha plan oneha.yaml --cib live --diff\n" +
			"  oneha plan --cib live                             the running cluster\n" +
			"  oneha plan oneha.yaml --fail one-server1 --fail stop-failed:oned\n" +
			"  oneha plan oneha.yaml --fence-time 8s             as oneha fence probe measured\n" +
			"  oneha plan oneha.yaml --json | jq '.outcomes[] | {failure, words}'\n" +
			"  oneha plan oneha.yaml --graph cluster.svg --no-failures\n\n" +
			"Exit codes: 0 done, also without crm_simulate here, unless --fail is given;\n" +
			"1 errors in FILE; 2 wrong usage, or something that cannot be read or simulated.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "cib", Usage: "the configuration that is: the CIB in `FILE`; live is the running cluster's, with this node's corosync.conf"},
			&cli.StringFlag{Name: "corosync", Usage: "the corosync.conf in `FILE` (default: the one that FILE makes, or with --cib live this node's)"},
			&cli.BoolFlag{Name: "diff", DisableDefaultText: true, Usage: "show the changes as a diff, too"},
			&cli.StringSliceFlag{Name: "fail", Usage: "only the failures with `ID`, such as node-lost:NODE, or node-lost, or NODE; may be repeated"},
			&cli.BoolFlag{Name: "no-failures", DisableDefaultText: true, Usage: "leave the failures out"},
			&cli.DurationFlag{Name: "fence-time", Usage: "a BMC takes `TIME` to fence, such as 8s (default: a usual one)"},
			&cli.StringFlag{Name: "graph", Usage: "draw the cluster into `FILE`, as .svg or .dot"},
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print everything as JSON"},
			targetFlag,
		},
		Action: t.plan,
	}
}

func (t tool) plan(c *cli.Context) error {
	p := planned{fence: c.Duration("fence-time"), diff: c.Bool("diff"), fail: c.StringSlice("fail"), calm: c.Bool("no-failures")}
	switch {
	case c.NArg() == 0 && !c.IsSet("cib"):
		return fmt.Errorf("nothing to plan: give the description, --cib, or both; see %s --help", c.Command.HelpName)
	case p.calm && len(p.fail) > 0:
		return errors.New("--fail and --no-failures contradict each other: keep one of them")
	case p.fence < 0:
		return errors.New("--fence-time is negative: give what oneha fence probe measured, such as 8s")
	}
	graph := c.String("graph")
	if c.IsSet("graph") {
		if _, err := graphForm(graph); err != nil {
			return err
		}
	}
	if file := c.String("graph"); file != "" {
		if _, err := graphForm(file); err != nil {
			return err
		}
	}
	tools := pacemaker.Tools{}
	if err := t.readPlan(c, tools, &p); err != nil {
		return err
	}
	if err := t.foresee(c.Context, tools, &p); err != nil {
		return err
	}
	if graph != "" {
		if err := t.writeGraph(graph, p.wanted, p.corosync, p.cluster.Name); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return t.encode(p.report())
	}
	if err := t.showPlan(c.Context, t.stdout, p); err != nil || graph == "" {
		return err
	}
	_, err := fmt.Fprintf(t.stdout, "\nwrote %s\n", graph)
	return err
}

// readPlan reads what is and what shall be.
func (t tool) readPlan(c *cli.Context, tools pacemaker.Tools, p *planned) (err error) {
	live := c.String("cib") == "live"
	switch {
	case live:
		p.live, err = tools.Query(c.Context)
	case c.IsSet("cib"):
		_, p.live, err = t.readLarge(c.String("cib"))
	}
	if err != nil {
		return fmt.Errorf("read CIB: %w", err)
	}
	p.wanted = p.live
	if c.NArg() > 0 {
		if err := t.readWanted(c, p); err != nil {
			return err
		}
	}
	switch file := c.String("corosync"); {
	case file != "":
		_, p.corosync, err = t.readLarge(file)
	case live:
		if _, text, missing := t.readLocal(corosyncConf); missing == nil {
			p.corosync = text
		} else if !errors.Is(missing, fs.ErrNotExist) {
			err = missing
		}
	}
	if err != nil {
		return fmt.Errorf("read corosync.conf: %w", err)
	}
	return nil
}

// readWanted reads the description and makes the CIB of it.
func (t tool) readWanted(c *cli.Context, p *planned) error {
	file, err := oneFile(c)
	if err != nil {
		return err
	}
	if file == "-" && (c.String("cib") == "-" || c.String("corosync") == "-") {
		return errors.New("only one of FILE, --cib and --corosync may be standard input")
	}
	cluster, findings, err := t.loadCluster(file, false)
	if err != nil {
		return err
	}
	if err := t.retarget(c, &cluster); err != nil {
		return err
	}
	if !findings.HasErrors() {
		findings = append(findings, spec.CheckFormats(cluster, []string{"xml", "corosync"})...)
	}
	t.print(findings)
	if findings.HasErrors() {
		return errFindings
	}
	files, err := cib.Generate(cluster, "xml", "corosync")
	if err != nil {
		return err
	}
	p.cluster, p.corosync, p.wanted = cluster, files[1].Data, files[0].Data
	if p.live != nil {
		if p.wanted, err = apply.Wanted(p.live, p.wanted); err != nil {
			return err
		}
	}
	return nil
}

// foresee finds out the changes, the budget and the outcomes of a plan. That this
// machine has no crm_simulate is a note, and an error only when certain failures were
// asked for.
func (t tool) foresee(ctx context.Context, tools pacemaker.Tools, p *planned) (err error) {
	before := p.live
	if before == nil {
		before = emptyCIB
	}
	if p.changes, err = cib.Compare(before, p.wanted); err != nil {
		return fmt.Errorf("compare configurations: %w", err)
	}
	known, err := preview.WithNodes(p.wanted, preview.ReadCorosync(p.corosync, 0).Names)
	if err != nil {
		return err
	}
	nodes, err := preview.Nodes(known)
	if err != nil {
		return err
	}
	failures, err := preview.Failures(known)
	if err != nil {
		return err
	}
	corosync := preview.ReadCorosync(p.corosync, nodes)
	if p.budget, err = preview.NewBudget(known, corosync, p.fence); err != nil {
		return err
	}
	switch {
	case p.calm:
		return nil
	case nodes == 0 && len(p.fail) > 0:
		return errors.New("preview failures: the CIB names no node: give the corosync.conf that goes with it, with --corosync")
	case nodes == 0:
		p.note = "what happens in a failure is not shown: the CIB names no node; give the corosync.conf that goes with it, with --corosync"
		return nil
	}
	failures, err = chosen(corosync.Quorum(failures), p.fail)
	if err != nil {
		return err
	}
	if len(failures) > manyFailures && len(p.fail) == 0 {
		all := len(failures)
		failures = slices.DeleteFunc(failures, func(f preview.Failure) bool { return len(f.Nodes) == 0 })
		p.note = fmt.Sprintf("%d failures of single resources are left out: ask for them by --fail RESOURCE", all-len(failures))
	}
	progress, done := t.counting("asking the scheduler about failures")
	p.outcomes, err = preview.Run(ctx, tools, known, failures, progress)
	done()
	switch {
	case errors.Is(err, pacemaker.ErrNoTool) && len(p.fail) == 0:
		p.note = "what happens in a failure is not shown: there is no crm_simulate here; run this on a cluster node"
		return nil
	case err != nil:
		return fmt.Errorf("preview failures: %w", err)
	}
	p.budget.Time(p.outcomes)
	return nil
}

// manyFailures is how many are simulated without being asked for: each takes a tenth of
// a second or two.
const manyFailures = 150

// emptyCIB is what a new cluster has.
var emptyCIB = []byte(`<cib><configuration><crm_config/><nodes/><resources/><constraints/></configuration></cib>`)

// chosen are the failures with one of the names: an id, a kind or a subject.
func chosen(failures []preview.Failure, names []string) ([]preview.Failure, error) {
	if len(names) == 0 {
		return failures, nil
	}
	var known []string
	wanted := map[string]bool{}
	for _, f := range failures {
		known = append(known, f.ID, string(f.Kind), f.Subject)
	}
	for _, name := range names {
		switch meant := diag.Nearest(name, known); {
		case slices.Contains(known, name) && name != "":
			wanted[name] = true
		case meant != "":
			return nil, fmt.Errorf("there is no failure %q in this cluster: did you mean %q?", name, meant)
		default:
			var ids []string
			for _, f := range failures {
				ids = append(ids, f.ID)
			}
			return nil, fmt.Errorf("there is no failure %q in this cluster: use one of %s", name, strings.Join(ids, ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(failures), func(f preview.Failure) bool {
		return !wanted[f.ID] && !wanted[string(f.Kind)] && !wanted[f.Subject]
	}), nil
}
