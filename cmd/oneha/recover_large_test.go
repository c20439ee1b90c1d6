package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakeone"
)

// A cloud of 5,000 machines, of which 250 are stuck, costs a process of its own little
// time and memory, and oned three calls and one for each machine that is moved. The fake
// is in another process than what is measured.
func TestRecoverLargeCloud(t *testing.T) {
	cloud, flags := afterFailover(t)
	for id := 100; id < 5100; id++ {
		vm := fakeone.VM{ID: id, Name: fmt.Sprintf("machine-%d", id), State: 3, LCM: 3, Host: 1 + id%2, Begin: 1,
			Template: "<CONTEXT><START_SCRIPT><![CDATA[" + strings.Repeat("echo hello; ", 200) + "]]></START_SCRIPT></CONTEXT>"}
		switch id % 40 {
		case 0:
			vm.LCM = 2
		case 1:
			vm.LCM, vm.Seq, vm.Past = 4, 1, []fakeone.Stay{{Host: 2}}
		}
		cloud.Add(vm)
	}
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	oneha := filepath.Join(t.TempDir(), "oneha")
	if err := os.Symlink(executable, oneha); err != nil {
		t.Fatal(err)
	}
	status := filepath.Join(t.TempDir(), "status")
	for _, extra := range [][]string{nil, {"--ssh"}} {
		before := len(cloud.Calls())
		cmd := exec.Command(oneha, append(append([]string{"recover", "--json"}, extra...), flags...)...)
		cmd.Env = append(os.Environ(), "ONEHA_TEST_STATUS="+status)
		out, err := cmd.Output()
		if cmd.ProcessState.ExitCode() != exitFindings {
			t.Fatal(err)
		}
		if n := strings.Count(string(out), `"name": "machine-`); n != 250 {
			t.Fatalf("%d machines are listed", n)
		}
		text, err := os.ReadFile(status)
		if err != nil {
			t.Fatal(err)
		}
		peak := 0 // of its own memory: ru_maxrss would begin with that of the test
		if _, after, ok := strings.Cut(string(text), "VmHWM:"); ok {
			_, _ = fmt.Sscan(after, &peak)
		}
		took := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		calls := len(cloud.Calls()) - before
		t.Logf("%v: %v of processor, %d MB, %d calls", extra, took.Round(time.Millisecond), peak>>10, calls)
		if took > 2*time.Second {
			t.Errorf("%v: %v of processor", extra, took)
		}
		if peak == 0 || peak > 150<<10 {
			t.Errorf("%v: %d kB", extra, peak)
		}
		most := 3
		if extra != nil {
			most += 125 + 2 // those that are moved, db and mail
		}
		if calls != most {
			t.Errorf("%v: %d calls, want %d", extra, calls, most)
		}
	}
}
