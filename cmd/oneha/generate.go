package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/spec"
)

func (t tool) generateCommand() *cli.Command {
	return &cli.Command{
		Name:      "generate",
		Usage:     "write a cluster's configuration",
		ArgsUsage: "FILE",
		Description: "Writes the configuration as CIB XML, as a script of pcs commands, as a script\n" +
			"for the crm shell, and corosync.conf. The first three say the same: use one.\n" +
			"With errors in FILE nothing is written. The same FILE gives the same bytes.\n\n" +
			"Examples:\n" +
			"  oneha generate oneha.yaml -o out\n" +
			"  oneha generate oneha.yaml -o out --format pcs,corosync\n" +
			"  oneha generate oneha.yaml --format corosync > corosync.conf\n" +
			"  oneha generate - --format xml < oneha.yaml | crm_verify -p",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write into `DIR`, which is made if it does not exist"},
			&cli.StringSliceFlag{Name: "format", Usage: "write `FORMAT`, one or several of " + strings.Join(cib.Formats(), ", ") + ", all (default: all); may be repeated"},
			noLocalFiles,
		},
		Action: t.generate,
	}
}

func (t tool) generate(c *cli.Context) error {
	file, err := oneFile(c)
	if err != nil {
		return err
	}
	formats, err := formatsOf(c.StringSlice("format"))
	if err != nil {
		return err
	}
	dir := c.String("output")
	if dir == "" && c.IsSet("output") {
		return errors.New("the name of the output directory is empty: use -o DIR")
	}
	if dir == "" && len(formats) != 1 {
		return errors.New("several files would go to standard output: use -o DIR, or one format such as --format pcs")
	}
	cluster, findings, err := t.load(file, !c.Bool("no-local-files"))
	if err != nil {
		return err
	}
	t.print(findings)
	if findings.HasErrors() {
		return errFindings
	}
	files, err := cib.Generate(cluster, formats...)
	if err != nil {
		return err
	}
	if err := c.Context.Err(); err != nil {
		return fmt.Errorf("generate configuration: %w", err)
	}
	if dir == "" {
		_, err := t.stdout.Write(files[0].Data)
		return err
	}
	if err := writeFiles(dir, files); err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintf(t.stdout, "wrote %s\n", filepath.Join(dir, f.Name))
	}
	_, err = fmt.Fprint(t.stdout, nextSteps(dir, cluster, formats))
	return err
}

// formatsOf reads the values of --format, each one format or several with commas.
func formatsOf(values []string) ([]string, error) {
	known := cib.Formats()
	if len(values) == 0 {
		return known, nil
	}
	want := map[string]bool{}
	for _, f := range strings.Split(strings.Join(values, ","), ",") {
		if f = strings.TrimSpace(f); f != "all" && !slices.Contains(known, f) {
			return nil, fmt.Errorf("unknown format %q: use %s, all", f, strings.Join(known, ", "))
		}
		want[f] = true
	}
	return slices.DeleteFunc(known, func(f string) bool { return !want[f] && !want["all"] }), nil
}

// nextSteps tells an administrator what to do with the files of the formats.
func nextSteps(dir string, c spec.Cluster, formats []string) string {
	path := func(name string) string { return shellWord(filepath.Join(dir, name)) }
	var steps []string
	if slices.Contains(formats, "corosync") {
		steps = append(steps, "on every node: install "+path("corosync.conf")+" and one authkey (corosync-keygen) in /etc/corosync, then start pacemaker")
	}
	var load []string
	for _, l := range []struct{ format, command string }{
		{"pcs", "on one node: sh " + path("cluster.pcs.sh")},
		{"crm", "on one node: crm configure load update " + path("cluster.crm")},
		{"xml", "on every node, before Pacemaker's first start: install -o hacluster -g haclient -m 600 " + path("cib.xml") + " /var/lib/pacemaker/cib/cib.xml"},
	} {
		if slices.Contains(formats, l.format) {
			load = append(load, l.command)
		}
	}
	if len(load) > 0 {
		for _, file := range passwordFiles(c) {
			steps = append(steps, "on every node: write the password of the BMCs into "+shellWord(file)+", owner root, mode 0600")
		}
		steps = append(steps,
			strings.Join(load, "\n     or "),
			"fence each node once by hand, so that fencing is known to work: stonith_admin --reboot "+c.Nodes[len(c.Nodes)-1].Name)
	}
	var b strings.Builder
	b.WriteString("\nnext:\n")
	for i, s := range steps {
		fmt.Fprintf(&b, "  %d. %s\n", i+1, s)
	}
	return b.String()
}

// passwordFiles are the files with passwords that the description names.
func passwordFiles(c spec.Cluster) []string {
	var files []string
	for _, f := range c.Files {
		if !slices.Contains(files, f.Path) {
			files = append(files, f.Path)
		}
	}
	return files
}

// shellWord quotes a word for the shell, where it needs that.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@,", r)
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
