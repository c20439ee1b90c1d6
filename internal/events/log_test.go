package events

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// root skips what only root can do, but not where nobody would notice.
func root(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("needs root, which CI has to give")
	}
	t.Skip("needs root")
}

// own is a log whose files belong to who runs the test.
func own(t *testing.T) Log {
	t.Helper()
	return Log{Dir: t.TempDir(), Owner: func() (int, int, error) { return os.Geteuid(), os.Getegid(), nil }}
}

func event(n int) Event {
	return Event{Time: moment, Host: "h", From: "vip", What: Begun, Subject: fmt.Sprintf("r%d", n), Text: strings.Repeat("x", 200)}
}

// Writers that share nothing but the files, as processes do: every line arrives whole, also
// while the files change their names.
func TestWritersAtOnce(t *testing.T) {
	const writers, lines = 8, 100
	log := own(t)
	log.Limit = int64(len(event(100).Line())) * writers * lines / 3 // three files, of the five that there may be
	var wg sync.WaitGroup
	failed := make(chan error, writers*lines)
	for w := range writers {
		wg.Go(func() {
			for n := range lines {
				if err := (Log{Dir: log.Dir, Owner: log.Owner, Limit: log.Limit}).write(event(w*lines + n).Line()); err != nil {
					failed <- err
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	seen := map[string]int{}
	files, err := filepath.Glob(filepath.Join(log.Dir, File+"*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files: they are not rotated: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			e, ok := Parse(line)
			if !ok {
				t.Errorf("%s: torn line %q", file, line)
			}
			seen[e.Subject]++
		}
	}
	for n := range writers * lines {
		if name := fmt.Sprintf("r%d", n); seen[name] != 1 {
			t.Errorf("%s is there %d times", name, seen[name])
		}
	}
}

func TestOldFilesGo(t *testing.T) {
	log := own(t)
	log.Limit = 1 // each line fills a file
	for n := range 10 {
		if err := log.Append(event(n)); err != nil {
			t.Fatal(err)
		}
	}
	for n, file := range []string{File, older(1), older(2), older(3), older(4)} {
		text, err := os.ReadFile(filepath.Join(log.Dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := Parse(text); !ok || e.Subject != fmt.Sprintf("r%d", 9-n) {
			t.Errorf("%s holds %q", file, text)
		}
	}
	entries, err := os.ReadDir(log.Dir)
	if err != nil || len(entries) != 1+kept {
		t.Errorf("%d files: %v", len(entries), err)
	}
}

func TestWhatIsNoLogIsRefused(t *testing.T) {
	tests := map[string]func(t *testing.T, dir, file string){
		"a pipe": func(t *testing.T, _, file string) {
			if err := syscall.Mkfifo(file, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"a link that leads out": func(t *testing.T, dir, file string) {
			if err := os.Symlink("../victim", file); err != nil {
				t.Fatal(err)
			}
		},
		"another name of a file": func(t *testing.T, dir, file string) {
			if err := os.Link(filepath.Join(dir, "../victim"), file); err != nil {
				t.Fatal(err)
			}
		},
		"a directory": func(t *testing.T, _, file string) {
			if err := os.Mkdir(file, 0o755); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			log := own(t)
			log.Dir = filepath.Join(log.Dir, "log")
			victim := filepath.Join(log.Dir, "../victim")
			for _, err := range []error{os.Mkdir(log.Dir, 0o750), os.WriteFile(victim, []byte("precious"), 0o600)} {
				if err != nil {
					t.Fatal(err)
				}
			}
			prepare(t, log.Dir, filepath.Join(log.Dir, File))
			if err := log.Append(event(1)); err == nil {
				t.Error("it is written to")
			}
			if text, err := os.ReadFile(victim); err != nil || string(text) != "precious" {
				t.Errorf("the other file holds %q: %v", text, err)
			}
		})
	}
}

// Whatever root writes first, hacluster can write next; and nobody else can read it.
func TestRootGivesItToTheOwner(t *testing.T) {
	root(t)
	const uid, gid = 12345, 54321
	defer syscall.Umask(syscall.Umask(0o077))
	log := Log{Dir: filepath.Join(t.TempDir(), "oneha"), Owner: func() (int, int, error) { return 0, 0, errors.New("no such user") }}
	check := func(path, mode string, uid, gid int) {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if u, g := ownerOf(info); info.Mode().String() != mode || u != uid || g != gid {
			t.Errorf("%s is %s of %d:%d, want %s of %d:%d", path, info.Mode(), u, g, mode, uid, gid)
		}
	}
	file := filepath.Join(log.Dir, File)
	if err := log.Append(event(1)); err != nil {
		t.Fatal(err)
	}
	check(log.Dir, "drwxr-x---", 0, 0)
	check(file, "-rw-r-----", 0, 0)
	log.Owner = func() (int, int, error) { return uid, gid, nil } // Pacemaker is installed
	if err := log.Prepare(); err != nil {
		t.Fatal(err)
	}
	check(log.Dir, "drwxr-x---", uid, gid)
	if err := log.Append(event(2)); err != nil {
		t.Fatal(err)
	}
	check(file, "-rw-r-----", uid, gid)
}

// Where the files cannot be renamed, the log takes twice the usual and then no more.
func TestRotationThatCannotSucceed(t *testing.T) {
	log := own(t)
	line := int64(len(event(1).Line()))
	log.Limit = 2 * line
	for n := 1; n <= kept; n++ {
		if err := os.MkdirAll(filepath.Join(log.Dir, older(n), "full"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 4 {
		if err := log.Append(event(n)); err != nil {
			t.Fatalf("line %d: %v", n, err)
		}
	}
	if err := log.Append(event(5)); err == nil || !strings.Contains(err.Error(), "cannot be renamed") {
		t.Errorf("error %v", err)
	}
	info, err := os.Stat(filepath.Join(log.Dir, File))
	if err != nil || info.Size() != 4*line {
		t.Errorf("%v, want %d bytes: %v", info, 4*line, err)
	}
}

func TestMissingDirectoryIsAnError(t *testing.T) {
	log := Log{Dir: filepath.Join(t.TempDir(), "no/such")}
	if err := log.Append(event(1)); err == nil {
		t.Error("written to nowhere")
	}
}

// A disk that hangs costs an agent half a second, not its action.
func TestHangingDisk(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	err := within(time.Millisecond, func() error { <-release; return nil })
	if err == nil || !strings.Contains(err.Error(), "did not take") {
		t.Errorf("error %v", err)
	}
	if !errors.Is(err, ErrSlow) {
		t.Errorf("%v is not ErrSlow", err)
	}
	if err := within(time.Hour, func() error { return os.ErrInvalid }); !errors.Is(err, os.ErrInvalid) {
		t.Errorf("error %v", err)
	}
}

// It costs a process half a second once, not for each line.
func TestNothingMoreIsWrittenToASlowDisk(t *testing.T) {
	asked := 0
	write := untilSlow(func(e Event) error {
		asked++
		switch e.Subject {
		case "r1":
			return os.ErrInvalid
		case "r2":
			return ErrSlow
		}
		return nil
	})
	var got []error
	for n := range 5 {
		got = append(got, write(event(n)))
	}
	if want := []error{nil, os.ErrInvalid, ErrSlow, nil, nil}; !slices.Equal(got, want) || asked != 3 {
		t.Errorf("%v after %d writes", got, asked)
	}
}
