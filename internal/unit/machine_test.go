package unit_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/unit"
)

// These tests need a systemd as PID 1 that they may do anything with. The lab
// copies the compiled test binary into such a machine and runs it there with
// ONEHA_IN_MACHINE=1; elsewhere they are skipped.
func machine(t *testing.T) *unit.Manager {
	t.Helper()
	if os.Getenv("ONEHA_IN_MACHINE") != "1" {
		t.Skip("needs a machine of its own with systemd as PID 1: run by the lab with ONEHA_IN_MACHINE=1")
	}
	if os.Geteuid() != 0 {
		t.Fatal("ONEHA_IN_MACHINE is set, but this is not root")
	}
	m := unit.New("")
	t.Cleanup(m.Close)
	return m
}

func deadline(t *testing.T, d time.Duration) context.Context {
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

// install writes a service unit and removes every trace of it at the end.
func install(t *testing.T, name, service string) {
	t.Helper()
	path := filepath.Join("/etc/systemd/system", name)
	text := "[Unit]\nDescription=oneha test\n[Service]\n" + service + "\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	systemctl(t, "daemon-reload")
	t.Cleanup(func() {
		_ = exec.Command("systemctl", "unmask", "--runtime", name).Run()
		_ = exec.Command("systemctl", "kill", "-s", "KILL", name).Run()
		_ = exec.Command("systemctl", "stop", name).Run()
		_ = exec.Command("systemctl", "reset-failed", name).Run()
		_ = os.Remove(path)
		_ = os.RemoveAll(filepath.Join("/run/systemd/system", name+".d"))
		_ = os.RemoveAll(path + ".d")
		systemctl(t, "daemon-reload")
	})
}

func phase(t *testing.T, m *unit.Manager, name string) unit.Phase {
	t.Helper()
	st, err := m.State(deadline(t, 10*time.Second), name)
	if err != nil {
		t.Fatal(err)
	}
	return st.Phase()
}

func TestMachineStartStop(t *testing.T) {
	m := machine(t)
	const name = "oneha-plain.service"
	install(t, name, "ExecStart=/bin/sleep infinity")
	ctx := deadline(t, 20*time.Second)

	for range 2 { // asked twice, it does nothing the second time
		if err := m.Start(ctx, name); err != nil {
			t.Fatal(err)
		}
		if got := phase(t, m, name); got != unit.Active {
			t.Fatalf("after start: %s", got)
		}
	}
	if pids, err := m.PIDs(ctx, name); err != nil || len(pids) != 1 {
		t.Errorf("PIDs = %v, %v; want one", pids, err)
	}
	for range 2 {
		if err := m.Stop(ctx, name); err != nil {
			t.Fatal(err)
		}
		if got := phase(t, m, name); got != unit.Inactive {
			t.Fatalf("after stop: %s", got)
		}
	}
	if pids, err := m.PIDs(ctx, name); err != nil || len(pids) != 0 {
		t.Errorf("PIDs = %v, %v; want none", pids, err)
	}
}

func TestMachineUnknownMaskedBroken(t *testing.T) {
	m := machine(t)
	ctx := deadline(t, 20*time.Second)
	if got := phase(t, m, "oneha-nosuch.service"); got != unit.NotFound {
		t.Errorf("unknown unit: %s", got)
	}
	if err := m.Stop(ctx, "oneha-nosuch.service"); err != nil {
		t.Errorf("stop of an unknown unit: %v", err)
	}
	if err := m.Kill(ctx, "oneha-nosuch.service"); err != nil {
		t.Errorf("kill of an unknown unit: %v", err)
	}
	if err := m.ResetFailed(ctx, "oneha-nosuch.service"); err != nil {
		t.Errorf("reset of an unknown unit: %v", err)
	}
	if err := m.Start(ctx, "oneha-nosuch.service"); err == nil {
		t.Error("start of an unknown unit succeeded")
	}

	systemctl(t, "mask", "--runtime", "oneha-masked.service")
	t.Cleanup(func() { systemctl(t, "unmask", "--runtime", "oneha-masked.service") })
	if got := phase(t, m, "oneha-masked.service"); got != unit.Masked {
		t.Errorf("masked unit: %s", got)
	}

	install(t, "oneha-broken.service", "Type=nonsense")
	if got := phase(t, m, "oneha-broken.service"); got != unit.Broken {
		t.Errorf("unit without ExecStart: %s", got)
	}
}

// What runs, runs, whatever became of its unit file.
func TestMachineFileGoneWhileRunning(t *testing.T) {
	m := machine(t)
	const name = "oneha-gone.service"
	install(t, name, "ExecStart=/bin/sleep infinity")
	ctx := deadline(t, 20*time.Second)
	if err := m.Start(ctx, name); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove("/etc/systemd/system/" + name); err != nil {
		t.Fatal(err)
	}
	systemctl(t, "daemon-reload")
	if st, err := m.State(ctx, name); err != nil || st.Load != "not-found" || st.Phase() != unit.Active {
		t.Errorf("state %+v, %v; want load not-found and phase active", st, err)
	}
	if err := m.Stop(ctx, name); err != nil {
		t.Error(err)
	}
	if got := phase(t, m, name); got != unit.NotFound {
		t.Errorf("after stop: %s", got)
	}
}

func TestMachineFailingStart(t *testing.T) {
	m := machine(t)
	for _, tt := range []struct{ name, service, result, why string }{
		{"exit", "Type=notify\nExecStart=/bin/sh -c 'exit 255'", "failed", "exit status 255"},
		{"signal", "Type=notify\nExecStart=/bin/sh -c 'kill -9 $$$$'", "failed", "killed by signal 9"},
		{"pre", "ExecStartPre=/bin/false\nExecStart=/bin/sleep infinity", "failed", "a command of the unit failed"},
		{"timeout", "Type=notify\nTimeoutStartSec=1\nExecStart=/bin/sleep infinity", "failed", "the unit's own timeout ran out"},
		{"protocol", "Type=notify\nExecStart=/bin/true", "failed", "it ended without saying that it was ready"},
		{"assert", "ExecStart=/bin/sleep infinity\n[Unit]\nAssertFileNotEmpty=/nosuch", "assert", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := "oneha-failing-" + tt.name + ".service"
			install(t, name, tt.service)
			err := m.Start(deadline(t, 20*time.Second), name)
			var je *unit.JobError
			if !errors.As(err, &je) || je.Result != tt.result || je.Why != tt.why {
				t.Errorf("got %#v (%v), want result %q, why %q", err, err, tt.result, tt.why)
			}
		})
	}
}

