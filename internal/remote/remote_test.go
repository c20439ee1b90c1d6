package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeSSH stands in for ssh: it takes the options that we give, keeps them in a
// file, and runs the command here. With a file "down" beside it it fails as ssh does.
const fakeSSH = `#!/bin/sh
dir=$(dirname "$0")
printf '%s\n' "$@" > "$dir/argv"
while [ "$1" != -- ]; do shift; done
[ -e "$dir/down" ] && { cat "$dir/down" >&2; exit 255; }
[ -e "$dir/cut" ] && { sh -c "$3" & p=$!; while [ ! -e "$dir/now" ]; do sleep 0.05; done; kill -9 $p; exit 255; }
exec sh -c "$3"
`

// newFake is an sshHost on the fake.
func newFake(t *testing.T, user string) (Host, string) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "ssh")
	if err := os.WriteFile(program, []byte(fakeSSH), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	h := files{&sshHost{name: "server-1", user: user, addr: "192.0.2.1", program: program}}
	t.Cleanup(func() { _ = h.Close() })
	return h, dir
}

// each runs a test on this machine and through the fake ssh.
func each(t *testing.T, test func(t *testing.T, h Host)) {
	t.Run("local", func(t *testing.T) { test(t, Local()) })
	t.Run("ssh", func(t *testing.T) {
		h, _ := newFake(t, "root")
		test(t, h)
	})
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestRun(t *testing.T) {
	each(t, func(t *testing.T, h Host) {
		out, err := h.Run(bounded(t), "printf", "%s|", "a b", "$HOME", "it's", "")
		if err != nil || string(out) != "a b|$HOME|it's||" {
			t.Errorf("got %q, %v", out, err)
		}
		for _, code := range []int{1, 124, 255} {
			_, err = h.Run(bounded(t), "sh", "-c", "echo first >&2; echo second >&2; exit "+strconv.Itoa(code))
			var exit *ExitError
			if !errors.As(err, &exit) || exit.Code != code || exit.Program != "sh" || exit.Stderr != "first\nsecond" {
				t.Errorf("exit code %d became %#v", code, err)
			}
			if errors.Is(err, ErrUnreachable) {
				t.Errorf("exit code %d is taken for a machine that is not there", code)
			}
		}
		_, err = h.Run(bounded(t), "/nonexistent/program")
		if err == nil {
			t.Error("a program that is not there ran")
		}
		// Only the end of a long standard error is kept, and the exit code is still found.
		_, err = h.Run(bounded(t), "sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done; exit 7")
		var exit *ExitError
		if !errors.As(err, &exit) || exit.Code != 7 || !strings.HasSuffix(exit.Stderr, "line 1999") || len(exit.Stderr) > shown || !strings.HasPrefix(exit.Stderr, "line ") {
			t.Errorf("a long standard error became %#v", err)
		}
	})
}

func TestStream(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // more than any pipe holds
	each(t, func(t *testing.T, h Host) {
		var out bytes.Buffer
		if err := h.Stream(bounded(t), bytes.NewReader(big), &out, "cat"); err != nil || !bytes.Equal(out.Bytes(), big) {
			t.Errorf("%d bytes came back, %v", out.Len(), err)
		}
		// A program that does not read its input is no error of ours.
		if err := h.Stream(bounded(t), bytes.NewReader(big), nil, "true"); err != nil {
			t.Errorf("a program that reads nothing: %v", err)
		}
		broken := errors.New("the disk is full")
		if err := h.Stream(bounded(t), nil, writer(func([]byte) (int, error) { return 0, broken }), "echo", "x"); !errors.Is(err, broken) {
			t.Errorf("a writer that fails gave %v", err)
		}
	})
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestFiles(t *testing.T) {
	each(t, func(t *testing.T, h Host) {
		ctx, dir := bounded(t), t.TempDir()
		name := filepath.Join(dir, "with space and 'quote'")
		if _, err := h.ReadFile(ctx, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a file that is not there: %v", err)
		}
		if _, err := h.ReadFile(ctx, dir); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a directory was read: %v", err)
		}
		write := func(path, content string, m Meta, mode fs.FileMode) {
			t.Helper()
			if err := h.WriteFile(ctx, path, []byte(content), m); err != nil {
				t.Fatal(err)
			}
			got, err := h.ReadFile(ctx, path)
			if err != nil || string(got) != content {
				t.Errorf("wrote %q, read %q, %v", content, got, err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
				t.Errorf("mode %v, %v, want %v", info.Mode(), err, mode)
			}
		}
		write(name, "first", Meta{}, 0o600)
		write(name, "", Meta{Mode: 0o640}, 0o640)
		write(name, "\x00binary\xff\n", Meta{}, 0o640)

		link := filepath.Join(dir, "link")
		if err := os.Symlink(filepath.Base(name), link); err != nil {
			t.Fatal(err)
		}
		write(link, "through the link", Meta{}, 0o640)
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Error("the link was replaced")
		}
		if err := h.WriteFile(ctx, filepath.Join(dir, "no", "such", "directory"), nil, Meta{}); err == nil {
			t.Error("a file was written into no directory")
		}
		only(t, dir, "link", filepath.Base(name))
	})
}

func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs root")
		}
		t.Skip("needs root")
	}
	each(t, func(t *testing.T, h Host) {
		ctx, path := bounded(t), filepath.Join(t.TempDir(), "file")
		owners := func() string {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			stat := info.Sys().(*syscall.Stat_t)
			return fmt.Sprint(stat.Uid, ":", stat.Gid, " ", info.Mode().Perm())
		}
		for _, step := range []struct {
			m    Meta
			want string
		}{
			{Meta{Owner: "1234", Group: "5678", Mode: 0o604}, "1234:5678 -rw----r--"},
			{Meta{}, "1234:5678 -rw----r--"},
			{Meta{Group: "99"}, "1234:99 -rw----r--"},
		} {
			if err := h.WriteFile(ctx, path, []byte("x"), step.m); err != nil {
				t.Fatal(err)
			}
			if got := owners(); got != step.want {
				t.Errorf("%+v: got %s, want %s", step.m, got, step.want)
			}
		}
	})
}

