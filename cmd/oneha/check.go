package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/pacemaker"
	"github.com/oneha/oneha/internal/spec"
)

var noLocalFiles = &cli.BoolFlag{
	Name:               "no-local-files",
	DisableDefaultText: true,
	Usage:              "this machine is not one of the nodes: do not look for password files here",
}

func (t tool) checkCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "say what is wrong in a description, a cluster's configuration, a node",
		ArgsUsage: "[FILE]",
		Description: "Checks a description, a CIB, a corosync.conf and this node, in any combination and\n" +
			"together: by the same rules, and against each other. Every finding is a line\n" +
			"file:line:col: severity RULE: what; what to do. Of FILE, --cib, --corosync and\n" +
			"--peer-facts one may be - for standard input.\n\n" +
			"Examples:\n" +
			"  oneha check oneha.yaml\n" +
			"  oneha check --strict --no-local-files oneha.yaml    in a CI job\n" +
			"  oneha check --json oneha.yaml | jq .findings\n" +
			"  oneha check --node raft.yaml                        a server of a Raft zone\n" +
			"  oneha check --cib live                              the running cluster\n" +
			"  oneha check --cib live oneha.yaml                   is it what the file says?\n" +
			"  oneha check --cib cib.xml --corosync corosync.conf --target-pacemaker 2.1.5\n" +
			"  oneha check --cib live --rules -F09,Q04             without these rules\n" +
			"  oneha check --explain F03\n" +
			"  oneha check --list\n\n" +
			"This node, and whether it is the twin of the other:\n" +
			"  oneha check --node --cib live\n" +
			"  oneha check --node --facts oneha.yaml > node1.json  on node 1\n" +
			"  oneha check --node --peer-facts node1.json oneha.yaml    on node 2\n\n" +
			"Exit codes: 0 no errors, perhaps warnings; 1 errors; 2 wrong usage, or something\n" +
			"that cannot be read.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "cib", Usage: "check the CIB in `FILE`; live is the running cluster's, with this node's corosync.conf"},
			&cli.StringFlag{Name: "corosync", Usage: "check the corosync.conf in `FILE`"},
			&cli.BoolFlag{Name: "node", DisableDefaultText: true, Usage: "check this node too: units, OpenNebula's files, addresses, ports, time, BMCs; nothing is changed"},
			&cli.BoolFlag{Name: "facts", DisableDefaultText: true, Usage: "with --node: print what was found out, as JSON for --peer-facts, and check nothing"},
			&cli.StringFlag{Name: "peer-facts", Usage: "with --node: compare with `FILE`, what --facts printed on another node"},
			&cli.StringFlag{Name: "target-pacemaker", Usage: "the `VERSION` of Pacemaker that the configuration is for (default: the one that the CIB names)"},
			&cli.StringFlag{Name: "target-corosync", Usage: "the `VERSION` of corosync"},
			&cli.StringFlag{Name: "rules", Usage: "apply only the rules in `LIST`, as in F01,F03; with - before it all but those"},
			&cli.StringFlag{Name: "explain", Usage: "say what `RULE` means, why, and how to mend it"},
			&cli.BoolFlag{Name: "list", DisableDefaultText: true, Usage: "list all rules"},
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print the findings as JSON on standard output; with --list and --explain the rules"},
			&cli.BoolFlag{Name: "strict", DisableDefaultText: true, Usage: "take warnings for errors"},
			noLocalFiles,
		},
		Action: t.check,
	}
}

func (t tool) check(c *cli.Context) error {
	if c.Bool("list") || c.IsSet("explain") {
		return t.rules(c)
	}
	use, err := ruleFilter(c.String("rules"))
	if err != nil {
		return err
	}
	in, err := t.gather(c)
	if err != nil {
		return err
	}
	if c.Bool("facts") {
		return t.encode(in.facts.Node)
	}
	findings := append(in.findings, lint.Check(in.facts, use)...)
	findings = slices.DeleteFunc(findings, func(f diag.Finding) bool { return f.ID != "" && !use(f.ID) })
	findings.Sort()
	if c.Bool("strict") {
		for i := range findings {
			findings[i].Severity = diag.Error
		}
	}
	if c.Bool("json") {
		err = t.printJSON(findings)
	} else {
		t.print(findings)
		_, err = fmt.Fprintf(t.stdout, "%s: %s%s\n", strings.Join(in.names, ", "), tally(findings), summary(in.cluster, findings))
	}
	if err == nil && findings.HasErrors() {
		err = errFindings
	}
	return err
}

// input is all that one check looks at.
type input struct {
	names    []string // of what was given
	cluster  spec.Cluster
	facts    lint.Facts
	findings diag.Findings // about the form of what was given
}

