package agents_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oneha/oneha/agents"
	"github.com/oneha/oneha/ocf"
)

// These tests need a machine of their own: systemd as PID 1, and the stand-in for
// oned with its units. The lab runs them there with ONEHA_IN_MACHINE=1; elsewhere
// they are skipped.
func machine(t *testing.T) {
	t.Helper()
	if os.Getenv("ONEHA_IN_MACHINE") != "1" {
		t.Skip("needs a machine of its own with systemd as PID 1: run by the lab with ONEHA_IN_MACHINE=1")
	}
	t.Cleanup(func() {
		systemctl(t, "stop", "opennebula*.service", "opennebula*.timer")
		left, _ := filepath.Glob("/run/systemd/system/*.d/zz-oneha.conf")
		for _, path := range left { // a test that failed half-way
			_ = os.RemoveAll(filepath.Dir(path))
		}
		systemctl(t, "daemon-reload")
	})
}

type params map[string]string

// call runs an action of an agent as Pacemaker does.
func call(t *testing.T, agent, action string, p params) (ocf.Code, string) {
	t.Helper()
	a, ok := agents.Named(agent)
	if !ok {
		t.Fatalf("no agent %s", agent)
	}
	env := map[string]string{"OCF_RESOURCE_INSTANCE": agent, "HA_LOGFACILITY": "none", "OCF_RESKEY_CRM_meta_timeout": "10000"}
	for name, value := range p {
		switch name {
		case "depth":
			env["OCF_CHECK_LEVEL"] = value
		case "interval", "timeout":
			env["OCF_RESKEY_CRM_meta_"+name] = value
		default:
			env["OCF_RESKEY_"+name] = value
		}
	}
	var stderr bytes.Buffer
	code := ocf.Run(t.Context(), a, ocf.Env{
		Args: []string{action}, Stderr: &stderr,
		Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	})
	return code, stderr.String()
}

// want runs an action and checks its code, and that what it said contains says.
func want(t *testing.T, agent, action string, p params, code ocf.Code, says string) {
	t.Helper()
	got, said := call(t, agent, action, p)
	if got != code || !strings.Contains(said, says) {
		t.Errorf("%s %s %v: exit %d, want %d and %q:\n%s", agent, action, p, got, code, says, said)
	}
}

