package settings

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// What keeps a file from being used is one error with the command that mends it, and that
// command does.
func TestOwnFiles(t *testing.T) {
	dir := t.TempDir()
	me := userName(os.Geteuid())
	settingsFile, password := filepath.Join(dir, "host-error.yaml"), filepath.Join(dir, "bmc.password")
	load := func() error { _, _, err := Load(settingsFile); return err }
	for _, test := range []struct {
		name, file string
		mode       fs.FileMode
		owner      int // 0 is this user
		try        func() error
		want       string // "" is no error
	}{
		{"settings for a group", settingsFile, 0o640, 0, load, ""},
		{"settings for all", settingsFile, 0o644, 0, load, ""},
		{"settings of a group", settingsFile, 0o664, 0, load, "is open to others (mode 0664): run chown root:" + me},
		{"settings of all", settingsFile, 0o646, 0, load, "is open to others (mode 0646): run chown root:" + me},
		{"settings of a stranger", settingsFile, 0o644, 4242, load, "belongs to 4242, who could change it: run chown root:" + me},
		{"password", password, 0o600, 0, func() error { return CheckPassword(password) }, ""},
		{"password for a group", password, 0o640, 0, func() error { return CheckPassword(password) }, "is open to others (mode 0640): run chown " + me},
		{"password of a stranger", password, 0o600, 4242, func() error { return CheckPassword(password) }, "belongs to 4242, who could change it: run chown " + me},
	} {
		t.Run(test.name, func(t *testing.T) {
			if os.Geteuid() != 0 && test.owner != 0 {
				t.Skip("only root gives files away")
			}
			if err := os.WriteFile(test.file, []byte("version: 1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if test.owner != 0 {
				if err := os.Chown(test.file, test.owner, -1); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chmod(test.file, test.mode); err != nil {
				t.Fatal(err)
			}
			err := test.try()
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("%v, want %s", err, test.want)
			}
			if os.Geteuid() != 0 {
				return
			}
			_, command, _ := strings.Cut(err.Error(), ": run ")
			if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v %s", command, err, out)
			}
			if err := test.try(); err != nil {
				t.Errorf("after %s: %v", command, err)
			}
		})
	}
}

// A file that this user may not read is named with what lets him.
func TestOwnFilesWithoutPermission(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	file := filepath.Join(t.TempDir(), "bmc.password")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	said := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this
		if err := unix.Setfsuid(65534); err != nil {
			said <- err
			return
		}
		said <- CheckPassword(file)
	}()
	if err := <-said; !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "as root, run chown root "+file+" && chmod 600 "+file) {
		t.Error(err)
	}
}

func TestOwnFilesThatAreNone(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := CheckPassword(pipe); err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Error(err)
	}
	none := filepath.Join(t.TempDir(), "bmc.password")
	if err := CheckPassword(none); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "as root, run install -m 600 -o "+userName(os.Geteuid())+" /dev/null "+none+" and") {
		t.Error(err)
	}
	if _, _, err := Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
