package events

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// directory opens the directory. For root it also makes it where it is missing, and gives
// it to its owner: Pacemaker may have been installed later. What root changes is what it
// has opened, since others may write beside the directory.
func (l Log) directory() (*os.Root, error) {
	dir := l.Dir
	if dir == "" {
		dir = Dir
	}
	made := false
	if os.Geteuid() == 0 {
		err := os.Mkdir(dir, 0o750)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		made = err == nil
	}
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s is no directory: move it away", dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	if err := l.hand(root, info, made); err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// hand checks that the directory is the one that info is of, and gives root's to the
// owner of the log.
func (l Log) hand(root *os.Root, info fs.FileInfo, made bool) error {
	above, err := root.Open(".")
	if err != nil {
		return err
	}
	defer above.Close()
	now, err := above.Stat()
	switch {
	case err != nil:
		return err
	case !os.SameFile(info, now):
		return fmt.Errorf("%s was exchanged for another directory", root.Name())
	}
	if made { // whatever the umask
		if err := above.Chmod(0o750); err != nil {
			return err
		}
	}
	if uid, _ := ownerOf(now); uid != 0 || os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := l.owner()
	if err != nil {
		return nil // there is no Pacemaker here: root's, for the agents alone
	}
	return above.Chown(uid, gid)
}

// attempts is how often the file is looked for: another process may rename it between
// two steps of ours.
const attempts = 10

// errForeign is for a file that is somebody else's.
var errForeign = errors.New("it belongs to somebody else")

// open opens the file, or makes it. Only what was made here is given to the owner of the
// directory: who can write in there can bring any file by its name. A file of somebody
// else is neither written nor given away, it gets out of the way.
func open(root *os.Root) (f *os.File, err error) {
	for range attempts {
		if f, err = create(root); !errors.Is(err, fs.ErrExist) {
			return f, err
		}
		f, err = existing(root)
		switch {
		case errors.Is(err, errForeign), errors.Is(err, fs.ErrPermission):
			info, e := root.Lstat(File)
			if e == nil && !info.Mode().IsRegular() || e == nil && !rotate(root, info, true) {
				return nil, fmt.Errorf("%s/%s: %w: move it away", root.Name(), File, err)
			}
		case !errors.Is(err, fs.ErrNotExist):
			return f, err
		}
	}
	return nil, err
}

// create makes the file and gives it to the owner of the directory.
func create(root *os.Root) (*os.File, error) {
	f, err := root.OpenFile(File, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return nil, err
	}
	if err := give(root, f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func give(root *os.Root, f *os.File) error {
	if err := f.Chmod(0o640); err != nil { // whatever the umask
		return err
	}
	if os.Geteuid() != 0 {
		return nil
	}
	above, err := root.Stat(".")
	if err != nil {
		return err
	}
	return f.Chown(ownerOf(above))
}

// existing opens the file that is there. It does not wait for a reader when it is a pipe.
func existing(root *os.Root) (*os.File, error) {
	f, err := root.OpenFile(File, os.O_WRONLY|os.O_APPEND|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := proper(root, f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// proper checks what was opened. An empty file of root's is taken for one that root has
// made this moment and not given away yet.
func proper(root *os.Root, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); !info.Mode().IsRegular() || ok && s.Nlink > 1 {
		return fmt.Errorf("%s/%s is not a file of its own: move it away", root.Name(), File)
	}
	above, err := root.Stat(".")
	if err != nil {
		return err
	}
	uid, _ := ownerOf(info)
	if whose, _ := ownerOf(above); uid != whose && (uid != 0 || info.Size() > 0) {
		return errForeign
	}
	return nil
}

// rotate gives the files their next names, the oldest goes, and reports whether the file
// that full is of has gone. Of several writers at once one does it: the others wait for it,
// or go on with what they have open, which is a file of the log in any case.
func rotate(root *os.Root, full fs.FileInfo, wait bool) bool {
	above, err := root.Open(".")
	if err != nil {
		return false
	}
	defer above.Close() // and with it the lock
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	if syscall.Flock(int(above.Fd()), how) != nil {
		return false
	}
	if now, err := root.Lstat(File); err != nil || !os.SameFile(full, now) {
		return err == nil || errors.Is(err, fs.ErrNotExist) // somebody has done it meanwhile
	}
	for n := kept - 1; n > 0; n-- {
		_ = root.Rename(older(n), older(n+1)) // there may be fewer
	}
	return root.Rename(File, older(1)) == nil
}

// older is the name of a file that was full; 1 is the youngest.
func older(n int) string { return File + "." + strconv.Itoa(n) }

func ownerOf(info fs.FileInfo) (uid, gid int) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return int(s.Uid), int(s.Gid)
}
