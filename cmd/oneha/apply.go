package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/apply"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/pacemaker"
	"github.com/oneha/oneha/internal/spec"
)

// rollbackDir is where the configurations are kept that were replaced.
const rollbackDir = "/var/lib/oneha/rollback"

// Flags that apply and rollback share.
var (
	yesFlag  = &cli.BoolFlag{Name: "yes", DisableDefaultText: true, Usage: "do not ask: for scripts"}
	waitFlag = &cli.DurationFlag{Name: "wait", Value: 5 * time.Minute, Usage: "wait so long for the cluster to settle; 0 not at all"}
	keepFlag = &cli.StringFlag{Name: "rollback-dir", Value: rollbackDir, Usage: "keep replaced configurations in `DIR`"}
	jsonFlag = &cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print the result as JSON on standard output, everything else on standard error"}
)

func (t tool) applyCommand() *cli.Command {
	return &cli.Command{
		Name:      "apply",
		Usage:     "make a running cluster what a description says",
		ArgsUsage: "FILE",
		Description: "Runs on a node of the cluster and needs Pacemaker's own tools only. It checks FILE,\n" +
			"shows what will change and what a failure will do then, asks, and makes one change\n" +
			"of the whole configuration: all of it or nothing, and nothing when somebody else\n" +
			"changed the configuration meanwhile. What the cluster has and FILE does not is\n" +
			"removed. Then it waits until the cluster has settled and says what runs where.\n" +
			"Run again it changes nothing. The old configuration is kept: oneha rollback.\n\n" +
			"Examples:\n" +
			"  oneha apply oneha.yaml\n" +
			"  oneha apply oneha.yaml --dry-run        only show what would change\n" +
			"  oneha apply oneha.yaml --yes --json     in a script\n\n" +
			"Passwords stay in the files that FILE names. With --cibsecret Pacemaker's own store\n" +
			"has them instead, on each node: run this on all nodes but one, then apply there:\n" +
			"  oneha apply oneha.yaml --cibsecret --store-only\n" +
			"  oneha apply oneha.yaml --cibsecret\n\n" +
			"Exit codes: 0 the cluster is what FILE says and has settled; 1 FILE has errors, the\n" +
			"cluster did not take the change, did not settle or something failed; 2 wrong\n" +
			"usage, or something that cannot be read.",
		Flags: []cli.Flag{
			yesFlag,
			&cli.BoolFlag{Name: "dry-run", DisableDefaultText: true, Usage: "show what would change, and change nothing"},
			&cli.BoolFlag{Name: "no-failures", DisableDefaultText: true, Usage: "do not work out what each failure will do"},
			waitFlag,
			&cli.BoolFlag{Name: "cibsecret", DisableDefaultText: true, Usage: "keep the passwords of fence devices in Pacemaker's store on this node (cibsecret)"},
			&cli.BoolFlag{Name: "store-only", DisableDefaultText: true, Usage: "with --cibsecret: write this node's store and leave the cluster as it is"},
			keepFlag, jsonFlag,
		},
		Action: t.apply,
	}
}

