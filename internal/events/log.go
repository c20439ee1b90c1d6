package events

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
	"time"
)

// Where the log is, and its size: a line has some 200 bytes, a failover some 40 lines.
const (
	Dir  = "/var/log/oneha"
	File = "events.jsonl" // older ones are called .1 to .4

	sizeLimit = 2 << 20 // bytes, of one file
	kept      = 4       // older files
)

// Log is the log of one machine. It has two kinds of writers: agents, which are root,
// and the alert agent, which is hacluster. So the directory and the file belong to
// hacluster, whoever makes them, and nothing in there is trusted: a link that leads out of
// the directory, a second name of another file and a pipe are refused.
type Log struct {
	Dir   string                           // "" for the usual one
	Owner func() (uid, gid int, err error) // of what is made; nil for hacluster:haclient
	Limit int64                            // bytes of a file; 0 for the usual ones
}

// patience is how long a disk is waited for. An agent has seconds for what it is
// called for, and this is not it.
const patience = 500 * time.Millisecond

// Append writes the event. It returns within a second, also when the disk hangs; the
// line may then arrive later, or never.
func (l Log) Append(e Event) error {
	return within(patience, func() error { return l.write(e.Line()) })
}

// Prepare makes the directory, so that who is not root can write there. It does nothing
// for others than root.
func (l Log) Prepare() error {
	return within(patience, func() error { _, err := l.directory(); return err })
}

// within does something that may hang in the kernel, where nothing ends it.
func within(limit time.Duration, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("event log: the disk did not take the line within %s", limit)
	}
}

// write puts the line at the end of the file, by one call: the kernel keeps the lines of
// several writers apart (O_APPEND of open(2), on a local file system).
func (l Log) write(line []byte) error {
	dir, err := l.directory()
	if err != nil {
		return fmt.Errorf("event log: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("event log: %w", err)
	}
	defer root.Close()
	f, err := l.open(root)
	if err != nil {
		return fmt.Errorf("event log: %w", err)
	}
	defer func() { f.Close() }() // f may be another by then
	if full, err := l.full(f, len(line)); err != nil {
		return fmt.Errorf("event log: %w", err)
	} else if full && rotate(root, f) {
		fresh, err := l.open(root)
		if err != nil {
			return fmt.Errorf("event log: %w", err)
		}
		f.Close()
		f = fresh
	}
	if _, err := f.Write(line); err != nil {
		return fmt.Errorf("event log: %w", err)
	}
	return nil
}

// directory makes the directory where it is missing and the caller is root, and gives it
// to its owner: Pacemaker may have been installed later.
func (l Log) directory() (string, error) {
	dir := l.Dir
	if dir == "" {
		dir = Dir
	}
	if os.Geteuid() != 0 {
		return dir, nil
	}
	err := os.Mkdir(dir, 0o750)
	if err == nil {
		err = os.Chmod(dir, 0o750) // whatever the umask
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return dir, err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return dir, err
	}
	if uid, _ := ownerOf(info); uid != 0 {
		return dir, nil
	}
	uid, gid, err := l.owner()
	if err != nil {
		return dir, nil // there is no Pacemaker here: root's, for the agents alone
	}
	return dir, os.Chown(dir, uid, gid)
}

// owner is whom the files belong to.
func (l Log) owner() (uid, gid int, err error) {
	if l.Owner != nil {
		return l.Owner()
	}
	u, err := user.Lookup("hacluster")
	if err != nil {
		return 0, 0, err
	}
	g, err := user.LookupGroup("haclient")
	if err != nil {
		return 0, 0, err
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(g.Gid)
	return uid, gid, err
}

// open opens the file, or makes it. It does not wait for a reader when it is a pipe.
func (l Log) open(root *os.Root) (*os.File, error) {
	f, err := root.OpenFile(File, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o640)
	if err != nil {
		return nil, err
	}
	if err := l.proper(root, f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// proper checks what was opened, and gives a file that root has made to the owner of the
// directory.
func (l Log) proper(root *os.Root, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if s, ok := info.Sys().(*syscall.Stat_t); !info.Mode().IsRegular() || ok && s.Nlink > 1 {
		return fmt.Errorf("%s/%s is not a file of its own: move it away", root.Name(), File)
	}
	if info.Size() == 0 && info.Mode().Perm() != 0o640 {
		_ = f.Chmod(0o640) // not ours to change when it is another's, and good as it is
	}
	if os.Geteuid() != 0 {
		return nil
	}
	above, err := root.Stat(".")
	if err != nil {
		return err
	}
	uid, gid := ownerOf(above)
	if now, _ := ownerOf(info); now == uid {
		return nil
	}
	return f.Chown(uid, gid)
}

// full reports whether the line would make the file too large.
func (l Log) full(f *os.File, line int) (bool, error) {
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	limit := l.Limit
	if limit == 0 {
		limit = sizeLimit
	}
	return info.Size() > 0 && info.Size()+int64(line) > limit, nil
}

// rotate gives the files their next names, the oldest goes, and reports whether a fresh
// file is to be opened. Of several writers at once one does it; the others write into what
// they have open, which is a file of the log in any case.
func rotate(root *os.Root, f *os.File) bool {
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return false
	}
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	if now, err := root.Stat(File); err != nil || !os.SameFile(mine, now) {
		return err == nil // somebody has done it meanwhile
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
