package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/fakeone"
)

// In a cloud of 5,000 machines 300 are to be changed, of all kinds: beside a call for
// each change oned gets a few, and the process costs little time and memory. The fake is
// in another process than what is measured.
func TestRecoverLargeCloud(t *testing.T) {
	cloud, flags := afterFailover(t)
	hosts := filepath.Join(os.Getenv("TMPDIR"), "hosts")
	const changes = 100 + 60 + 60 + 40 + 2*40 + 3 // and those that were there before
	var lists [3]string
	for id := 100; id < 5100; id++ {
		host := 1 + id%2
		vm := fakeone.VM{ID: id, Name: fmt.Sprintf("machine-%d", id), State: 3, LCM: 3, Host: host, Begin: 1,
			Template: "<CONTEXT><START_SCRIPT><![CDATA[" + strings.Repeat("echo hello; ", 200) + "]]></START_SCRIPT></CONTEXT>"}
		runs := false
		switch n := id - 100; {
		case n < 100: // does not run: retry
			vm.LCM = 2
		case n < 160: // runs on the target: success
			vm.LCM, vm.Seq, vm.Past, runs = 4, 1, []fakeone.Stay{{Host: 3 - host}}, true
		case n < 220: // the device is gone: failure
			vm.LCM, vm.Seq, vm.Begin, vm.Past, runs = 17, 1, 500, []fakeone.Stay{{Host: host, Action: 22, Begin: 1, End: 500}}, true
			vm.Template += "<DISK><DISK_ID>1</DISK_ID><TARGET>sda</TARGET><ATTACH>YES</ATTACH></DISK>"
			name := filepath.Join(hosts, fmt.Sprintf("host%d/one-%d.xml", host, id))
			if err := os.WriteFile(name, []byte("<domain><devices><disk><target dev='vda'/></disk></devices></domain>"), 0o600); err != nil {
				t.Fatal(err)
			}
		case n < 260: // off: success
			vm.LCM = 18
		case n < 300: // does not run: failure, then retry
			vm.LCM = 32
		}
		if runs {
			lists[host] += fmt.Sprintf(" 9    one-%d   running\n", id)
		}
		cloud.Add(vm)
	}
	for host := 1; host < 3; host++ {
		name := filepath.Join(hosts, fmt.Sprintf("host%d/list", host))
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, append(text, lists[host]...), 0o600); err != nil {
			t.Fatal(err)
		}
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
	for _, c := range []struct {
		flags []string
		other int // calls that change nothing
		took  time.Duration
	}{
		{nil, 3, 4 * time.Second},
		{[]string{"--ssh"}, 3 + 8 + 1, 4 * time.Second},
		{[]string{"--ssh", "--apply", "--yes"}, 3 + 8 + 1 + 2*5, 12 * time.Second}, // two steps
	} {
		before := cloud.Calls()
		cmd := exec.Command(oneha, append(append([]string{"recover", "--json"}, c.flags...), flags...)...)
		cmd.Env = append(os.Environ(), "ONEHA_TEST_STATUS="+status)
		out, err := cmd.Output()
		if cmd.ProcessState.ExitCode() != exitFindings {
			t.Fatal(err)
		}
		if n := strings.Count(string(out), `"name": "machine-`); n != 300 {
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
		calls, changing := 0, 0
		for _, call := range cloud.Calls()[len(before):] {
			if calls++; call.Method == "one.vm.recover" {
				changing++
			}
		}
		t.Logf("%v: %v of processor, %d MB, %d calls, %d of them change something", c.flags, took.Round(time.Millisecond), peak>>10, calls, changing)
		if took > c.took {
			t.Errorf("%v: %v of processor", c.flags, took)
		}
		if peak == 0 || peak > 150<<10 {
			t.Errorf("%v: %d kB", c.flags, peak)
		}
		want := 0
		if slices.Contains(c.flags, "--apply") {
			want = changes
		}
		if changing != want {
			t.Errorf("%v: %d changes, want %d", c.flags, changing, want)
		}
		if calls-changing > c.other {
			t.Errorf("%v: %d calls beside the changes, want %d at most", c.flags, calls-changing, c.other)
		}
	}
}
