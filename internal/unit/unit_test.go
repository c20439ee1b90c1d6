package unit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

func TestName(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"opennebula", "opennebula.service"},
		{"opennebula.service", "opennebula.service"},
		{"opennebula-showback.timer", "opennebula-showback.timer"},
		{".timer", ""}, {"x@.timer", ""}, {"a/b.timer", ""},
		{"getty@tty1.service", "getty@tty1.service"},
		{`a\x2db`, `a\x2db.service`},
		{"", ""}, {".service", ""}, {"..", ""}, {"a/b", ""}, {"../x.service", ""}, {"a b", ""}, {"a\nb", ""}, {"a%n", ""},
		{"template@.service", ""}, {strings.Repeat("x", 300), ""},
	} {
		got, err := Name(tt.in)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("Name(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
}

// Whatever the name, the drop-in's path stays where drop-ins belong.
func FuzzName(f *testing.F) {
	for _, s := range []string{"opennebula", "a/../b", "..", "x@y.service", "\\", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := Name(s)
		if err != nil {
			return
		}
		if again, err := Name(name); err != nil || again != name {
			t.Errorf("Name(%q) = %q, %v", name, again, err)
		}
		dir := filepath.Dir(filepath.Dir(New("").dropInPath(name)))
		if dir != "/run/systemd/system" {
			t.Errorf("%q: drop-in below %s", s, dir)
		}
	})
}

func TestPhase(t *testing.T) {
	for _, tt := range []struct {
		load, active string
		want         Phase
	}{
		{"loaded", "active", Active},
		{"loaded", "reloading", Reloading},
		{"loaded", "refreshing", Reloading},
		{"loaded", "activating", Activating},
		{"loaded", "deactivating", Deactivating},
		{"loaded", "inactive", Inactive},
		{"loaded", "failed", Failed},
		{"not-found", "inactive", NotFound},
		{"masked", "inactive", Masked},
		{"bad-setting", "inactive", Broken},
		{"error", "inactive", Broken},
		// What runs, runs, whatever became of the file.
		{"not-found", "active", Active},
		{"masked", "active", Active},
		{"masked", "deactivating", Deactivating},
		{"not-found", "failed", NotFound},
	} {
		if got := (State{Load: tt.load, Active: tt.active}).Phase(); got != tt.want {
			t.Errorf("%s, %s: %s, want %s", tt.load, tt.active, got, tt.want)
		}
	}
	for verb, want := range map[string]Phase{"start": Activating, "restart": Activating, "stop": Failed, "": Failed} {
		if got := (State{Load: "loaded", Active: "failed", Job: 1, Verb: verb}).Phase(); got != want {
			t.Errorf("failed, with a job %q queued: %s, want %s", verb, got, want)
		}
	}
}

func TestWriteIfDifferent(t *testing.T) {
	path := New(t.TempDir()).dropInPath("a.service")
	for i, tt := range []struct {
		content string
		written bool
	}{{"one", true}, {"one", false}, {"two", true}} {
		written, err := writeIfDifferent(path, []byte(tt.content))
		if got, _ := os.ReadFile(path); err != nil || written != tt.written || string(got) != tt.content {
			t.Errorf("step %d: written %v, content %q, %v", i, written, got, err)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// Two starts at once write the same file, and a stop may take it away meanwhile.
func TestWriteIfDifferentAtOnce(t *testing.T) {
	path := New(t.TempDir()).dropInPath("a.service")
	content := bytes.Repeat([]byte("x"), 10000)
	errs := make(chan error)
	for range 8 {
		go func() {
			var err error
			for i := 0; i < 100 && err == nil; i++ {
				_, err = writeIfDifferent(path, content)
				if text, readErr := os.ReadFile(path); readErr == nil && !bytes.Equal(text, content) {
					err = fmt.Errorf("a half-written file of %d bytes", len(text))
				}
			}
			errs <- err
		}()
	}
	stop := make(chan struct{})
	removed := make(chan struct{})
	go func() {
		defer close(removed)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				_ = os.Remove(path)
				_ = os.Remove(filepath.Dir(path)) // fails while it is not empty
			}
		}
	}()
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	close(stop)
	<-removed
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) > 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestCutOff(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{dbus.ErrClosed, true},
		{fmt.Errorf("wrapped: %w", net.ErrClosed), true},
		{dbus.Error{Name: "org.freedesktop.DBus.Error.NoReply"}, true},
		{dbus.Error{Name: "org.freedesktop.systemd1.NoSuchUnit"}, false},
		{dbus.Error{Name: "org.freedesktop.DBus.Error.AccessDenied"}, false},
		{errors.New("anything else"), false},
	} {
		if got := cutOff(tt.err); got != tt.want {
			t.Errorf("cutOff(%v) = %v", tt.err, got)
		}
	}
}

func TestNoSystemd(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "proc/1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "proc/1/comm"), []byte("init\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := New(root).State(t.Context(), "a.service"); !errors.Is(err, ErrNoSystemd) {
		t.Errorf("PID 1 is init: %v", err)
	}
	// PID 1 is systemd but /run is hidden: nothing may be concluded from that.
	if err := os.WriteFile(filepath.Join(root, "proc/1/comm"), []byte("systemd\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := New(root).State(ctx, "a.service"); err == nil || errors.Is(err, ErrNoSystemd) {
		t.Errorf("PID 1 is systemd: %v", err)
	}
}

// A systemd that takes the connection and says nothing costs the caller's time
// and no more.
func TestSilentSystemd(t *testing.T) {
	root, err := os.MkdirTemp("", "unit") // t.TempDir's names are too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	for _, dir := range []string{"run/systemd/system", "run/dbus"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, socket := range []string{"run/systemd/private", "run/dbus/system_bus_socket"} { // root uses the first, others the second
		l, err := net.Listen("unix", filepath.Join(root, socket))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err = New(root).State(ctx, "a.service")
	if took := time.Since(started); !errors.Is(err, context.DeadlineExceeded) || took > 2*time.Second {
		t.Errorf("after %s: %v", took, err)
	}
}
