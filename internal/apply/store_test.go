package apply

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func config(value string) []byte { return []byte(fmt.Sprintf(fakeCIB, 4, 2, option("note", value))) }

// clock goes on by a second with each look.
func clock() func() time.Time {
	now := time.Date(2026, 5, 17, 3, 15, 0, 0, time.UTC)
	return func() time.Time { now = now.Add(time.Second); return now }
}

func TestStore(t *testing.T) {
	s := Store{Dir: filepath.Join(t.TempDir(), "lib", "rollback"), Now: clock()}
	if all, err := s.List(); err != nil || len(all) != 0 {
		t.Fatalf("List of nothing = %v, %v", all, err)
	}
	about := Saved{Command: "apply", By: "root", Node: "one-server1", Description: `a "name" <&>.yaml`, Fingerprint: "f00d"}
	first, err := s.Save(about, config("a &lt;&amp;&gt;"), config("b"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Save(about, config("a &lt;&amp;&gt;"), config("b")) // a run that was killed before its change
	if err != nil || again != first {
		t.Errorf("the same once more: %+v, %v", again, err)
	}
	for i := range Kept + 2 {
		if _, err := s.Save(about, config(fmt.Sprint(i)), config(fmt.Sprint(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.List()
	if err != nil || len(all) != Kept {
		t.Fatalf("%d are kept, %v", len(all), err)
	}
	for i, saved := range all {
		got, err := s.Load(saved.ID)
		want, _ := Configuration(config(fmt.Sprint(Kept + 1 - i)))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s holds\n%s, %v", saved.ID, got, err)
		}
		after, _ := Digest(config(fmt.Sprint(Kept + 2 - i)))
		if saved.Description != about.Description || saved.By != "root" || saved.After != after {
			t.Errorf("%s says %+v", saved.ID, saved)
		}
		if info, _ := os.Stat(s.path(saved.ID)); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", saved.ID, info.Mode())
		}
	}
	if info, _ := os.Stat(s.Dir); info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v", info.Mode())
	}
	if _, err := s.Load("../x"); err == nil {
		t.Error("Load leaves its directory")
	}
}

// In one second, with a clock that went back and with rubbish beside it, the order
// stays.
func TestStoreOrder(t *testing.T) {
	at := time.Date(2026, 5, 17, 3, 15, 0, 0, time.UTC)
	s := Store{Dir: t.TempDir(), Now: func() time.Time { return at }}
	for i := range 12 {
		if _, err := s.Save(Saved{Command: "apply"}, config(fmt.Sprint(i)), config("x")); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".new-killed", "damaged.xml", "other.txt", "20270101-000000.xml"} {
		if err := os.WriteFile(filepath.Join(s.Dir, name), []byte("<oneha-rollback id='other'"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at = at.Add(-time.Hour)
	newest, err := s.Save(Saved{Command: "apply"}, config("newest"), config("x"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.List()
	if err != nil || len(all) != Kept || all[0].ID != newest.ID {
		t.Errorf("List = %+v, %v", all, err)
	}
	if _, err := os.Stat(filepath.Join(s.Dir, ".new-killed")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a killed run left is still there: %v", err)
	}
}

func TestLock(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	release, err := s.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lock(); !errors.Is(err, ErrBusy) {
		t.Errorf("a second lock: %v", err)
	}
	release()
	release, err = s.Lock()
	if err != nil {
		t.Fatal(err)
	}
	release()
}

// A full disk is said before anything has changed, and leaves no half file.
func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI needs root, to mount a small file system")
		}
		t.Skip("not root: a small file system cannot be mounted")
	}
	dir := t.TempDir()
	if err := unix.Mount("full", dir, "tmpfs", 0, "size=16k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, 0) })
	s := Store{Dir: filepath.Join(dir, "rollback"), Now: clock()}
	if err := HasRoom(dir, 1000); err == nil || !strings.Contains(err.Error(), "no room in "+dir) {
		t.Errorf("HasRoom = %v", err)
	}
	if err := HasRoom("/dev/shm", 1); err != nil {
		t.Errorf("HasRoom where there is room: %v", err)
	}
	small, err := s.Save(Saved{Command: "apply"}, config("a"), config("b"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Save(Saved{Command: "apply"}, config(strings.Repeat("a", 20<<10)), config("b"))
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Save to a full disk: %v", err)
	}
	all, err := s.List()
	if err != nil || len(all) != 1 || all[0].ID != small.ID {
		t.Errorf("afterwards List = %+v, %v", all, err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.Dir, temporary+"*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestStoreSecret(t *testing.T) {
	dir := t.TempDir()
	s := Secret{Resource: "fence-one-server1", Param: "password", Value: []byte("s3cret & co")}
	for i, want := range []bool{true, false} {
		if got, err := StoreSecret(dir, s); err != nil || got != want {
			t.Errorf("run %d: %t, %v", i+1, got, err)
		}
	}
	for name, want := range map[string]string{
		"password":      "s3cret & co\n",
		"password.sign": "46bf6539d4451d63fa32d22512a092eb\n", // printf %s 's3cret & co' | md5sum
	} {
		path := filepath.Join(dir, s.Resource, name)
		got, err := os.ReadFile(path)
		info, _ := os.Stat(path)
		if err != nil || string(got) != want || info.Mode().Perm() != 0o600 {
			t.Errorf("%s holds %q with mode %v, %v", name, got, info.Mode(), err)
		}
	}
	entries, _ := os.ReadDir(filepath.Join(dir, s.Resource))
	if len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
	if err := os.Chmod(filepath.Join(dir, s.Resource, "password"), 0o644); err != nil {
		t.Fatal(err)
	}
	if changed, err := StoreSecret(dir, s); !changed || err != nil {
		t.Errorf("a secret that others can read is left so: %t, %v", changed, err)
	}
	for _, bad := range []string{"", "a\nb", "a\x00"} {
		if _, err := StoreSecret(dir, Secret{Resource: "r", Param: "p", Value: []byte(bad)}); err == nil {
			t.Errorf("%q was stored", bad)
		}
	}
}
