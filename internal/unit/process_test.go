package unit

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// spawn runs a script under a command name of its own and returns its PID. It is
// waited for, so that no zombie is left, and killed at the end.
func spawn(t *testing.T, name, script string, attr *syscall.SysProcAttr) int {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file)
	cmd.SysProcAttr = attr
	wait(t, cmd)
	return cmd.Process.Pid
}

// wait starts the command and waits until it prints something.
func wait(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	ready, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _, _ = cmd.Process.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	if _, err := ready.Read(make([]byte, 1)); err != nil {
		t.Fatalf("%s did not say that it is ready: %v", cmd.Path, err)
	}
}

// helperVar makes this program wait, as another call of an agent would run.
const helperVar = "ONEHA_TEST_WAIT"

func TestHelperWaits(t *testing.T) {
	if os.Getenv(helperVar) == "" {
		t.Skip("not a test: started by TestOutsideAndEnd")
	}
	time.Sleep(time.Minute)
}

// Both scripts read from a pipe that nobody writes to, so that they have no child
// that would outlive them.
const (
	obedient = "echo; read x <>/dev/ptmx"
	stubborn = "trap '' TERM; echo; while :; do read x <>/dev/ptmx; done"
)

func TestOutsideAndEnd(t *testing.T) {
	const name = "oneha-outside"
	m := New("")
	outside := func() []int {
		t.Helper()
		pids, err := m.Outside(t.Context(), "", name)
		if err != nil {
			t.Fatal(err)
		}
		return pids
	}
	if got := outside(); len(got) != 0 {
		t.Fatalf("before the first: %v", got)
	}
	a, b := spawn(t, name, obedient, nil), spawn(t, name, stubborn, nil)
	spawn(t, name+"x", obedient, nil)
	if os.Geteuid() == 0 { // as in a container
		spawn(t, name, obedient, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS})
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	agent := filepath.Join(t.TempDir(), name) // as an agent is called by the name of its service
	if err := os.Symlink(self, agent); err != nil {
		t.Fatal(err)
	}
	call := exec.Command(agent, "-test.run=^TestHelperWaits$", "-test.v")
	call.Env = append(os.Environ(), helperVar+"=1")
	wait(t, call)
	if !m.is(call.Process.Pid, name) {
		t.Errorf("a call of this program as %s is not called so", name)
	}
	want := []int{a, b}
	slices.Sort(want)
	if got := outside(); !slices.Equal(got, want) {
		t.Fatalf("Outside = %v, want %v", got, want)
	}
	started := time.Now()
	if err := m.End(t.Context(), want, name, 300*time.Millisecond); err != nil {
		t.Error(err)
	}
	if took := time.Since(started); took < 300*time.Millisecond || took > 3*time.Second {
		t.Errorf("End took %s: want the patience, and then a kill", took)
	}
	if got := outside(); len(got) != 0 {
		t.Errorf("after End: %v", got)
	}
	if err := m.End(t.Context(), want, name, time.Second); err != nil {
		t.Errorf("End of what has ended: %v", err)
	}
}

// A number that another process got meanwhile is not hit.
func TestEndSparesOthers(t *testing.T) {
	pid := spawn(t, "oneha-other", obedient, nil)
	m := New("")
	if err := m.End(t.Context(), []int{pid}, "oneha-meant", time.Second); err != nil {
		t.Error(err)
	}
	if !m.is(pid, "oneha-other") {
		t.Error("another process was ended")
	}
}

func TestParseStat(t *testing.T) {
	for _, tt := range []struct {
		stat, command string
		runs          bool
	}{
		{"1 (oned) S 1 1", "oned", true},
		{"1 (oned) R 1 1", "oned", true},
		{"1 (oned) T 1 1", "oned", true}, // stopped by SIGSTOP: it may go on
		{"1 (oned) Z 1 1", "oned", false},
		{"1 (oned) X 1 1", "oned", false},
		{"1 (x (oned) S) S 1 1", "x (oned) S", true},
		{"1 (oned", "", false},
		{"1 (oned) ", "oned", false},
		{"", "", false},
	} {
		if command, runs := parseStat(tt.stat); command != tt.command || runs != tt.runs {
			t.Errorf("%q: %q, %v; want %q, %v", tt.stat, command, runs, tt.command, tt.runs)
		}
	}
	if New(t.TempDir()).is(1, "oned") {
		t.Error("a process that is not there")
	}
}

// Whatever a process calls itself, that is read, and it cannot pass for ended.
func FuzzParseStat(f *testing.F) {
	for _, s := range []string{"oned", ") Z 1", "(", "", "a b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		command, runs := parseStat("7 (" + name + ") S 1 7 7 0 -1 4194560\n")
		if command != name || !runs {
			t.Errorf("%q: %q, %v", name, command, runs)
		}
		_, _ = parseStat(name)
	})
}