// gather reads what was given.
func (t tool) gather(c *cli.Context) (in input, err error) {
	if c.NArg() > 1 || c.NArg() == 0 && !c.IsSet("cib") && !c.IsSet("corosync") && !c.Bool("node") {
		if c.NArg() == 0 {
			return in, fmt.Errorf("nothing to check: give the description, --cib, --corosync or --node; see %s --help", c.Command.HelpName)
		}
		_, err := oneFile(c)
		return in, err
	}
	if !c.Bool("node") && (c.Bool("facts") || c.IsSet("peer-facts")) {
		return in, errors.New("--facts and --peer-facts are about this node: add --node")
	}
	in.facts.Agents = agentParameters()
	for flag, to := range map[string]*string{"target-pacemaker": &in.facts.PacemakerVersion, "target-corosync": &in.facts.CorosyncVersion} {
		if *to = c.String(flag); c.IsSet(flag) && !lint.IsVersion(*to) {
			return in, fmt.Errorf("--%s %q is no version: write it as 2.1.5", flag, *to)
		}
	}
	if c.NArg() == 1 {
		if err := t.readDescription(&in, c.Args().First(), !c.Bool("no-local-files")); err != nil {
			return in, err
		}
	}
	live := c.String("cib") == "live"
	if c.IsSet("cib") {
		name, data, err := "live CIB", []byte(nil), error(nil)
		if live {
			data, err = pacemaker.Tools{}.Query(c.Context)
		} else {
			name, data, err = t.readLarge(c.String("cib"))
		}
		if err != nil {
			return in, fmt.Errorf("read CIB: %w", err)
		}
		found, bad := lint.ReadCIB(name, data)
		in.names, in.facts.CIB, in.findings = append(in.names, name), found, append(in.findings, bad...)
	}
	if file := c.String("corosync"); file != "" || live {
		read := t.readLarge
		if file == "" {
			file, read = corosyncConf, t.readLocal
		}
		name, data, err := read(file)
		switch {
		case err != nil && !c.IsSet("corosync") && errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return in, fmt.Errorf("read corosync.conf: %w", err)
		default:
			found, bad := lint.ReadCorosync(name, data)
			in.names, in.facts.Corosync, in.findings = append(in.names, name), found, append(in.findings, bad...)
		}
	}
	if c.Bool("node") {
		return in, t.readNode(c, &in)
	}
	return in, nil
}

const corosyncConf = "/etc/corosync/corosync.conf"

func (t tool) readDescription(in *input, file string, isNode bool) error {
	name, data, err := t.read(file)
	if err != nil {
		return fmt.Errorf("read description: %w", err)
	}
	in.names = append(in.names, file)
	in.cluster, in.findings = spec.Parse(name, data)
	usable := !in.findings.HasErrors()
	if isNode {
		in.findings = append(in.findings, spec.CheckFiles(in.cluster, t.root)...)
	}
	lint.Number(in.findings)
	if usable {
		if in.facts.Description, err = lint.Describe(name, data, in.cluster); err != nil {
			return err
		}
	}
	return nil
}

// largest bounds the files of a cluster, in bytes: the CIB of 500 resources has half
// a million.
const largest = 64 << 20

// ruleFilter reads --rules.
func ruleFilter(list string) (func(id string) bool, error) {
	names, not := strings.CutPrefix(list, "-")
	if names == "" && list != "" {
		return nil, errors.New("--rules names no rule: see oneha check --list")
	}
	var ids []string
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimPrefix(strings.TrimSpace(name), "-"); name == "" {
			continue
		}
		rule, ok := lint.Named(name)
		if !ok {
			return nil, fmt.Errorf("unknown rule %q: see oneha check --list", name)
		}
		ids = append(ids, rule.ID)
	}
	return func(id string) bool { return len(ids) == 0 || slices.Contains(ids, id) != not }, nil
}

// rules prints the table, or one row of it in full.
func (t tool) rules(c *cli.Context) error {
	if c.NArg() > 0 {
		return fmt.Errorf("--list and --explain take no FILE; see %s --help", c.Command.HelpName)
	}
	rules := lint.Rules
	if c.IsSet("explain") {
		rule, ok := lint.Named(c.String("explain"))
		if !ok {
			return fmt.Errorf("unknown rule %q: see oneha check --list", c.String("explain"))
		}
		rules = []lint.Rule{rule}
	}
	var err error
	switch {
	case c.Bool("json"):
		err = t.encode(rules)
	case c.IsSet("explain"):
		r := rules[0]
		_, err = fmt.Fprintf(t.stdout, "%s  %s (%s)\n%s%s%s", r.ID, r.Title, r.Severity,
			fold("    ", r.Why), fold("    ", "To mend it: "+r.Fix+"."), fold("    ", "Source: "+r.Source+"."))
	default:
		for _, r := range rules {
			if _, err = fmt.Fprintf(t.stdout, "%s  %-7s  %s\n", r.ID, r.Severity, r.Title); err != nil {
				break
			}
		}
	}
	return err
}

// report is what --json prints.
type report struct {
	Errors   int           `json:"errors"`
	Warnings int           `json:"warnings"`
	Findings diag.Findings `json:"findings"` // never null
}

func (t tool) printJSON(findings diag.Findings) error {
	r := report{Findings: append(diag.Findings{}, findings...)}
	r.Errors, r.Warnings = counts(findings)
	return t.encode(r)
}

// summary shows what was understood of a description, if it can be relied on.
func summary(c spec.Cluster, findings diag.Findings) string {
	if findings.HasErrors() || c.Name == "" {
		return ""
	}
	if z := c.Zone; z != nil {
		return fmt.Sprintf("; zone %s: %s, %s, election after %s", c.Name, diag.Count(len(z.Servers), "server"), zoneVIPs(z), z.Election)
	}
	return fmt.Sprintf("; cluster %s: %s, VIP %s, %s, layout %s", c.Name, diag.Count(len(c.Nodes), "node"), c.VIP.Address, strings.Join(c.Services, " "), c.Layout)
}

// readLarge is read for the files of a cluster.
func (t tool) readLarge(file string) (name string, data []byte, err error) {
	return t.readUpTo(file, largest)
}

// readLocal reads a file of this machine.
func (t tool) readLocal(file string) (name string, data []byte, err error) {
	data, err = fs.ReadFile(t.root, strings.TrimPrefix(file, "/"))
	return file, data, err
}

// readUpTo is read with another limit, past which it fails.
func (t tool) readUpTo(file string, limit int64) (name string, data []byte, err error) {
	from := t.stdin
	if name = "<stdin>"; file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", nil, err
		}
		defer f.Close()
		name, from = file, f
	}
	data, err = io.ReadAll(io.LimitReader(from, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d MiB", name, limit>>20)
	}
	return name, data, err
}