// The caller's patience ends before the start does: the error says that the job
// goes on, and a stop afterwards ends it.
func TestMachineHungStart(t *testing.T) {
	m := machine(t)
	const name = "oneha-hung.service"
	install(t, name, "Type=notify\nExecStart=/bin/sleep infinity")
	started := time.Now()
	err := m.Start(deadline(t, time.Second), name)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "goes on") || time.Since(started) > 3*time.Second {
		t.Fatalf("after %s: %v", time.Since(started), err)
	}
	if got := phase(t, m, name); got != unit.Activating {
		t.Fatalf("phase %s, want activating", got)
	}
	if _, err := m.Settled(deadline(t, 300*time.Millisecond), name); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Settled = %v", err)
	}
	if err := m.Stop(deadline(t, 10*time.Second), name); err != nil {
		t.Error(err)
	}
}

func TestMachineStopIgnoringTerm(t *testing.T) {
	m := machine(t)
	const name = "oneha-stubborn.service"
	install(t, name, `ExecStart=/bin/sh -c 'trap "" TERM; while :; do sleep 1; done'`)
	if err := m.Start(deadline(t, 10*time.Second), name); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond) // until the shell has set its trap
	if err := m.Stop(deadline(t, time.Second), name); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("stop: %v", err)
	}
	if got := phase(t, m, name); got != unit.Deactivating {
		t.Fatalf("phase %s, want deactivating", got)
	}
	ctx := deadline(t, 10*time.Second)
	if err := m.Kill(ctx, name); err != nil {
		t.Fatal(err)
	}
	st, err := m.Settled(ctx, name)
	if pids, errP := m.PIDs(ctx, name); err != nil || errP != nil || len(pids) != 0 || st.Phase() != unit.Failed {
		t.Errorf("after kill: %s, processes %v, %v, %v", st, pids, err, errP)
	}
}

// KillMode=process leaves children behind: the unit is inactive, and yet
// something of it runs.
func TestMachineLeftoverProcesses(t *testing.T) {
	m := machine(t)
	const name = "oneha-leftover.service"
	install(t, name, "KillMode=process\nExecStart=/bin/sh -c 'sleep 300 & exec sleep 301'")
	ctx := deadline(t, 20*time.Second)
	if err := m.Start(ctx, name); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond) // until the shell has its child
	if err := m.Stop(ctx, name); err != nil {
		t.Fatal(err)
	}
	if pids, err := m.PIDs(ctx, name); err != nil || len(pids) != 1 {
		t.Fatalf("PIDs = %v, %v; want one", pids, err)
	}
	if err := m.Kill(ctx, name); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if pids, _ := m.PIDs(ctx, name); len(pids) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the leftover process survived Kill")
}

// A daemon-reexec cuts every connection; calls and waits go on.
func TestMachineReexec(t *testing.T) {
	m := machine(t)
	const name = "oneha-reexec.service"
	install(t, name, "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 3")
	ctx := deadline(t, 30*time.Second)
	done := make(chan error, 1)
	go func() {
		other := unit.New("")
		defer other.Close()
		done <- other.Start(ctx, name)
	}()
	time.Sleep(500 * time.Millisecond)
	for range 3 {
		systemctl(t, "daemon-reexec")
		if _, err := m.State(ctx, name); err != nil {
			t.Errorf("state around daemon-reexec: %v", err)
		}
	}
	if err := <-done; err != nil {
		t.Errorf("start across daemon-reexec: %v", err)
	}
}

// Monitoring does not depend on the bus.
func TestMachineNoBus(t *testing.T) {
	m := machine(t)
	systemctl(t, "stop", "dbus.socket", "dbus.service")
	t.Cleanup(func() { systemctl(t, "start", "dbus.socket") })
	if got := phase(t, m, "oneha-nosuch.service"); got != unit.NotFound {
		t.Errorf("without a bus: %s", got)
	}
}

// systemd may read the end of the authentication and the first call at once and
// then sit on the call; no connection may hang by that.
func TestMachineManyConnections(t *testing.T) {
	machine(t)
	for i := range 1000 {
		m := unit.New("")
		_, err := m.State(deadline(t, 2*time.Second), "oneha-nosuch.service")
		m.Close()
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
}

// A start that waits its turn is no state to call down.
func TestMachineQueuedStart(t *testing.T) {
	m := machine(t)
	install(t, "oneha-first.service", "Type=oneshot\nExecStart=/bin/sleep 1")
	const name = "oneha-queued.service"
	install(t, name, "ExecStart=/bin/sleep infinity\n[Unit]\nAfter=oneha-first.service")
	systemctl(t, "start", "--no-block", "oneha-first.service", name)
	if got := phase(t, m, name); got != unit.Activating {
		t.Errorf("with its start queued: %s", got)
	}
	if st, err := m.Settled(deadline(t, 10*time.Second), name); err != nil || st.Phase() != unit.Active {
		t.Errorf("settled: %s, %v", st, err)
	}
}
