package transfer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxFile bounds a transfer file, in bytes: a few lines are usual.
const maxFile = 4 << 20

// Owner returns whom a transfer file belongs to. A link is not followed: whoever may
// write the directory decides where one leads, and its owner is whom scripts run as.
func Owner(path string) (uid, gid uint32, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, 0, err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return 0, 0, fmt.Errorf("%s is no plain file: oned writes transfer files, not links", path)
	case !ok:
		return 0, 0, fmt.Errorf("%s: its owner is not known", path)
	}
	return owner.Uid, owner.Gid, nil
}

// Read reads a transfer file with the rights of its owner.
func (u User) Read(path string) ([]byte, error) {
	f, err := u.open(path, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s has more than %d MB: it is no transfer file of oned's", path, maxFile>>20)
	}
	return text, err
}

// Log opens a file to which lines are added, with the rights of the user.
func (u User) Log(path string) (*os.File, error) {
	return u.open(path, unix.O_WRONLY|unix.O_APPEND|unix.O_CREAT)
}

// open opens a plain file as the user would: root gains nothing for whoever may put links
// into the directory, and what is created belongs to the user.
func (u User) open(path string, flags int) (f *os.File, err error) {
	err = u.with(func() error {
		fd, err := unix.Open(path, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0o600)
		if err != nil {
			return &os.PathError{Op: "open", Path: path, Err: err}
		}
		f = os.NewFile(uintptr(fd), path)
		return nil
	})
	if errors.Is(err, unix.ELOOP) {
		return nil, fmt.Errorf("%s is a link: nothing is read or written through one", path)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no plain file", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// with does something to files with the rights of the user whom root becomes
// (setfsuid(2): of this thread only).
func (u User) with(do func() error) error {
	if !u.Become {
		return do()
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := unix.Setfsgid(int(u.GID))
		if err == nil {
			err = unix.Setfsuid(int(u.UID))
		}
		// Neither says whether it worked but by what is set now.
		if now, _ := unix.SetfsuidRetUid(-1); err == nil && now != int(u.UID) {
			err = fmt.Errorf("the rights of %s cannot be taken on", u.Name)
		}
		if err == nil {
			err = do()
		}
		done <- err
	}()
	return <-done
}
