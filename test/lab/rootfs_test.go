package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "lock")
	first, err := tryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tryLock(path); !errors.Is(err, errBusy) {
		t.Errorf("a second tryLock gave %v, want errBusy", err)
	}
	waited := false
	if _, err := waitLock(within(t, 50*time.Millisecond), path, func() { waited = true }); !errors.Is(err, errBusy) || !waited {
		t.Errorf("waitLock gave %v (said so: %v), want errBusy", err, waited)
	}
	time.AfterFunc(50*time.Millisecond, func() { unlock(first) })
	second, err := waitLock(within(t, 5*time.Second), path, func() {})
	if err != nil {
		t.Fatal(err)
	}
	unlock(second)
	if exists(path) {
		t.Error("unlock left the file")
	}
}

func TestWatch(t *testing.T) {
	var seen []string
	collect := func(line string) { seen = append(seen, line) }
	if err := watch(within(t, 5*time.Second), "sh", []string{"-c", "echo chatter; echo I: one >&2; echo W: odd >&2; echo I: two >&2"}, collect); err != nil {
		t.Error(err)
	}
	if !slices.Equal(seen, []string{"one", "two"}) {
		t.Errorf("progress %q, want one and two", seen)
	}
	err := watch(within(t, 5*time.Second), "sh", []string{"-c", "echo E: no such mirror >&2; exit 5"}, collect)
	if err == nil || !strings.Contains(err.Error(), "E: no such mirror") {
		t.Errorf("watch gave %v, want what the command said", err)
	}
	if err := watch(within(t, 100*time.Millisecond), "sleep", []string{"60"}, collect); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("watch gave %v, want its deadline", err)
	}
}

// TestRootfsCached finds a root file system without root and without mmdebstrap.
func TestRootfsCached(t *testing.T) {
	cache := t.TempDir()
	want := filepath.Join(cache, "rootfs", imageName("trixie", packagesOf("trixie")))
	if err := os.MkdirAll(want, 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := Rootfs(within(t, time.Second), Options{CacheDir: cache, Release: "trixie"})
	if err != nil || got != want {
		t.Errorf("Rootfs = %q, %v; want %q", got, err, want)
	}
}

func TestParseArchive(t *testing.T) {
	const targets = "Packages|Debian|bookworm-updates|bookworm-updates|main|http://a.example/updates/\n" +
		"Sources|Debian|bookworm|bookworm|main|http://a.example/sources/\n" +
		"Packages|Debian|bookworm|bookworm|main|http://a.example/debian/\n"
	if got := parseArchive(targets); got != "http://a.example/debian/" {
		t.Errorf("got %q", got)
	}
	if got := parseArchive(""); got != "" {
		t.Errorf("got %q from nothing", got)
	}
}
