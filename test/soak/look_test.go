package soak

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestReadProcess(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	defer end()
	pid := cmd.Process.Pid
	var p process
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) { // before it is sleep, it is this program, and then has no arguments yet
		var there bool
		if p, there = read(pid); there && p.name() == "sleep" && len(p.args) == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d is read as %+v", pid, p)
		}
	}
	if p.above != os.Getpid() || p.state == 'Z' || p.args[1] != "1000" {
		t.Errorf("read %+v", p)
	}
	r := newRecord()
	r.weigh("here", "sleep", p)
	for _, measure := range []string{resident, share, anonymous, descriptors, threads} {
		s := r.all[Key{"here", "sleep", measure}]
		if s == nil || len(s.Points) != 1 || s.Points[0].Value <= 0 {
			t.Errorf("%s was not weighed: %+v", measure, s)
		}
	}

	// One that ended and nobody waited for is there, without arguments.
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		if p, there := read(pid); there && p.state == 'Z' {
			if p.name() != "sleep" {
				t.Errorf("the zombie is called %q", p.name())
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it did not become a zombie")
		}
	}
	end()
	if now, there := read(pid); there && now.life() == p.life() {
		t.Error("a process that is gone is still read")
	}
}

func TestWatching(t *testing.T) {
	for want, p := range map[string]process{
		"oneha status --watch":      {exe: "oneha", args: []string{"/usr/bin/oneha", "status", "--watch=2"}},
		"oneha raft status --watch": {exe: "oneha", args: []string{"oneha", "raft", "status", "--watch=2", "--json"}},
	} {
		if got := watching(p); got != want {
			t.Errorf("%v is taken for %q", p.args, got)
		}
	}
	for _, p := range []process{
		{exe: "oneha", args: []string{"oneha", "status"}},
		{exe: "nsenter", args: []string{"nsenter", "--", "oneha", "status", "--watch=2"}},
	} {
		if got := watching(p); got != "" {
			t.Errorf("%v is taken for %q", p.args, got)
		}
	}
}

func TestHeld(t *testing.T) {
	root := t.TempDir()
	write := func(name string, bytes int) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, bytes), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("run/a", 10)
	write("run/deep/er/b", 20)
	write("run/log/journal/c", 1000)
	write("other/d", 1000)
	if err := os.Symlink("a", filepath.Join(root, "run/link")); err != nil {
		t.Fatal(err)
	}
	if h := held(root, "/run", []string{"/run/log"}); h != (hold{2, 30}) {
		t.Errorf("held %+v, want 2 files of 30 bytes", h)
	}
	if h := held(root, "/nothing", nil); h != (hold{}) {
		t.Errorf("what is not there holds %+v", h)
	}
}

func TestOursInJournal(t *testing.T) {
	for tag, want := range map[string]bool{
		"vip(vip)[123]:": true, "oned(oned)[1]:": true, "fence_bmc_ipmi[77]:": true, "oneha-raft-guard[5]:": true,
		"pacemaker-execd[12]:": false, "systemd[1]:": false, "corosync[9]:": false, "oned[12]:": false,
	} {
		if got := oursInJournal.MatchString(tag); got != want {
			t.Errorf("%s is ours: %t", tag, got)
		}
	}
}

func TestALifeBeginsAnew(t *testing.T) {
	r := newRecord()
	k := Key{"somewhere", "oneha raft guard", share}
	for _, life := range []string{"1@1", "1@1", "2@9"} {
		r.add(k, life, 5)
	}
	if s := r.series(); len(s) != 1 || s[0].Lives != 2 || len(s[0].Points) != 1 {
		t.Errorf("series %+v, want one of the second life", s)
	}
	if what := r.seen("somewhere", share); len(what) != 1 || what[0] != k.What {
		t.Errorf("seen %v", what)
	}
}
