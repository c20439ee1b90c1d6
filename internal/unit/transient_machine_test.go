package unit_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/unit"
)

// A transient service runs as the user, apart from who started it, once at a time, and
// again when it has ended, well or not.
func TestMachineRunOnce(t *testing.T) {
	m := machine(t)
	const name = "oneha-transient.service"
	t.Cleanup(func() {
		_ = m.Stop(deadline(t, 20*time.Second), name)
		_ = m.ResetFailed(deadline(t, 20*time.Second), name)
	})
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for parent := dir; parent != "/tmp" && parent != "/"; parent = filepath.Dir(parent) {
		if err := os.Chmod(parent, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	said, end := filepath.Join(dir, "said"), filepath.Join(dir, "end")
	service := unit.Transient{Name: name, Description: "oneha test", User: "65534",
		Command: []string{"/bin/sh", "-c", "id -u >" + said + ".new; mv " + said + ".new " + said + "; until [ -e " + end + " ]; do sleep 0.05; done; rm " + end + "; exit 3"}}
	for round := range 2 {
		if err := m.RunOnce(deadline(t, 20*time.Second), service); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		until(t, "it runs", func() bool { text, _ := os.ReadFile(said); return strings.TrimSpace(string(text)) == "65534" })
		if err := m.RunOnce(deadline(t, 20*time.Second), service); !errors.Is(err, unit.ErrRuns) {
			t.Errorf("round %d: a second one: %v", round, err)
		}
		if err := os.Remove(said); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(end, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		until(t, "it stays in sight, failed", func() bool { return phase(t, m, name) == unit.Failed })
	}
}

// One with a file of its own, which does not run, is no transient one at work.
func TestMachineRunOnceBesideAFile(t *testing.T) {
	m := machine(t)
	const name, file = "oneha-transient-file.service", "/run/systemd/system/oneha-transient-file.service"
	if err := os.WriteFile(file, []byte("[Service]\nExecStart=/bin/true\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
		systemctl(t, "daemon-reload")
	}()
	systemctl(t, "daemon-reload")
	err := m.RunOnce(deadline(t, 20*time.Second), unit.Transient{Name: name, Description: "oneha test", User: "65534", Command: []string{"/bin/true"}})
	if err == nil || errors.Is(err, unit.ErrRuns) || !strings.Contains(err.Error(), "systemctl cat "+name) {
		t.Errorf("%v", err)
	}
}

func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
