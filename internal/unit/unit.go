// Package unit drives systemd units, services and timers, over D-Bus: what state
// they are in, start and stop with the job waited for, the drop-in that puts a
// cluster in charge of one, and the proof that nothing of it runs, neither in the
// unit nor beside it.
//
// It talks to PID 1 on systemd's private socket when it may (root), which needs
// no dbus-daemon, else over the system bus. Calls that a daemon-reexec or a
// restarted bus cut off are made again, so every method may be called at any
// time; each is bounded by its context.
package unit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrNoSystemd says that this machine's PID 1 is not systemd, so that nothing
// can run under it.
var ErrNoSystemd = errors.New("systemd is not running on this node")

const (
	service = ".service"
	timer   = ".timer"
)

// Name returns the full name of a service or timer unit; one without a suffix is
// a service. The error completes "parameter NAME ..."; it covers what
// systemd.unit(5) does not allow in a name, path separators first of all.
func Name(name string) (string, error) {
	full := name
	if !strings.HasSuffix(full, service) && !strings.HasSuffix(full, timer) {
		full += service
	}
	stem := full[:strings.LastIndexByte(full, '.')]
	if stem == "" || stem == "." || stem == ".." || strings.HasSuffix(stem, "@") || len(full) > 255 {
		return "", fmt.Errorf("is not the name of a systemd service or timer: %q", name)
	}
	for _, c := range []byte(stem) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte(":-_.\\@", c) >= 0:
		default:
			return "", fmt.Errorf("is not the name of a systemd service or timer: %q", name)
		}
	}
	return full, nil
}

// booted reports whether systemd is PID 1 of the system below root. The
// directory is the test of sd_booted(3); PID 1's name is asked too because
// "nothing runs here" follows from the answer and a hidden /run must not lead
// to it.
func booted(root string) bool {
	if fi, err := os.Lstat(filepath.Join(root, "run/systemd/system")); err == nil && fi.IsDir() {
		return true
	}
	comm, err := os.ReadFile(filepath.Join(root, "proc/1/comm"))
	return err != nil || strings.TrimSpace(string(comm)) == "systemd"
}
