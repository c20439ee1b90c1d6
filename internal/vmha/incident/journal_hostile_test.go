package incident

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What root reads in oneadmin's directory is a plain file of a bounded size: it neither
// waits for a pipe, nor follows a link, nor fills the memory.
func TestHostileRecords(t *testing.T) {
	for name, c := range map[string]struct {
		make func(file string) error
		want string
	}{
		"a pipe": {func(file string) error { return syscall.Mkfifo(file, 0o600) }, "is no regular file"},
		"a pipe that somebody holds open": {func(file string) error {
			if err := syscall.Mkfifo(file, 0o600); err != nil {
				return err
			}
			held, err := os.OpenFile(file, os.O_RDWR, 0)
			if err == nil {
				t.Cleanup(func() { held.Close() })
			}
			return err
		}, "is no regular file"},
		"an endless device": {func(file string) error { return os.Symlink("/dev/zero", file) }, "too many levels of symbolic links"},
		"a directory":       {func(file string) error { return os.Mkdir(file, 0o700) }, "is no regular file"},
		"a huge file":       {func(file string) error { return truncated(file, 1<<40) }, "has more than 16 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			file := recordFile(t.TempDir(), 1)
			if err := c.make(file); err != nil {
				t.Fatal(err)
			}
			failed := make(chan error, 1)
			go func() {
				_, _, err := readSteps(file)
				failed <- err
			}()
			select {
			case err := <-failed:
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v", err)
				}
			case <-time.After(time.Minute):
				t.Fatal("it waits")
			}
		})
	}
}

func truncated(file string, size int64) error {
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return err
	}
	return os.Truncate(file, size)
}
