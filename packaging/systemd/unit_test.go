// Package systemd holds the unit files that are installed.
package systemd

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const guardUnit = "oneha-raft-guard.service"

// keys are the settings of a unit file by section. A key may be given once.
func keys(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all, section := map[string]string{}, ""
	for n, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		name, value, ok := strings.Cut(line, "=")
		switch {
		case line == "", strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			section = strings.Trim(line, "[]")
		case !ok || section == "":
			t.Errorf("%s:%d: not understood: %q", file, n+1, line)
		case all[section+"."+name] != "":
			t.Errorf("%s:%d: %s is given twice", file, n+1, name)
		default:
			all[section+"."+name] = value
		}
	}
	return all
}

// What the guard is built on: systemd watches it and starts it again for ever, and
// waits for its end longer than it may take.
func TestGuardUnit(t *testing.T) {
	unit := keys(t, guardUnit)
	for name, want := range map[string]string{
		"Service.Type": "notify", "Service.WatchdogSec": "5", "Service.Restart": "always", "Service.ExecStart": "/usr/bin/oneha raft guard",
		"Service.TimeoutStopSec": "12", "Unit.StartLimitIntervalSec": "0", "Service.StartLimitInterval": "0",
		"Install.WantedBy": "multi-user.target", "Service.RuntimeDirectory": "oneha", "Service.StateDirectory": "oneha",
		"Service.RestartPreventExitStatus": "2",
	} {
		if unit[name] != want {
			t.Errorf("%s=%s, want %s", name, unit[name], want)
		}
	}
	for _, capability := range []string{"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_DAC_READ_SEARCH"} {
		if !strings.Contains(unit["Service.CapabilityBoundingSet"], capability) {
			t.Errorf("%s is missing: the guard sets addresses, announces them, and reads oneadmin's files", capability)
		}
	}
	for _, family := range []string{"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET"} {
		if !strings.Contains(" "+unit["Service.RestrictAddressFamilies"]+" ", " "+family+" ") {
			t.Errorf("%s is missing", family)
		}
	}
	if after := unit["Unit.After"]; strings.Contains(after, "opennebula") {
		t.Errorf("After=%s: a guard that waits for oned cannot vote for others", after)
	}
}

// known are complaints of systemd about something beside the file: a program or a
// unit that is not on this machine, or a key for another release.
var known = regexp.MustCompile(`(?i)/usr/bin/oneha(:| is not executable)|is not executable: no such file|unknown (lvalue|key)|StartLimitInterval|man page|Failed to (connect|open|prepare)|Operation not permitted|cgroup|/run/systemd`)

// systemd itself reads the file, where there is one.
func TestGuardUnitIsUnderstood(t *testing.T) {
	program, err := exec.LookPath("systemd-analyze")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("needs systemd-analyze")
	}
	file := filepath.Join(t.TempDir(), guardUnit)
	text, err := os.ReadFile(guardUnit)
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, _ := exec.CommandContext(ctx, program, "verify", "--man=no", file).CombinedOutput() // its exit code counts what is not on this machine too
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "oneha") && !known.MatchString(line) {
			t.Errorf("systemd: %s", line)
		}
	}
}
