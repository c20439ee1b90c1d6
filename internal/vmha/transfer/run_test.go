package transfer

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// remotes is a directory of drivers with one script.
func remotes(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "shared"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "shared", "mv"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRun(t *testing.T) {
	var out bytes.Buffer
	r := Runner{Remotes: remotes(t, "echo \"$#: $1 $2\"\nenv | sort | cut -d= -f1 | tr '\\n' ' '\nexit 3\n"), Output: &out, Grace: time.Second}
	t.Setenv("ONE_AUTH_SECRET", "x")
	result, err := r.Run(context.Background(), Action{Verb: "MV", TM: "shared", Args: []string{"a:/b;c", "$(x)"}})
	if err != nil || result.Exit != 3 || result.Script != filepath.Join(r.Remotes, "shared", "mv") {
		t.Errorf("%+v %v", result, err)
	}
	if got := out.String(); !strings.HasPrefix(got, "2: a:/b;c $(x)\n") || strings.Contains(got, "SECRET") {
		t.Errorf("%q", got)
	}
	if _, err := r.Run(context.Background(), Action{Verb: "LN", TM: "shared"}); err == nil || !strings.Contains(err.Error(), "has no script for LN") {
		t.Error(err)
	}
	if err := os.Chmod(filepath.Join(r.Remotes, "shared", "mv"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Run(context.Background(), Action{Verb: "MV.ceph", TM: "shared"}); err == nil || !strings.Contains(err.Error(), "chmod +x") {
		t.Error(err)
	}
}

// A script that is interrupted ends with everything that it started.
func TestRunIsInterrupted(t *testing.T) {
	alive := filepath.Join(t.TempDir(), "alive")
	r := Runner{Remotes: remotes(t, "trap '' TERM\necho $$ >"+alive+".tmp; mv "+alive+".tmp "+alive+"\nwhile :; do sleep 0.05; done\n"), Output: &bytes.Buffer{}, Grace: 50 * time.Millisecond}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		for range 3000 {
			if _, err := os.Stat(alive); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	_, err := r.Run(ctx, Action{Verb: "MV", TM: "shared"})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	pid, err := os.ReadFile(alive)
	if err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		state, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat")
		if err != nil || strings.Contains(string(state), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the script still runs")
}

func TestProgress(t *testing.T) {
	name := filepath.Join(t.TempDir(), "transfer.0.prolog")
	f, _ := Parse(name, []byte(example))
	open := func() (*Progress, bool) {
		t.Helper()
		p, fresh, err := ProgressOf(f, User{})
		if err != nil {
			t.Fatal(err)
		}
		return p, fresh
	}
	p, fresh := open()
	if fresh || p.Next() != 0 {
		t.Error("does not begin at the begin")
	}
	if _, _, err := ProgressOf(f, User{}); !errors.Is(err, ErrBusy) {
		t.Errorf("two at once: %v", err)
	}
	for n, m := range []Mark{OK, Skipped, Failed} {
		if err := p.Set(n, m, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	p.Close()
	if p, fresh = open(); fresh || p.Next() != 2 || p.Mark(1) != Skipped {
		t.Errorf("forgot what was done: %v %d", fresh, p.Next())
	}
	if err := p.Set(2, OK, time.Now()); err != nil || p.Next() != 3 {
		t.Errorf("%v, next %d", err, p.Next())
	}
	p.Close()

	f, _ = Parse(name, []byte(example+"# another one\n"))
	if p, fresh = open(); !fresh || p.Next() != 0 {
		t.Error("took over the progress of another transfer file")
	}
	p.Close()
	if err := os.WriteFile(name+".oneha", []byte(`{"version": 1, "transfer`), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, fresh = open(); !fresh || p.Next() != 0 {
		t.Error("half a file counts for something")
	}
	p.Close()
}
