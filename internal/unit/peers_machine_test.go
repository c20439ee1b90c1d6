package unit_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/unit"
)

// installTimer writes a timer beside a service that install has written.
func installTimer(t *testing.T, name, timer string) {
	t.Helper()
	path := "/etc/systemd/system/" + name
	if err := os.WriteFile(path, []byte("[Unit]\nDescription=oneha test\n[Timer]\n"+timer+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	systemctl(t, "daemon-reload")
	t.Cleanup(func() {
		_ = exec.Command("systemctl", "stop", name).Run()
		_ = os.Remove(path)
		_ = os.RemoveAll("/run/systemd/system/" + name + ".d")
		systemctl(t, "daemon-reload")
	})
}

func TestMachineTimer(t *testing.T) {
	m := machine(t)
	const timer, service = "oneha-daily.timer", "oneha-daily.service"
	install(t, service, "Type=oneshot\nExecStart=/bin/sleep infinity")
	installTimer(t, timer, "OnCalendar=daily")
	ctx := deadline(t, 20*time.Second)
	if err := m.Manage(ctx, timer, "oneha test"); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("systemctl", "show", "-p", "Before,Description", timer).Output()
	if err != nil || !strings.Contains(string(out), "pacemaker.service") || !strings.Contains(string(out), "managed by the cluster") {
		t.Errorf("systemctl show: %s, %v", out, err)
	}
	if err := m.Start(ctx, timer); err != nil {
		t.Fatal(err)
	}
	if st, err := m.State(ctx, timer); err != nil || st.Phase() != unit.Active || st.Sub != "waiting" {
		t.Errorf("started: %+v, %v; want active, waiting", st, err)
	}
	if got, err := m.Triggered(ctx, timer); err != nil || !slices.Equal(got, []string{service}) {
		t.Errorf("Triggered = %v, %v", got, err)
	}
	if pids, err := m.PIDs(ctx, timer); err != nil || len(pids) != 0 {
		t.Errorf("PIDs of a timer = %v, %v", pids, err)
	}
	if err := m.Kill(ctx, timer); err != nil {
		t.Errorf("kill of a timer: %v", err)
	}
	if err := m.Release(ctx, timer); err != nil {
		t.Error(err)
	}
	if err := m.Stop(ctx, timer); err != nil {
		t.Error(err)
	}
	if got := phase(t, m, timer); got != unit.Inactive {
		t.Errorf("stopped: %s", got)
	}
}

func TestMachineCompanionsAndAge(t *testing.T) {
	m := machine(t)
	const name = "oneha-main.service"
	install(t, name, "ExecStart=/bin/sleep infinity\n[Unit]\nWants=oneha-b.timer oneha-a.service other.service\n")
	ctx := deadline(t, 20*time.Second)
	got, err := m.Companions(ctx, name, "oneha-")
	if want := []string{"oneha-a.service", "oneha-b.timer"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("Companions = %v, %v; want %v", got, err, want)
	}
	if got, err := m.Companions(ctx, "oneha-nosuch.service", "oneha-"); err != nil || len(got) != 0 {
		t.Errorf("Companions of an unknown unit = %v, %v", got, err)
	}
	if since, err := m.ActiveSince(ctx, name); err != nil || !since.IsZero() {
		t.Errorf("ActiveSince before the start = %v, %v", since, err)
	}
	if age, err := m.ActiveFor(ctx, name); err != nil || age != 0 {
		t.Errorf("ActiveFor before the start = %v, %v", age, err)
	}
	before := time.Now()
	if err := m.Start(ctx, name); err != nil {
		t.Fatal(err)
	}
	if age, err := m.ActiveFor(ctx, name); err != nil || age <= 0 || age > time.Since(before)+time.Millisecond {
		t.Errorf("ActiveFor = %v, %v; started %v ago", age, err, time.Since(before))
	}
	if since, err := m.ActiveSince(ctx, name); err != nil || since.Before(before.Add(-time.Millisecond)) || since.After(time.Now()) {
		t.Errorf("ActiveSince = %v, %v; started at %v", since, err, before)
	}
	if m.Clustered(name) {
		t.Error("in a cluster before anybody took charge")
	}
	dir := "/run/systemd/system/" + name + ".d"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/50-pacemaker.conf", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if !m.Clustered(name) || m.Managed(name) {
		t.Error("under Pacemaker's systemd class: want Clustered, and not Managed")
	}
}

// Everybody who asks for the same gets it.
func TestMachineTwoStartsAtOnce(t *testing.T) {
	machine(t)
	const name = "oneha-twice.service"
	install(t, name, "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 0.3")
	ctx := deadline(t, 20*time.Second)
	for range 3 {
		for _, act := range []func(*unit.Manager) error{
			func(m *unit.Manager) error {
				if err := m.Manage(ctx, name, "oneha test"); err != nil {
					return err
				}
				return m.Start(ctx, name)
			},
			func(m *unit.Manager) error {
				if err := m.Release(ctx, name); err != nil {
					return err
				}
				return m.Stop(ctx, name)
			},
		} {
			errs := make(chan error)
			for range 4 {
				go func() {
					m := unit.New("")
					defer m.Close()
					errs <- act(m)
				}()
			}
			for range 4 {
				if err := <-errs; err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// A start that a stop overtakes says so, and so does the other way round.
func TestMachineCancelledJobs(t *testing.T) {
	m := machine(t)
	const name = "oneha-cancelled.service"
	install(t, name, "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 2\nExecStop=/bin/sleep 2")
	ctx := deadline(t, 30*time.Second)
	overtaken := func(act func(context.Context, string) error, verb string) {
		t.Helper()
		done := make(chan error, 1)
		go func() { done <- act(ctx, name) }()
		time.Sleep(500 * time.Millisecond)
		systemctl(t, "--no-block", verb, name)
		var job *unit.JobError
		if err := <-done; !errors.As(err, &job) || job.Result != "canceled" {
			t.Errorf("overtaken by %s: %v", verb, err)
		}
	}
	overtaken(m.Start, "stop")
	if _, err := m.Settled(ctx, name); err != nil {
		t.Fatal(err)
	}
	if err := m.Start(ctx, name); err != nil {
		t.Fatal(err)
	}
	overtaken(m.Stop, "start")
}

// While others hold all connections that systemd has to give, calls go over the
// bus.
func TestMachinePrivateSocketBusy(t *testing.T) {
	machine(t)
	systemctl(t, "start", "dbus.service") // by its socket, systemd would have to start it
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	var held []net.Conn
	t.Cleanup(func() {
		for _, c := range held {
			_ = c.Close()
		}
	})
	began := time.Now()
	dial := func() net.Conn {
		c, err := net.DialTimeout("unix", "/run/systemd/private", time.Second)
		if err != nil {
			return nil // no room in the queue either
		}
		held = append(held, c)
		return c
	}
	for range 4200 { // systemd takes 4096
		if dial() == nil {
			break
		}
	}
	if c := dial(); c != nil {
		_, _ = c.Write([]byte("\x00AUTH EXTERNAL 30\r\n"))
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		if n, _ := c.Read(make([]byte, 1)); n > 0 {
			t.Fatalf("systemd still answers with %d connections open", len(held))
		}
	}
	t.Logf("%d connections held after %s", len(held), time.Since(began))
	m := unit.New("")
	defer m.Close()
	began = time.Now()
	if _, err := m.State(deadline(t, 15*time.Second), "oneha-nosuch.service"); err != nil {
		t.Error(err)
	}
	t.Logf("asked over the bus after %s", time.Since(began))
}
