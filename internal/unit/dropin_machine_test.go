package unit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/unit"
)

func TestMachineDropIn(t *testing.T) {
	m := machine(t)
	const name = "oneha-restarting.service"
	install(t, name, "ExecStart=/bin/sleep infinity\nRestart=always\nRestartSec=0")
	ctx := deadline(t, 30*time.Second)

	// Without the drop-in systemd brings it back at once ...
	if err := m.Start(ctx, name); err != nil {
		t.Fatal(err)
	}
	if err := m.Kill(ctx, name); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	if got := phase(t, m, name); got != unit.Active {
		t.Fatalf("this unit should restart by itself, but is %s", got)
	}
	// ... and with it, it does not.
	if m.Managed(name) {
		t.Error("managed before Manage")
	}
	for range 2 {
		if err := m.Manage(ctx, name, "oneha test"); err != nil {
			t.Fatal(err)
		}
	}
	if !m.Managed(name) {
		t.Error("not managed after Manage")
	}
	out, err := exec.Command("systemctl", "show", "-p", "Restart,Before,Description", name).Output()
	if err != nil || !strings.Contains(string(out), "Restart=no\n") || !strings.Contains(string(out), "pacemaker.service") || !strings.Contains(string(out), "managed by the cluster") {
		t.Errorf("systemctl show: %s, %v", out, err)
	}
	if err := m.Kill(ctx, name); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	if got := phase(t, m, name); got != unit.Failed {
		t.Errorf("after a kill under the drop-in: %s, want failed", got)
	}
	for range 2 {
		if err := m.Release(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Lstat("/run/systemd/system/" + name + ".d"); !os.IsNotExist(err) {
		t.Errorf("drop-in directory is still there: %v", err)
	}
	if out, _ := exec.Command("systemctl", "show", "-p", "Restart", name).Output(); string(out) != "Restart=always\n" {
		t.Errorf("after Release: %s", out)
	}
}

// An administrator's own drop-in must not win over ours, whatever it is called;
// one that does is reported, not suffered.
func TestMachineDropInAgainstOverride(t *testing.T) {
	m := machine(t)
	const name = "oneha-override.service"
	install(t, name, "ExecStart=/bin/sleep infinity")
	ctx := deadline(t, 20*time.Second)
	dir := "/etc/systemd/system/" + name + ".d"
	override := func(file string) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte("[Service]\nRestart=always\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		systemctl(t, "daemon-reload")
	}
	override("override.conf")
	if err := m.Manage(ctx, name, "oneha test"); err != nil {
		t.Errorf("with override.conf: %v", err)
	}
	override("zzz.conf")
	if err := m.Manage(ctx, name, "oneha test"); err == nil || !strings.Contains(err.Error(), "keeps Restart=always") {
		t.Errorf("with zzz.conf: %v", err)
	}
}

// A drop-in that was written but never read (the writer was killed in between)
// is read by the next call.
func TestMachineDropInUnread(t *testing.T) {
	m := machine(t)
	const name = "oneha-unread.service"
	install(t, name, "ExecStart=/bin/sleep infinity\nRestart=always")
	ctx := deadline(t, 20*time.Second)
	if err := m.Manage(ctx, name, "oneha test"); err != nil {
		t.Fatal(err)
	}
	file := "/run/systemd/system/" + name + ".d/zz-oneha.conf"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Release(ctx, name); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := m.Manage(ctx, name, "oneha test"); err != nil {
		t.Error(err)
	}
}
