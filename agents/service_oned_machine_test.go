package agents_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/vmha/takeover/child"
	"github.com/oneha/oneha/ocf"
	"github.com/oneha/oneha/test/fakeoned"
)

// keepLock makes the unit leave a stale lock where it is, as before release 6.6.
func keepLock(t *testing.T) {
	t.Helper()
	dropIn(t, "opennebula.service", fakeoned.KeepLock)
}

// dropIn gives a unit a drop-in for one test.
func dropIn(t *testing.T, unit, text string) {
	t.Helper()
	dir := "/etc/systemd/system/" + unit + ".d"
	writeFile(t, dir+"/test.conf", text)
	systemctl(t, "daemon-reload")
	t.Cleanup(func() {
		_ = os.RemoveAll(dir)
		systemctl(t, "daemon-reload")
	})
}

// writeFile writes a file that was not there, for one test.
func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(path[:strings.LastIndexByte(path, '/')], 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(path) })
}

// byHand starts an oned outside of its unit, as somebody in a shell would, and
// returns when it has its lock.
func byHand(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(fakeoned.Oned, "-role", "oned")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = os.Remove(fakeoned.LockFile)
	})
	for range 500 {
		if _, err := os.Stat(fakeoned.LockFile); err == nil {
			return cmd
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("oned by hand does not start")
	return nil
}

func noAlarm(t *testing.T) {
	t.Helper()
	if text, err := os.ReadFile(fakeoned.SharedDir + "/" + fakeoned.AlarmName); err == nil {
		t.Errorf("two writers on one database:\n%s", text)
	}
}

func TestMachineStaleLock(t *testing.T) {
	machine(t)
	keepLock(t)
	want(t, "oned", "start", nil, ocf.SuccessCode, "")
	killMain(t, "opennebula.service")
	if _, err := os.Stat(fakeoned.LockFile); err != nil {
		t.Fatalf("the crash left no lock: %v", err)
	}
	want(t, "oned", "monitor", recurring, ocf.NotRunningCode, "")
	want(t, "oned", "monitor", nil, ocf.NotRunningCode, "")
	if _, err := os.Stat(fakeoned.LockFile); err != nil {
		t.Error("a monitor removed the lock")
	}
	want(t, "oned", "start", nil, ocf.SuccessCode, "removed the lock")
	want(t, "oned", "stop", nil, ocf.SuccessCode, "")
	noAlarm(t)
}

// An oned that somebody started by hand is found, is never joined by a second one,
// and ends with a stop.
func TestMachineOnedByHand(t *testing.T) {
	machine(t)
	keepLock(t)
	for _, frozen := range []bool{false, true} {
		cmd := byHand(t)
		if frozen {
			if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
		}
		says := fmt.Sprintf("oned runs outside of opennebula.service as process %d", cmd.Process.Pid)
		want(t, "oned", "monitor", nil, ocf.GenericCode, says)
		want(t, "oned", "monitor", recurring, ocf.GenericCode, says)
		want(t, "oned", "start", nil, ocf.GenericCode, says)
		if _, err := os.Stat(fakeoned.LockFile); err != nil {
			t.Error("the lock of an oned that runs was removed")
		}
		if got := systemctl(t, "show", "--property=ActiveState", "--value", "opennebula.service"); got != "inactive" {
			t.Errorf("the unit is %s", got)
		}
		began := time.Now()
		want(t, "oned", "stop", params{"timeout": "5000"}, ocf.SuccessCode, "it is ended")
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("the stop took %s of its 5 s", took)
		}
		if err := cmd.Process.Signal(syscall.Signal(0)); err == nil {
			t.Error("after the stop it runs")
		}
		want(t, "oned", "monitor", nil, ocf.NotRunningCode, "")
	}
	want(t, "oned", "start", nil, ocf.SuccessCode, "removed the lock") // of the frozen one
	want(t, "oned", "stop", nil, ocf.SuccessCode, "")
	noAlarm(t)
}

// One in a container, with file systems of its own, is somebody else's.
func TestMachineOnedInContainer(t *testing.T) {
	machine(t)
	lock := t.TempDir() + "/lock"
	cmd := exec.Command(fakeoned.Oned, "-role", "oned", "-listen", "127.0.0.1:26330", "-lock", lock, "-shared", t.TempDir(), "-sqlite", t.TempDir()+"/one.db", "-events", "")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	want(t, "oned", "monitor", nil, ocf.NotRunningCode, "")
	want(t, "oned", "start", nil, ocf.SuccessCode, "")
	want(t, "oned", "stop", nil, ocf.SuccessCode, "")
	if err := cmd.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the stop ended it: %v", err)
	}
}

