package hook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// lockPoll is how often a lock that is taken is tried again.
const lockPoll = 5 * time.Millisecond

// lock takes the lock file for this process. The kernel gives it back when the
// process ends, however that happens. holder is what others read who wait in vain.
func lock(ctx context.Context, file, holder string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, fmt.Errorf("take lock: %w", err)
	}
	begin := time.Now()
	for {
		f, err := try(file)
		if err != nil {
			return nil, fmt.Errorf("take lock: %w", err)
		}
		if f != nil {
			text := fmt.Appendf(nil, "%d %s\n", os.Getpid(), holder)
			if err = f.Truncate(0); err == nil {
				_, err = f.WriteAt(text, 0)
			}
			if err != nil {
				_ = f.Close()
				return nil, fmt.Errorf("take lock: %w", err)
			}
			return func() { _ = f.Close() }, nil // closing unlocks
		}
		if sleep(ctx, lockPoll) != nil {
			return nil, fmt.Errorf("take lock: %s has had %s for longer than %s: see why it hangs, or kill it", holding(file), file, time.Since(begin).Round(time.Millisecond))
		}
	}
}

// try takes the lock if it is free; otherwise the file is nil. It never follows a
// symbolic link. A file that was removed since it was opened locks nothing.
func try(file string) (*os.File, error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	for errors.Is(err, unix.EINTR) {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	if err == nil {
		if !current(f, file) {
			err = unix.EWOULDBLOCK // the next try makes a new one
		} else {
			return f, nil
		}
	}
	_ = f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, fmt.Errorf("lock %s: %w", file, err)
}

// current reports whether the file is the one of that name.
func current(f *os.File, name string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(name)
	return err == nil && os.SameFile(mine, there)
}

// holding says who wrote into a lock file last.
func holding(file string) string {
	text, _ := os.ReadFile(file) // it is help for a person
	pid, role, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	if _, err := strconv.Atoi(pid); err != nil {
		return "another hook"
	}
	return fmt.Sprintf("another hook, process %s (%s),", pid, role)
}

// sleep waits for d or the end of ctx, whose error it then returns.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
