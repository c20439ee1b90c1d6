package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/runbook"
	"github.com/oneha/oneha/internal/spec"
)

// refuseTarget is the error for --target with a zone.
func refuseTarget() error {
	return errors.New("--target says what Pacemaker runs on: leave it out for a Raft zone; its release stands in the description")
}

// patchSuffix ends the name of a patch, behind that of the file.
const patchSuffix = ".patch"

// sudoersName is the file for sudo beside those of the servers.
const sudoersName = "sudoers-oneha-raft"

// generateZone writes what makes machines the servers of a zone.
func (t tool) generateZone(c *cli.Context, file string, cluster spec.Cluster, findings diag.Findings) error {
	if c.IsSet("target") {
		return refuseTarget()
	}
	formats := c.StringSlice("format")
	for _, f := range formats {
		if f != runbookFormat && f != runbookJSON {
			return fmt.Errorf("--format %s is of a cluster of Pacemaker: for a Raft zone use %s or %s, or no --format and -o DIR", f, runbookFormat, runbookJSON)
		}
	}
	if c.IsSet("from") && len(formats) > 0 {
		return errors.New("--from is for the servers' files, and --format leaves these out: drop one of the two")
	}
	dir := c.String("output")
	if dir == "" && len(formats) != 1 {
		return errors.New("several files would go to standard output: use -o DIR, or --format runbook")
	}
	servers, more := map[string][]cib.File{}, diag.Findings(nil)
	if !findings.HasErrors() && len(formats) == 0 {
		var err error
		if servers, more, err = t.serverFiles(cluster.Zone, c.String("from")); err != nil {
			return err
		}
	}
	findings = append(findings, more...)
	t.print(findings)
	if findings.HasErrors() {
		return errFindings
	}
	top, err := zoneFiles(cluster, file, formats)
	if err != nil {
		return err
	}
	if dir == "" {
		_, err := t.stdout.Write(top[0].Data)
		return err
	}
	for _, s := range cluster.Zone.Servers {
		if files := servers[s.Name]; len(files) > 0 {
			if err := t.removeOld(filepath.Join(dir, s.Name), files); err != nil {
				return err
			}
			if err := t.writeInto(filepath.Join(dir, s.Name), files); err != nil {
				return err
			}
		}
	}
	if err := t.writeInto(dir, top); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.stdout, "\nnext: every step, in order, is in %s\n", shellWord(filepath.Join(dir, "runbook.md")))
	return err
}

// removeOld removes what an earlier run wrote for a file that needs no change any
// more: the runbook applies every patch that there is.
func (t tool) removeOld(dir string, files []cib.File) error {
	for _, config := range zoneconf.Files {
		name := path.Base(config) + patchSuffix
		if slices.ContainsFunc(files, func(f cib.File) bool { return f.Name == name }) {
			continue
		}
		file := filepath.Join(dir, name)
		if err := os.Remove(file); err == nil {
			fmt.Fprintf(t.stdout, "removed %s, of an earlier run\n", file)
		} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) { // then writing says what is wrong
			return fmt.Errorf("remove what an earlier run wrote: %w", err)
		}
	}
	return nil
}

// writeInto writes files and says so.
func (t tool) writeInto(dir string, files []cib.File) error {
	if err := writeFiles(dir, files); err != nil {
		return err
	}
	for _, f := range files {
		fmt.Fprintf(t.stdout, "wrote %s\n", filepath.Join(dir, f.Name))
	}
	return nil
}

// zoneFiles are those that are the same on every server.
func zoneFiles(cluster spec.Cluster, description string, formats []string) (files []cib.File, err error) {
	book := runbook.BuildZone(cluster, runbook.Options{File: description})
	if len(formats) == 0 {
		return []cib.File{
			{Name: sudoersName, Data: []byte(zoneconf.Sudoers), Mode: 0o440},
			{Name: "runbook.md", Data: book.Markdown(), Mode: 0o644},
		}, nil
	}
	for _, f := range formats {
		if f == runbookFormat {
			files = append(files, cib.File{Name: "runbook.md", Data: book.Markdown(), Mode: 0o644})
			continue
		}
		data, err := book.JSON()
		if err != nil {
			return nil, err
		}
		files = append(files, cib.File{Name: "runbook.json", Data: data, Mode: 0o644})
	}
	return files, nil
}

// serverFiles are those of each server: what its files have to say, or patches for
// those of a directory that has them.
func (t tool) serverFiles(z *spec.Zone, from string) (files map[string][]cib.File, findings diag.Findings, err error) {
	files = map[string][]cib.File{}
	for _, s := range z.Servers {
		if from == "" {
			for _, name := range zoneconf.Files {
				if text, ok := zoneconf.Snippets(z, s)[name]; ok {
					files[s.Name] = append(files[s.Name], cib.File{Name: path.Base(name) + ".edits", Data: text, Mode: 0o644})
				}
			}
		} else {
			edited, more, err := patches(z, s, from)
			if err != nil {
				return nil, nil, err
			}
			files[s.Name] = edited
			for _, f := range more { // most are the same for each server
				if !slices.Contains(findings, f) {
					findings = append(findings, f)
				}
			}
		}
		files[s.Name] = append(files[s.Name], cib.File{Name: "units.txt", Data: unitsText(z), Mode: 0o644})
	}
	return files, findings, nil
}

// patches make of the files of a directory what the server has to have. The files
// themselves are not written: oned.conf may hold a password. The arguments of a hook that
// gives way may hold one too, so a patch is its reader's alone, as oned.conf is.
func patches(z *spec.Zone, s spec.ZoneServer, from string) (files []cib.File, findings diag.Findings, err error) {
	for _, name := range zoneconf.Files {
		source := filepath.Join(from, path.Base(name))
		text, err := os.ReadFile(source)
		if errors.Is(err, fs.ErrNotExist) && name != zoneconf.OnedConf {
			continue // of what is not installed
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read configuration: %w", err)
		}
		edited, more := zoneconf.Edits(z, s, name, text)
		for i := range more {
			more[i].File = source
		}
		findings = append(findings, more...)
		if patch := zoneconf.Patch(name, text, edited.Text); patch != nil {
			files = append(files, cib.File{Name: path.Base(name) + patchSuffix, Data: patch, Mode: 0o600})
		}
	}
	return files, findings, nil
}

// unitsText lists what systemctl has to do on a server.
func unitsText(z *spec.Zone) []byte {
	var b strings.Builder
	b.WriteString("# What systemd has to do on every server. Leave out what is not installed.\n")
	for _, u := range zoneconf.Units(z) {
		fmt.Fprintf(&b, "%-34s %-32s # %s\n", u.Name, bootWord(u), u.Why)
	}
	return []byte(b.String())
}
