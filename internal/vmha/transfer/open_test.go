package transfer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Root works in a directory that belongs to somebody else, and takes no link there for
// what it is named.
func TestRootGivesNothingAway(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("this test needs root")
		}
		t.Skip("needs root")
	}
	const nobody = 65534
	base := t.TempDir()
	roots, theirs := filepath.Join(base, "roots"), filepath.Join(base, "theirs")
	for _, dir := range []string{roots, theirs} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{base, filepath.Dir(base)} { // its own user has to get there
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	secret := filepath.Join(roots, "secret")
	if err := os.WriteFile(secret, []byte("MV shared a b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(theirs, "transfer.0.prolog")
	if err := os.WriteFile(name, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{theirs, name} {
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	as := User{Name: "nobody", Become: true, UID: nobody, GID: nobody}
	text, err := as.Read(name)
	if err != nil || string(text) != example {
		t.Fatalf("%q %v", text, err)
	}
	f, _ := Parse(name, text)

	// What is made belongs to them.
	p, _, err := ProgressOf(f, as)
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	if uid, gid, err := Owner(name + ".oneha"); err != nil || uid != nobody || gid != nobody {
		t.Errorf("belongs to %d:%d %v", uid, gid, err)
	}

	// A link as progress, as log and as the file itself.
	for _, path := range []string{name + ".oneha", name + ".oneha.log", filepath.Join(theirs, "transfer.1.prolog")} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if err := os.Symlink(secret, path); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := ProgressOf(f, as); err == nil || !strings.Contains(err.Error(), "is a link") {
		t.Errorf("progress: %v", err)
	}
	if _, err := as.Log(name + ".oneha.log"); err == nil || !strings.Contains(err.Error(), "is a link") {
		t.Errorf("log: %v", err)
	}
	if _, _, err := Owner(filepath.Join(theirs, "transfer.1.prolog")); err == nil || !strings.Contains(err.Error(), "is no plain file") {
		t.Errorf("the file itself: %v", err)
	}

	// A directory that leads elsewhere: they may do there what they might anyhow.
	elsewhere := filepath.Join(theirs, "2")
	if err := os.Symlink(roots, elsewhere); err != nil {
		t.Fatal(err)
	}
	if _, err := as.Read(filepath.Join(elsewhere, "secret")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("read root's: %v", err)
	}
	if _, err := as.Log(filepath.Join(elsewhere, "new")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("wrote into root's: %v", err)
	}
	if _, err := os.Stat(filepath.Join(roots, "new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}

	// A pipe holds nobody up.
	pipe := filepath.Join(theirs, "transfer.2.prolog")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := as.Read(pipe); err == nil {
		t.Error("read a pipe")
	}

	// And this process is root still.
	if err := os.WriteFile(filepath.Join(roots, "mine"), nil, 0o600); err != nil {
		t.Error(err)
	}
}
