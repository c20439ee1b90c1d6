package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/shell"
	"github.com/oneha/oneha/internal/spec"
)

func (t tool) generateCommand() *cli.Command {
	return &cli.Command{
		Name:      "generate",
		Usage:     "write a cluster's configuration",
		ArgsUsage: "FILE",
		Description: "Writes the configuration as CIB XML, as a script of pcs commands, as a script\n" +
			"for the crm shell, and corosync.conf. The first three say the same: use one. The\n" +
			"runbook has every step from the machines to a proved cluster.\n" +
			"With errors in FILE nothing is written. The same FILE gives the same bytes.\n\n" +
			"Of a zone under Raft (mode: raft) it writes a directory for each server: what\n" +
			"oned.conf and monitord.conf have to say, which units to enable; and beside them\n" +
			"the file for sudo and the runbook.\n\n" +
			"Examples:\n" +
			"  oneha generate oneha.yaml -o out\n" +
			"  oneha generate oneha.yaml -o out --format pcs,corosync --target rhel-8\n" +
			"  oneha generate raft.yaml -o out --from /etc/one     as patches for these files\n" +
			"  oneha generate oneha.yaml --format runbook --target detect | less\n" +
			"  oneha generate oneha.yaml --format corosync > corosync.conf\n" +
			"  oneha generate - --format xml < oneha.yaml | crm_verify -p",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write into `DIR`, which is made if it does not exist"},
			&cli.StringSliceFlag{Name: "format", Usage: "write `FORMAT`, one or several of " + strings.Join(formatNames(), ", ") + ", all (default: all but " + runbookJSON + "); may be repeated"},
			&cli.StringFlag{Name: "from", Usage: "of a Raft zone: write patches for the configuration files in `DIR`, such as /etc/one"},
			targetFlag,
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
	cluster, findings, err := t.load(file, !c.Bool("no-local-files"))
	if err != nil {
		return err
	}
	if cluster.Zone != nil {
		return t.generateZone(c, file, cluster, findings)
	}
	if c.IsSet("from") {
		return errors.New("--from is for a Raft zone: the files of Pacemaker and corosync are written whole")
	}
	if dir == "" && len(formats) != 1 {
		return errors.New("several files would go to standard output: use -o DIR, or one format such as --format pcs")
	}
	if err := t.retarget(c, &cluster); err != nil {
		return err
	}
	if !findings.HasErrors() {
		findings = append(findings, spec.CheckFormats(cluster, formats)...)
	}
	t.print(findings)
	if findings.HasErrors() {
		return errFindings
	}
	files, err := filesOf(cluster, file, formats)
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
	_, err = fmt.Fprint(t.stdout, next(dir, file, formats))
	return err
}

// filesOf makes the files of all formats, those of the cluster's dialects first.
func filesOf(c spec.Cluster, description string, formats []string) (files []cib.File, err error) {
	dialects := slices.DeleteFunc(slices.Clone(formats), func(f string) bool { return !slices.Contains(cib.Formats(), f) })
	if len(dialects) > 0 {
		if files, err = cib.Generate(c, dialects...); err != nil {
			return nil, err
		}
	}
	for _, f := range formats[len(dialects):] {
		book, err := runbookFile(c, f, description, formats)
		if err != nil {
			return nil, err
		}
		files = append(files, book)
	}
	return files, nil
}

// formatNames are all formats, in the order in which files are written.
func formatNames() []string { return append(cib.Formats(), runbookFormat, runbookJSON) }

// formatsOf reads the values of --format, each one format or several with commas.
func formatsOf(values []string) ([]string, error) {
	known := formatNames()
	if len(values) == 0 {
		values = []string{"all"}
	}
	want := map[string]bool{}
	for _, f := range strings.Split(strings.Join(values, ","), ",") {
		if f = strings.TrimSpace(f); f != "all" && !slices.Contains(known, f) {
			return nil, fmt.Errorf("unknown format %q: use %s, all", f, strings.Join(known, ", "))
		}
		want[f] = true
	}
	return slices.DeleteFunc(known, func(f string) bool { return !want[f] && (!want["all"] || f == runbookJSON) }), nil
}

// next tells an administrator where the files are explained.
func next(dir, description string, formats []string) string {
	if slices.Contains(formats, runbookFormat) {
		return "\nnext: every step, in order, is in " + shellWord(filepath.Join(dir, "runbook.md")) + "\n"
	}
	return "\nnext: oneha generate " + shellWord(description) + " --format " + runbookFormat + " says every step, in order\n"
}

// shellWord quotes a word for the shell, where it needs that.
func shellWord(s string) string { return shell.Word(s) }