func (t tool) apply(c *cli.Context) error {
	file, err := oneFile(c)
	if err != nil {
		return err
	}
	if c.Bool("store-only") && !c.Bool("cibsecret") {
		return errors.New("--store-only is about the passwords: add --cibsecret")
	}
	if file == "-" && !c.Bool("yes") && !c.Bool("dry-run") {
		return errors.New("standard input is the description, so nobody can be asked: give a file, or --yes")
	}
	signal.Ignore(syscall.SIGPIPE) // a reader that went away stops no change half-way
	ctx, stop := signal.NotifyContext(c.Context, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	d, err := t.toApply(file)
	if err != nil {
		return err
	}
	var secrets []apply.Secret
	if c.Bool("cibsecret") {
		if secrets, err = t.useStore(&d.cluster); err != nil {
			return failure{err}
		}
	}
	if c.Bool("store-only") {
		return t.storeOnly(secrets)
	}
	run := t.changing(c, "apply")
	if !c.Bool("dry-run") {
		release, err := run.store.Lock()
		if err != nil {
			return failure{err}
		}
		defer release()
	}
	if err := run.look(ctx); err != nil {
		return err
	}
	generated, err := cib.Generate(d.cluster, "xml")
	if err != nil {
		return err
	}
	wanted := func(live []byte) ([]byte, error) { return apply.Wanted(live, generated[0].Data) }
	p := planned{cluster: d.cluster, live: run.live, corosync: run.corosync, calm: c.Bool("no-failures")}
	if p.wanted, err = wanted(run.live); err != nil {
		return failure{err}
	}
	if err := t.applicable(ctx, run, d, p.wanted); err != nil {
		return err
	}
	same, err := apply.Same(run.live, p.wanted)
	if err != nil {
		return failure{err}
	}
	if same {
		if !c.Bool("dry-run") {
			if run.result.Secrets, err = storeSecrets(secrets); err != nil {
				return failure{err}
			}
		}
		return run.nothing(ctx, fmt.Sprintf("nothing to change: the cluster is configured as %s says", file))
	}
	if err := run.show(ctx, p); err != nil {
		return err
	}
	if len(secrets) > 0 {
		fmt.Fprintf(t.stderr, "oneha: note: %s will be read from Pacemaker's store, which every node needs: run oneha apply %s --cibsecret --store-only on the others first\n",
			diag.Count(len(secrets), "password"), shellWord(file))
	}
	if c.Bool("dry-run") {
		return run.dry()
	}
	if err := run.ask(ctx, "Change the cluster so?"); err != nil {
		return err
	}
	if run.result.Secrets, err = storeSecrets(secrets); err != nil {
		return failure{fmt.Errorf("the configuration was not changed: %w", err)}
	}
	sum := sha256.Sum256(d.text)
	run.about.Description, run.about.Fingerprint = d.name, hex.EncodeToString(sum[:])
	return run.change(ctx, p.wanted, wanted, false)
}

// description is a description that has no errors.
type description struct {
	name    string
	text    []byte
	cluster spec.Cluster
}

// toApply reads the description and stops at its errors.
func (t tool) toApply(file string) (d description, err error) {
	if d.name, d.text, err = t.read(file); err != nil {
		return d, fmt.Errorf("read description: %w", err)
	}
	var findings diag.Findings
	d.cluster, findings = spec.Parse(d.name, d.text)
	if err := refuseZone(file, d.cluster); err != nil {
		return d, err
	}
	findings = append(findings, spec.CheckFiles(d.cluster, t.root)...)
	lint.Number(findings)
	findings.Sort()
	t.print(findings)
	if findings.HasErrors() {
		fmt.Fprintln(t.stderr, "oneha: nothing was changed: mend the errors above first")
		return d, errFindings
	}
	return d, nil
}

// applicable refuses what this cluster cannot become: the description of another
// one, what the rules of oneha check call an error, what crm_verify does.
func (t tool) applicable(ctx context.Context, run *changing, d description, wanted []byte) (err error) {
	facts := lint.Facts{Agents: agentParameters(), PacemakerVersion: plainVersion(run.before.Version)}
	if facts.Description, err = lint.Describe(d.name, d.text, d.cluster); err != nil {
		return err
	}
	found, bad := lint.ReadCorosync(corosyncConf, run.corosync)
	if len(run.corosync) > 0 && !bad.HasErrors() {
		facts.Corosync = found
	}
	findings := lint.Check(facts, nil)
	inFile := slices.DeleteFunc(slices.Clone(findings), func(f diag.Finding) bool { return f.File != d.name })
	findings = slices.DeleteFunc(findings, func(f diag.Finding) bool { // what the file says wrong corosync.conf mostly repeats
		return f.File != d.name && slices.ContainsFunc(inFile, func(other diag.Finding) bool { return other.ID == f.ID })
	})
	t.print(findings)
	if inFile.HasErrors() {
		fmt.Fprintln(t.stderr, "oneha: nothing was changed: mend the errors above first; oneha check --explain RULE says more")
		return errFindings
	}
	if err := t.sameNodes(run, d.cluster); err != nil {
		return failure{err}
	}
	if err := run.tools.Verify(ctx, wanted); err != nil {
		return failure{fmt.Errorf("nothing was changed: Pacemaker's own check refuses the new configuration: %w", err)}
	}
	return nil
}

// plainVersion is a version without the build that dc-version has behind it.
func plainVersion(v string) string {
	if i := slices.IndexFunc([]byte(v), func(c byte) bool { return c != '.' && (c < '0' || c > '9') }); i >= 0 {
		v = v[:i]
	}
	return v
}

// sameNodes refuses a description of other nodes than the cluster's.
func (t tool) sameNodes(run *changing, c spec.Cluster) error {
	var described, absent []string
	for _, n := range c.Nodes {
		described = append(described, n.Name)
		if _, ok := run.before.Node(n.Name); !ok {
			absent = append(absent, n.Name)
		}
	}
	for _, n := range run.before.Nodes {
		if !slices.Contains(described, n.Name) && n.ID != n.Name { // the ID of a remote node is its name
			return fmt.Errorf("nothing was changed: the cluster has the node %s, which the description does not: is it of another cluster?", n.Name)
		}
	}
	for _, n := range absent {
		fmt.Fprintf(t.stderr, "oneha: warning: node %s has never joined the cluster: start corosync and pacemaker there\n", n)
	}
	return nil
}

// pacemaker is Pacemaker's tools on this machine.
func (t tool) pacemaker() pacemaker.Tools { return pacemaker.Tools{} }
