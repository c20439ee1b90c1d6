package following

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/unit"
)

// These tests need a systemd as PID 1 that they may do anything with; see the machine
// tests of internal/unit.
func machine(t *testing.T) *unit.Manager {
	t.Helper()
	if os.Getenv("ONEHA_IN_MACHINE") != "1" {
		t.Skip("needs a machine of its own with systemd as PID 1: run by the lab with ONEHA_IN_MACHINE=1")
	}
	m := unit.New("")
	t.Cleanup(m.Close)
	return m
}

func limited(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func systemctl(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("systemctl", args...).CombinedOutput(); err != nil {
		t.Fatalf("systemctl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// install puts units into a place that systemd prefers to that of any others there
// are, and removes them at the end.
func install(t *testing.T, units map[string]string) {
	t.Helper()
	const dir = "/etc/systemd/system"
	before := map[string][]byte{}
	for name, text := range units {
		file := filepath.Join(dir, name)
		before[file], _ = os.ReadFile(file)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	systemctl(t, "daemon-reload")
	t.Cleanup(func() {
		for name := range units {
			_ = exec.Command("systemctl", "disable", "--now", name).Run()
			_ = exec.Command("systemctl", "kill", "-s", "KILL", name).Run()
			_ = exec.Command("systemctl", "reset-failed", name).Run()
		}
		for file, text := range before {
			_ = os.Remove(file)
			if text != nil {
				_ = os.WriteFile(file, text, 0o644)
			}
		}
		systemctl(t, "daemon-reload")
	})
}

const (
	enabled = "\n[Install]\nWantedBy=multi-user.target\n"
	simple  = "[Service]\nExecStart=/bin/sleep infinity\n"
)

func TestMachineServicesFollow(t *testing.T) {
	m := machine(t)
	install(t, map[string]string{
		"opennebula-flow.service": "[Unit]\nDescription=flow\n" + simple + enabled,
		"opennebula-gate.service": "[Unit]\nDescription=gate\n" + simple + enabled,
		"opennebula-form.service": "[Unit]\nDescription=form\n" + simple + enabled,
		// hem is not enabled and starts slowly: nobody waits for it but itself.
		"opennebula-hem.service":      "[Unit]\nDescription=hem\n" + simple + "ExecStartPre=/bin/sleep 1\n",
		"opennebula-showback.timer":   "[Timer]\nOnCalendar=daily\n",
		"opennebula-showback.service": "[Service]\nType=oneshot\nExecStart=/bin/true\n",
	})
	systemctl(t, "enable", "opennebula-flow.service", "opennebula-gate.service")
	ctx := limited(t, 2*time.Minute)
	list := []string{"flow", "gate", "form", "hem", "showback"}
	if _, err := Reconcile(ctx, m, false, list); err != nil { // whatever ran before
		t.Fatal(err)
	}
	r, err := Reconcile(ctx, m, true, nil)
	if got := names(r.Started); err != nil || !sameWords(got, "flow gate hem showback.timer") {
		t.Errorf("leader: %+v, %v", r, err)
	}
	if !slices.Contains(r.Off, "opennebula-form.service") {
		t.Errorf("off: %q", r.Off)
	}
	if r, err := Reconcile(ctx, m, true, nil); err != nil || r.Changed() {
		t.Errorf("leader again: %+v, %v", r, err)
	}
	// The start limit is far below this number of changes of the leader.
	for range 8 {
		for _, leader := range []bool{false, true} {
			if r, err := Reconcile(ctx, m, leader, []string{"flow", "gate"}); err != nil || !sameWords(names(append(r.Started, r.Stopped...)), "flow gate") {
				t.Fatalf("leader %t: %+v, %v", leader, r, err)
			}
		}
	}
	r, err = Reconcile(ctx, m, false, nil)
	if got := names(r.Stopped); err != nil || !sameWords(got, "flow gate hem showback.timer") {
		t.Errorf("follower: %+v, %v", r, err)
	}
	if r, err := Reconcile(ctx, m, false, nil); err != nil || r.Changed() {
		t.Errorf("follower again: %+v, %v", r, err)
	}
}

func TestMachineFollowerOvertakesASlowStart(t *testing.T) {
	m, other := machine(t), unit.New("")
	t.Cleanup(other.Close)
	install(t, map[string]string{"opennebula-flow.service": "[Service]\nExecStart=/bin/sleep infinity\nExecStartPre=/bin/sleep 300\nTimeoutStartSec=600\n"})
	ctx := limited(t, 2*time.Minute)
	c, err := Begin(ctx, m, true, []string{"flow"})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := Reconcile(ctx, other, false, []string{"flow"}); err != nil || names(r.Stopped) != "flow" {
		t.Errorf("follower: %+v, %v", r, err)
	}
	if r, err := c.Wait(ctx); err == nil || len(r.Failed) != 1 {
		t.Errorf("leader: %+v, %v", r, err)
	}
}

func TestMachineServicesFail(t *testing.T) {
	m := machine(t)
	install(t, map[string]string{
		"opennebula-flow.service": "[Unit]\nAssertFileNotEmpty=/nonexistent/oneflow_auth\n" + simple,
		"opennebula-gate.service": "[Service]\nType=oneshot\nExecStart=/bin/false\n",
	})
	ctx := limited(t, 2*time.Minute)
	r, err := Reconcile(ctx, m, true, []string{"flow", "gate"})
	if len(r.Failed) != 2 || err == nil || !strings.Contains(err.Error(), "AssertFileNotEmpty=/nonexistent/oneflow_auth of its unit file is not met") || !strings.Contains(err.Error(), "exit status 1") {
		t.Errorf("%+v, %v", r, err)
	}
}