// What killed calls left is removed, other files with similar names are not.
func TestLeftoversAreSwept(t *testing.T) {
	each(t, func(t *testing.T, h Host) {
		dir := t.TempDir()
		for _, name := range []string{".oneha-write.conf.aB3dE6gH", ".oneha-write.conf.12345678", ".oneha-write.other.12345678", ".oneha-write.conf"} {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.WriteFile(bounded(t), filepath.Join(dir, "conf"), []byte("x"), Meta{}); err != nil {
			t.Fatal(err)
		}
		only(t, dir, ".oneha-write.conf", ".oneha-write.other.12345678", "conf")
	})
}

func only(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if !slices.Equal(names, want) {
		t.Errorf("%s holds %q, want %q", dir, names, want)
	}
}

// The end of ctx ends the program and its children, also those of another session.
func TestCancel(t *testing.T) {
	each(t, func(t *testing.T, h Host) {
		dir := t.TempDir()
		started := filepath.Join(dir, "started")
		ctx, cancel := context.WithCancel(bounded(t))
		failed := make(chan error, 1)
		go func() {
			_, err := h.Run(ctx, "sh", "-c", `sleep 3600 & echo $$ $! > "$1.new"; mv "$1.new" "$1"; wait`, "sh", started)
			failed <- err
		}()
		pids := strings.Fields(string(eventually(t, started)))
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled call gave %v", err)
		}
		for _, pid := range pids {
			gone(t, pid)
		}
	})
}

// eventually is the content of a file as soon as it is there.
func eventually(t *testing.T, path string) []byte {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if data, err := os.ReadFile(path); err == nil {
			return data
		}
	}
	t.Fatalf("%s did not appear", path)
	return nil
}

func gone(t *testing.T, word string) {
	t.Helper()
	pid, err := strconv.Atoi(word)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") { // a zombie has ended
			return
		}
	}
	t.Errorf("process %d still runs", pid)
}

// Short programs, many of them: none leaves anything that keeps the call from ending.
func TestShortPrograms(t *testing.T) {
	each(t, func(t *testing.T, h Host) {
		ctx := bounded(t)
		for range 50 {
			if _, err := h.Run(ctx, "true"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A caller that is killed takes what it runs with it, within seconds.
func TestCallerIsKilled(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	caller := exec.Command(os.Args[0], "-test.run=^TestCaller$")
	caller.Env = append(os.Environ(), "ONEHA_TEST_STARTED="+started)
	if err := caller.Start(); err != nil {
		t.Fatal(err)
	}
	pids := strings.Fields(string(eventually(t, started)))
	if err := caller.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = caller.Wait() // it was killed
	for _, pid := range pids {
		gone(t, pid)
	}
}

// TestCaller is the caller that TestCallerIsKilled kills.
func TestCaller(t *testing.T) {
	started := os.Getenv("ONEHA_TEST_STARTED")
	if started == "" {
		t.Skip("only for TestCallerIsKilled")
	}
	_, err := Local().Run(bounded(t), "sh", "-c", `sleep 3600 & echo $$ $! > "$1.new"; mv "$1.new" "$1"; wait`, "sh", started)
	t.Log(err)
}
