package twin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/remote"
)

// server is a machine in a directory.
type server struct {
	t    testing.TB
	root string
}

// newServer has what every server has, and its files by name; a name that ends in / is a
// directory, a text that begins with -> a symbolic link.
func newServer(t testing.TB, files map[string]string) server {
	s := server{t, memory(t)}
	s.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\noneadmin:x:9869:9869::/var/lib/one:/bin/bash\n")
	s.write("/etc/group", "root:x:0:\noneadmin:x:9869:\n")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		s.write(name, files[name])
	}
	return s
}

// memory is a directory that no disk makes slow: some tests make thousands of files.
func memory(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "oneha-twin-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func (s server) path(name string) string { return filepath.Join(s.root, name) }

func (s server) write(name, text string) {
	s.t.Helper()
	full := s.path(name)
	var err error
	switch target, link := strings.CutPrefix(text, "->"); {
	case strings.HasSuffix(name, "/"):
		err = os.MkdirAll(full, 0o755)
	case link:
		err = errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.Symlink(target, full))
	default:
		err = errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o640))
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s server) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(s.path(name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// machine is the server without a system below it.
func (s server) machine() Machine {
	return Machine{Root: s.root, Now: time.Now, Run: func(context.Context, ...string) ([]byte, error) { return nil, errors.New("no tools here") }}
}

// host is the server as another one reaches it: by what it answers.
type host struct {
	server
	// asked is called before each answer, with its number from 1.
	asked func(n int)
	calls *int
	cut   int64 // bytes after which the connection breaks, 0 for never
}

func (s server) host() host { return host{server: s, calls: new(int)} }

func (host) Name() string { return "other" }
func (host) Close() error { return nil }
func (host) Run(context.Context, ...string) ([]byte, error) {
	panic("a comparison runs nothing but the answer")
}
func (host) ReadFile(context.Context, string) ([]byte, error) { panic("no file is read so") }
func (host) WriteFile(context.Context, string, []byte, remote.Meta) error {
	panic("the other server is never written to")
}

// Stream answers.
func (h host) Stream(ctx context.Context, in io.Reader, out io.Writer, argv ...string) error {
	if !slices.Equal(argv, Argv) {
		return fmt.Errorf("ran %q", argv)
	}
	*h.calls++
	if h.asked != nil {
		h.asked(*h.calls)
	}
	var answer bytes.Buffer
	if err := h.machine().Answer(ctx, in, &answer); err != nil {
		return &remote.ExitError{Host: "other", Program: "oneha", Code: 1, Stderr: err.Error()}
	}
	if h.cut > 0 && int64(answer.Len()) > h.cut && *h.calls > 1 {
		answer.Truncate(int(h.cut))
		_, err := io.Copy(out, &answer)
		return errors.Join(err, remote.ErrUnreachable)
	}
	_, err := io.Copy(out, &answer)
	return err
}

// request asks in a mode.
func request(mode Mode) Request {
	return Request{Format: Format, Mode: mode, Key: []byte("a key of this test")}
}

// files is what lies below the root: texts of files, "directory", "->" and targets.
func (s server) files() map[string]string {
	all := map[string]string{}
	err := filepath.WalkDir(s.root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(p, s.root)
		switch {
		case e.IsDir():
			all[name] = "directory"
		case e.Type() == fs.ModeSymlink:
			target, err := os.Readlink(p)
			all[name] = "->" + target
			return err
		case e.Type().IsRegular():
			text, err := os.ReadFile(p)
			all[name] = string(text)
			return err
		default:
			all[name] = "special"
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// leftovers are temporary files anywhere on the server.
func (s server) leftovers() []string {
	var left []string
	for name := range s.files() {
		if strings.Contains(filepath.Base(name), "oneha-sync-") {
			left = append(left, name)
		}
	}
	slices.Sort(left)
	return left
}

// quick is a disk that does not wait for the disk.
func quick(did func(string)) disk {
	return disk{did: did, sync: func(*os.File) error { return nil }}
}

// all is agreed to.
func all(Change) bool { return true }

// bring makes a server like another.
func (s server) bring(h host, remove ...Path) (Result, error) {
	return s.machine().apply(s.t.Context(), h, request(Raft), remove, all, nil, quick(func(string) {}))
}

// compare compares two servers.
func compare(t testing.TB, here, there server, mode Mode) Comparison {
	t.Helper()
	a, b, clock, err := here.machine().Both(t.Context(), there.host(), request(mode))
	if err != nil {
		t.Fatal(err)
	}
	// What systemd and the package manager say is another test's.
	a.Unknown, b.Unknown = nil, nil
	return Compare("other", a, b, clock)
}

// lines are the differences in short.
func (c Comparison) lines() []string {
	all := []string{}
	for _, d := range c.Differences {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", d.Item, d.What, strings.Join(d.Names, " "))))
	}
	return append(all, c.Unknown...)
}

// conf is a shipped oned.conf with some values replaced.
func conf(t testing.TB, release string, replace ...string) string {
	t.Helper()
	text, err := os.ReadFile("../confedit/testdata/oned-" + release + ".conf")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(replace...).Replace(string(text))
}