func systemctl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("systemctl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("systemctl %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func mainPID(t *testing.T, unit string) string {
	t.Helper()
	return systemctl(t, "show", "--property=MainPID", "--value", unit)
}

// killMain kills the unit's main process and waits until systemd has seen it.
func killMain(t *testing.T, unit string) {
	t.Helper()
	pid := mainPID(t, unit)
	if out, err := exec.Command("kill", "-KILL", pid).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for range 1000 {
		if _, err := os.Stat("/proc/" + pid); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("process %s of %s does not go away", pid, unit)
}

// writeUnit gives the machine a unit for one test: the text of [Service], then
// other sections.
func writeUnit(t *testing.T, name, service string, more ...string) {
	t.Helper()
	path := "/run/systemd/system/" + name
	text := strings.Join(more, "")
	if service != "" {
		text = "[Service]\n" + service + text
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	systemctl(t, "daemon-reload")
	t.Cleanup(func() {
		_ = exec.Command("systemctl", "kill", "--signal=KILL", name).Run() // it may be down
		_ = exec.Command("systemctl", "stop", name).Run()
		_ = os.Remove(path)
		systemctl(t, "daemon-reload")
	})
}

var recurring = params{"interval": "15000"}

// The installed program is called oned, as the process that it looks for: it must
// not take itself for one.
func TestMachineProgramIsNoOned(t *testing.T) {
	machine(t)
	for action, want := range map[string]int{"monitor": 7, "stop": 0} {
		cmd := exec.Command("/usr/lib/ocf/resource.d/opennebula/oned", action)
		cmd.Env = []string{"OCF_RESOURCE_INSTANCE=oned", "HA_LOGFACILITY=none", "OCF_RESKEY_CRM_meta_timeout=10000"}
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("%s: exit %d, want %d:\n%s", action, got, want, out)
		}
	}
}

func TestMachineOnedLifecycle(t *testing.T) {
	machine(t)
	want(t, "oned", "monitor", nil, ocf.NotRunningCode, "")
	want(t, "oned", "monitor", recurring, ocf.NotRunningCode, "inactive")
	want(t, "oned", "stop", nil, ocf.SuccessCode, "")
	for range 2 {
		want(t, "oned", "start", nil, ocf.SuccessCode, "")
		want(t, "oned", "monitor", recurring, ocf.SuccessCode, "")
		want(t, "oned", "monitor", params{"depth": "10", "interval": "60000"}, ocf.SuccessCode, "")
	}
	if got := systemctl(t, "show", "--property=Restart", "--value", "opennebula.service"); got != "no" {
		t.Errorf("while the cluster runs it, Restart is %q", got)
	}
	for range 2 {
		want(t, "oned", "stop", nil, ocf.SuccessCode, "")
		want(t, "oned", "monitor", nil, ocf.NotRunningCode, "")
	}
	if got := systemctl(t, "show", "--property=Restart", "--value", "opennebula.service"); got != "on-failure" {
		t.Errorf("after the stop, Restart is %q, not the unit's own", got)
	}
}

// A unit that ran before the cluster knew it is taken over by the first monitor,
// but never by a probe.
func TestMachineFoundRunning(t *testing.T) {
	machine(t)
	systemctl(t, "start", "opennebula.service")
	for _, step := range []struct {
		p       params
		restart string
	}{{nil, "on-failure"}, {recurring, "no"}} {
		want(t, "oned", "monitor", step.p, ocf.SuccessCode, "")
		if got := systemctl(t, "show", "--property=Restart", "--value", "opennebula.service"); got != step.restart {
			t.Errorf("after monitor %v Restart is %q, want %q", step.p, got, step.restart)
		}
	}
	want(t, "oned", "stop", nil, ocf.SuccessCode, "")
}

func TestMachineOnedHangs(t *testing.T) {
	machine(t)
	want(t, "oned", "start", nil, ocf.SuccessCode, "")
	pid := mainPID(t, "opennebula.service")
	if out, err := exec.Command("kill", "-STOP", pid).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want(t, "oned", "monitor", recurring, ocf.SuccessCode, "")
	deep := params{"depth": "10", "interval": "60000", "probe_timeout": "1"}
	want(t, "oned", "monitor", deep, ocf.GenericCode, "does not answer")
	// Stopped processes do not hear SIGTERM: only a kill ends them.
	began := time.Now()
	want(t, "oned", "stop", params{"timeout": "4000"}, ocf.SuccessCode, "")
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("the stop took %s of its 4 s", took)
	}
	want(t, "oned", "monitor", nil, ocf.NotRunningCode, "")
}

func TestMachineOnedKilled(t *testing.T) {
	machine(t)
	want(t, "oned", "start", nil, ocf.SuccessCode, "")
	killMain(t, "opennebula.service")
	want(t, "oned", "monitor", recurring, ocf.NotRunningCode, "killed by signal 9")
	time.Sleep(6 * time.Second) // RestartSec of the unit is 5
	want(t, "oned", "monitor", recurring, ocf.NotRunningCode, "")
	for range 4 { // more starts than the unit's start limit
		want(t, "oned", "start", nil, ocf.SuccessCode, "")
		killMain(t, "opennebula.service")
		want(t, "oned", "monitor", recurring, ocf.NotRunningCode, "")
	}
	want(t, "oned", "stop", nil, ocf.SuccessCode, "")
}

// A restart mends neither a password nor a database, so a refusal is no failure.
func TestMachineOnedRefuses(t *testing.T) {
	machine(t)
	wrong := t.TempDir() + "/one_auth"
	if err := os.WriteFile(wrong, []byte("oneadmin:wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{wrong, "/nonexistent"} {
		p := params{"auth_file": file, "depth": "10"}
		want(t, "oned", "start", p, ocf.SuccessCode, "")
		want(t, "oned", "monitor", p, ocf.SuccessCode, "")
	}
}

func TestMachineOnedNeverAnswers(t *testing.T) {
	machine(t)
	writeUnit(t, "silent.service", "ExecStart=/bin/sleep infinity\n")
	p := params{"unit": "silent", "endpoint": "http://127.0.0.1:1/RPC2", "timeout": "6000"}
	want(t, "oned", "start", p, ocf.GenericCode, "nothing listens there")
	delete(p, "timeout")
	want(t, "oned", "stop", p, ocf.SuccessCode, "")
}

func TestMachineOnedEndsWhileItStarts(t *testing.T) {
	machine(t)
	writeUnit(t, "brief.service", "ExecStart=/bin/sh -c 'sleep 0.5; exit 3'\n")
	p := params{"unit": "brief", "endpoint": "http://127.0.0.1:1/RPC2"}
	want(t, "oned", "start", p, ocf.GenericCode, "ended while it started: brief.service is failed: exit status 3")
	want(t, "oned", "monitor", maps.Clone(p), ocf.NotRunningCode, "")
}

func TestMachineBadUnits(t *testing.T) {
	machine(t)
	if err := os.Symlink("/dev/null", "/run/systemd/system/masked.service"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove("/run/systemd/system/masked.service") })
	systemctl(t, "daemon-reload")
	for unit, reason := range map[string]string{"no-such": "not found", "masked": "unmask"} {
		p := params{"unit": unit}
		want(t, "scheduler", "start", p, ocf.InstalledCode, reason)
		want(t, "scheduler", "validate-all", p, ocf.InstalledCode, reason)
		want(t, "scheduler", "monitor", p, ocf.NotRunningCode, "")
		want(t, "scheduler", "stop", p, ocf.SuccessCode, "")
	}
	for _, name := range []string{"a/b", "..", "x y"} {
		want(t, "scheduler", "start", params{"unit": name}, ocf.ConfiguredCode, "parameter unit")
		want(t, "scheduler", "monitor", params{"unit": name}, ocf.ConfiguredCode, "parameter unit")
		want(t, "scheduler", "stop", params{"unit": name}, ocf.SuccessCode, "")
	}
	for name, value := range map[string]string{"endpoint": "ftp://x", "probe_timeout": "0"} {
		want(t, "oned", "start", params{name: value}, ocf.ConfiguredCode, "parameter "+name)
	}
}

// What a unit leaves behind still runs: not stopped before it is gone.
func TestMachineLeftovers(t *testing.T) {
	machine(t)
	writeUnit(t, "messy.service", "ExecStart=/bin/sh -c 'sleep 1000 & exec sleep 1000'\nKillMode=process\n")
	p := params{"unit": "messy"}
	want(t, "scheduler", "start", p, ocf.SuccessCode, "")
	systemctl(t, "stop", "messy.service")
	want(t, "scheduler", "monitor", p, ocf.GenericCode, "processes of messy.service run: 1")
	want(t, "scheduler", "stop", p, ocf.SuccessCode, "")
	want(t, "scheduler", "monitor", p, ocf.NotRunningCode, "")
}

func TestMachineSlowUnitIsWaitedFor(t *testing.T) {
	machine(t)
	writeUnit(t, "slow.service", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 2\n")
	p := params{"unit": "slow"}
	systemctl(t, "start", "--no-block", "slow.service")
	want(t, "scheduler", "monitor", params{"unit": "slow", "timeout": "1000"}, ocf.GenericCode, "whole time of the monitor")
	want(t, "scheduler", "monitor", p, ocf.SuccessCode, "")
	want(t, "scheduler", "stop", p, ocf.SuccessCode, "")
}

// An agent that is killed in the middle of an action leaves something that the
// next call ends well.
func TestMachineAgentKilledInTheMiddle(t *testing.T) {
	machine(t)
	for i, after := range []time.Duration{0, 5, 20, 50, 100, 200} {
		for _, action := range []string{"start", "stop"} {
			cmd := exec.Command("/usr/lib/ocf/resource.d/opennebula/oned", action)
			cmd.Env = []string{"OCF_RESOURCE_INSTANCE=oned", "HA_LOGFACILITY=none", "OCF_RESKEY_CRM_meta_timeout=10000"}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(after * time.Millisecond)
			_ = cmd.Process.Signal(syscall.SIGKILL) // it may have ended
			_ = cmd.Wait()
			code := map[string]ocf.Code{"start": ocf.SuccessCode, "stop": ocf.NotRunningCode}[action]
			t.Run(fmt.Sprintf("%s %d", action, i), func(t *testing.T) {
				want(t, "oned", action, nil, ocf.SuccessCode, "")
				want(t, "oned", "monitor", nil, code, "")
			})
		}
	}
}