func TestMachineRaft(t *testing.T) {
	machine(t)
	file := t.TempDir() + "/oned.conf"
	p := params{"config": file}
	for text, says := range map[string]string{
		"FEDERATION = [ SERVER_ID = 0 ]\n":                   "SERVER_ID",
		"RAFT_LEADER_HOOK = [ COMMAND = \"raft/vip.sh\" ]\n": "RAFT_LEADER_HOOK",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		want(t, "oned", "start", p, ocf.ConfiguredCode, says)
		want(t, "oned", "validate-all", p, ocf.ConfiguredCode, "Raft")
		want(t, "oned", "monitor", p, ocf.NotRunningCode, "")
		want(t, "oned", "stop", p, ocf.SuccessCode, "")
	}
	if err := os.WriteFile(file, []byte("PORT = \"2633\"\nFEDERATION = [ SERVER_ID"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, p := range []params{p, {"config": "/nonexistent/oned.conf"}} {
		want(t, "oned", "start", p, ocf.SuccessCode, "cannot tell whether oned is a server of a Raft zone")
		want(t, "oned", "stop", p, ocf.SuccessCode, "")
	}
}

// The first deep monitor after a start names what the last oned has left, and only that
// one does; without the program that looks it says so, and succeeds.
func TestMachineLookAfterTakeover(t *testing.T) {
	machine(t)
	const left = "after the takeover of "
	first := params{"depth": "10", "interval": "600000", "timeout": "60000"}
	want(t, "oned", "start", nil, ocf.SuccessCode, "")
	if _, said := call(t, "oned", "monitor", params{"depth": "10"}); strings.Contains(said, left) {
		t.Errorf("a probe looked:\n%s", said)
	}
	code, said := call(t, "oned", "monitor", first)
	for _, line := range []string{left, "PROLOG", ": oneha recover --ssh --vm ", "WARNING"} {
		if code != ocf.SuccessCode || !strings.Contains(said, line) {
			t.Errorf("exit %d, no %q:\n%s", code, line, said)
		}
	}
	t.Logf("%s", said)
	time.Sleep(1100 * time.Millisecond) // longer than the interval: the unit is no new one then
	if code, said := call(t, "oned", "monitor", params{"depth": "10", "interval": "1000"}); code != ocf.SuccessCode || strings.Contains(said, left) {
		t.Errorf("the second monitor: exit %d\n%s", code, said)
	}

	away := child.Program + ".away"
	if err := os.Rename(child.Program, away); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.Rename(away, child.Program); err != nil {
			t.Error(err)
		}
	}()
	want(t, "oned", "monitor", first, ocf.SuccessCode, "oneha is not installed here")
}

// A look that hangs does not cost the monitor its result.
func TestMachineLookHangs(t *testing.T) {
	machine(t)
	want(t, "oned", "start", nil, ocf.SuccessCode, "")
	away := child.Program + ".away"
	if err := os.Rename(child.Program, away); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.Rename(away, child.Program); err != nil {
			t.Error(err)
		}
	}()
	if err := os.WriteFile(child.Program, []byte("#!/bin/sh\nexec sleep 600\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	want(t, "oned", "monitor", params{"depth": "10", "interval": "600000", "timeout": "8000"}, ocf.SuccessCode, "is not known, or not all of it")
}

// What is wrong behind oned shows at depth 20, in words.
func TestMachineOnedDepth20(t *testing.T) {
	machine(t)
	deep := func(more params) params {
		p := params{"depth": "20", "interval": "120000", "probe_timeout": "2"}
		for name, value := range more {
			p[name] = value
		}
		return p
	}
	wrong := t.TempDir() + "/one_auth"
	if err := os.WriteFile(wrong, []byte("oneadmin:wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, "oned", "start", nil, ocf.SuccessCode, "")
	want(t, "flow", "start", nil, ocf.SuccessCode, "")
	want(t, "oned", "monitor", deep(nil), ocf.SuccessCode, "")
	want(t, "flow", "monitor", deep(nil), ocf.SuccessCode, "")
	for _, agent := range []string{"oned", "flow", "gate"} {
		if agent == "gate" {
			want(t, agent, "start", nil, ocf.SuccessCode, "")
		}
		want(t, agent, "monitor", deep(params{"auth_file": wrong}), ocf.DegradedCode, "credentials")
		want(t, agent, "monitor", deep(params{"auth_file": "/nonexistent"}), ocf.DegradedCode, "/nonexistent")
		want(t, agent, "monitor", deep(params{"auth_file": wrong, "interval": "0"}), ocf.SuccessCode, "credentials")
		want(t, agent, "monitor", params{"depth": "10", "auth_file": wrong, "interval": "60000"}, ocf.SuccessCode, "")
	}

	mode := func(m fakeoned.Mode) {
		t.Helper()
		if err := fakeoned.SetMode(fakeoned.ModeDir, m); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
	}
	t.Cleanup(func() { _ = os.Remove(fakeoned.ModeDir + "/" + fakeoned.ModeName) })
	mode(fakeoned.Away)
	want(t, "oned", "monitor", deep(nil), ocf.GenericCode, "database")
	want(t, "flow", "monitor", deep(nil), ocf.DegradedCode, "database")
	want(t, "oned", "monitor", recurring, ocf.SuccessCode, "")
	mode(fakeoned.Up)
	want(t, "oned", "monitor", deep(nil), ocf.SuccessCode, "")
	if out, err := exec.Command("kill", "-STOP", mainPID(t, "opennebula.service")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want(t, "oned", "monitor", deep(nil), ocf.GenericCode, "does not answer")
	want(t, "flow", "monitor", deep(nil), ocf.DegradedCode, "oned")
	want(t, "flow", "monitor", params{"depth": "10", "interval": "60000"}, ocf.SuccessCode, "")
	want(t, "oned", "stop", params{"timeout": "4000"}, ocf.SuccessCode, "")
}
