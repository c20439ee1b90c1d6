package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/internal/diag"
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
		Usage:     "say what is wrong in a description",
		ArgsUsage: "FILE",
		Description: "Reports every finding as file:line:column: severity: what; what to do.\n\n" +
			"Examples:\n" +
			"  oneha check oneha.yaml\n" +
			"  oneha check --strict --no-local-files oneha.yaml    in a CI job\n" +
			"  oneha check --json oneha.yaml | jq .findings",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", DisableDefaultText: true, Usage: "print the findings as JSON on standard output"},
			&cli.BoolFlag{Name: "strict", DisableDefaultText: true, Usage: "take warnings for errors"},
			noLocalFiles,
		},
		Action: t.check,
	}
}

func (t tool) check(c *cli.Context) error {
	file, err := oneFile(c)
	if err != nil {
		return err
	}
	cluster, findings, err := t.load(file, !c.Bool("no-local-files"))
	if err != nil {
		return err
	}
	if c.Bool("strict") {
		for i := range findings {
			findings[i].Severity = diag.Error
		}
	}
	if c.Bool("json") {
		err = t.printJSON(findings)
	} else {
		t.print(findings)
		_, err = fmt.Fprintf(t.stdout, "%s: %s%s\n", file, tally(findings), summary(cluster, findings))
	}
	if err == nil && findings.HasErrors() {
		err = errFindings
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

// summary shows what was understood, if it can be relied on.
func summary(c spec.Cluster, findings diag.Findings) string {
	if findings.HasErrors() {
		return ""
	}
	return fmt.Sprintf("; cluster %s: %s, VIP %s, %s, layout %s", c.Name, diag.Count(len(c.Nodes), "node"), c.VIP.Address, strings.Join(c.Services, " "), c.Layout)
}
