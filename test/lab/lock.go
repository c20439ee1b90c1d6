package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// errBusy says that somebody else holds a lock.
var errBusy = errors.New("in use by another process")

// tryLock takes the lock file at path, or fails with errBusy. The kernel drops
// the lock when the process ends, however it ends. The file is removed by
// unlock, so a lock counts only if the file is still the one at path.
func tryLock(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make lock directory: %w", err)
	}
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open lock: %w", err)
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, fmt.Errorf("lock %s: %w", path, errBusy)
			}
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		held, err1 := f.Stat()
		there, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(held, there) {
			return f, nil
		}
		f.Close() // the former holder removed the file between our open and our lock
	}
}

// waitLock takes the lock at path, waiting for its holder until ctx ends; wait
// is called once when there is something to wait for.
func waitLock(ctx context.Context, path string, wait func()) (*os.File, error) {
	for first := true; ; first = false {
		f, err := tryLock(path)
		if !errors.Is(err, errBusy) {
			return f, err
		}
		if first {
			wait()
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			return nil, err
		}
	}
}

// unlock removes the lock file and drops the lock.
func unlock(f *os.File) {
	os.Remove(f.Name())
	f.Close()
}

// pause waits for d, or returns ctx's error when it ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
