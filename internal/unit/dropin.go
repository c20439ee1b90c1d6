package unit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// dropInName sorts after every name that people and packages use. systemd reads
// drop-ins of all directories in the order of their names, so a name like
// Pacemaker's 50-pacemaker.conf would lose against the override.conf that
// `systemctl edit` writes. With a name of its own it also survives when
// Pacemaker's systemd class manages, and then leaves, the same unit.
const dropInName = "zz-oneha.conf"

// dropIn is what puts the cluster in charge, the same as Pacemaker's systemd
// class writes: systemd must not bring back what the cluster takes down or
// recovers elsewhere, and at shutdown it must leave the unit alone until
// Pacemaker has stopped it.
const dropIn = `# Written by a resource agent when the cluster started this unit; removed when
# it stops it.
[Unit]
Description=%s (managed by the cluster)
Before=pacemaker.service pacemaker_remote.service
`

// noRestart is the rest of it for a service; a timer has no such section.
const noRestart = `
[Service]
Restart=no
`

func (m *Manager) dropInPath(unit string) string {
	return filepath.Join(m.root, "run/systemd/system", unit+".d", dropInName)
}

// Managed reports whether the drop-in is there. It costs no call.
func (m *Manager) Managed(unit string) bool {
	_, err := os.Lstat(m.dropInPath(unit))
	return err == nil
}

// Clustered reports whether a cluster is in charge of the unit, through this
// package or through Pacemaker's systemd class. It costs no call.
func (m *Manager) Clustered(unit string) bool {
	_, err := os.Lstat(filepath.Join(filepath.Dir(m.dropInPath(unit)), "50-pacemaker.conf"))
	return err == nil || m.Managed(unit)
}

// Manage puts the cluster in charge of the unit: it writes the drop-in where it
// differs, has systemd read it where it did not, and makes sure that it took
// effect. description is the unit's text for status displays.
func (m *Manager) Manage(ctx context.Context, unit, description string) error {
	path := m.dropInPath(unit)
	text := fmt.Appendf(nil, dropIn, description)
	restarts := strings.HasSuffix(unit, service)
	if restarts {
		text = append(text, noRestart...)
	}
	written, err := writeIfDifferent(path, text)
	if err != nil {
		return fmt.Errorf("write drop-in of %s: %w", unit, err)
	}
	// A call that was killed between writing and reloading left a file that
	// systemd has not read: so systemd is asked, not the file.
	read, err := m.hasRead(ctx, unit, path)
	if err != nil {
		return err
	}
	if written || !read {
		if err := m.reload(ctx); err != nil {
			return err
		}
	}
	if !restarts {
		return nil
	}
	var restart string
	if err := m.property(ctx, unit, "Service", "Restart", &restart); err != nil {
		return err
	}
	if restart != "no" {
		return fmt.Errorf("unit %s keeps Restart=%s in spite of %s: see systemctl cat %s", unit, restart, path, unit)
	}
	return nil
}

// Release takes back what Manage did. It comes before the stop: ordered before
// pacemaker.service, the unit's stop job would wait for the end of Pacemaker,
// which at its own stop waits for this one.
func (m *Manager) Release(ctx context.Context, unit string) error {
	path := m.dropInPath(unit)
	err := os.Remove(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove drop-in of %s: %w", unit, err)
	}
	removed := err == nil
	drafts, _ := filepath.Glob(draft(path)) // there only if a call was killed at the wrong moment
	for _, d := range drafts {
		_ = os.Remove(d)
	}
	if err := os.Remove(filepath.Dir(path)); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
		return fmt.Errorf("remove drop-in directory of %s: %w", unit, err)
	}
	read, err := m.hasRead(ctx, unit, path)
	if err != nil {
		return err
	}
	if removed || read {
		return m.reload(ctx)
	}
	return nil
}

// hasRead reports whether the unit as systemd has it in memory contains the drop-in.
func (m *Manager) hasRead(ctx context.Context, unit, path string) (bool, error) {
	var paths []string
	if err := m.property(ctx, unit, "Unit", "DropInPaths", &paths); err != nil {
		return false, err
	}
	return slices.Contains(paths, path), nil
}

// writeIfDifferent makes the file have the content, in one step, and reports
// whether it had to. Others may do the same, or Release, at the same time.
func writeIfDifferent(path string, content []byte) (written bool, err error) {
	for range 10 {
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
			return written, nil
		}
		written, err = true, write(path, content)
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			return written, err
		} // a Release took the directory away meanwhile, or the draft
	}
	return written, err
}

// write gives the file its content in one step.
func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(draft(path)))
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// draft is the pattern of the names under which a file is written before it
// takes its place: systemd does not read names that begin with a dot.
func draft(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".*")
}
