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

// Manage puts the cluster in charge of the unit: it writes the drop-in where it
// differs, has systemd read it where it did not, and makes sure that it took
// effect. description is the unit's text for status displays.
func (m *Manager) Manage(ctx context.Context, unit, description string) error {
	path := m.dropInPath(unit)
	written, err := writeIfDifferent(path, fmt.Appendf(nil, dropIn, description))
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
	_ = os.Remove(newName(path)) // there only if a call was killed at the wrong moment
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
// whether it had to.
func writeIfDifferent(path string, content []byte) (bool, error) {
	old, err := os.ReadFile(path)
	if err == nil && bytes.Equal(old, content) {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, err
	}
	tmp := newName(path)
	if err := os.WriteFile(tmp, content, 0o644); err != nil {
		return false, err
	}
	if err := os.Rename(tmp, path); err != nil {
		return false, err
	}
	return true, nil
}

// newName is where a file is written before it takes its place: systemd does
// not read names that begin with a dot.
func newName(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
}
