package events

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"time"
)

// Where the log is, and its size: a line has some 200 bytes, a failover some hundred lines.
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
	Limit int64                            // bytes of a file; 0 for the usual ones. What cannot be rotated grows to twice as much
}

// patience is how long a disk is waited for. An agent has seconds for what it is
// called for, and this is not it.
const patience = 500 * time.Millisecond

// ErrSlow is the error of a disk that did not take a line in time.
var ErrSlow = fmt.Errorf("event log: the disk did not take the line within %s", patience)

// Append writes the event. It returns within a second, also when the disk hangs; the
// line may then arrive later, or never. A process with a write that hangs in the kernel
// (state D) cannot end before the disk comes back, whatever its result was.
func (l Log) Append(e Event) error {
	return within(patience, func() error { return l.write(e.Line()) })
}

// Appender returns Append for a process with several lines to write: after ErrSlow it
// writes nothing more, so that a disk that hangs costs an action half a second and not
// each of its lines. It is not for several goroutines at once.
func (l Log) Appender() func(Event) error { return untilSlow(l.Append) }

func untilSlow(write func(Event) error) func(Event) error {
	slow := false
	return func(e Event) error {
		if slow {
			return nil // said already
		}
		err := write(e)
		slow = errors.Is(err, ErrSlow)
		return err
	}
}

// Prepare makes the directory, so that who is not root can write there. It does nothing
// for others than root.
func (l Log) Prepare() error {
	if os.Geteuid() != 0 {
		return nil
	}
	return within(patience, func() error {
		root, err := l.directory()
		if err != nil {
			return fmt.Errorf("event log: %w", err)
		}
		return root.Close()
	})
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
		return ErrSlow
	}
}

// write puts the line at the end of the file, by one call: the kernel keeps the lines of
// several writers apart (O_APPEND of open(2), on a local file system).
func (l Log) write(line []byte) error {
	root, err := l.directory()
	if err != nil {
		return fmt.Errorf("event log: %w", err)
	}
	defer root.Close()
	f, err := l.room(root, len(line))
	if err != nil {
		return fmt.Errorf("event log: %w", err)
	}
	defer f.Close()
	if _, err := f.Write(line); err != nil {
		return fmt.Errorf("event log: %w", err)
	}
	return nil
}

// room opens the file that has room for a line of so many bytes.
func (l Log) room(root *os.Root, line int) (*os.File, error) {
	f, err := open(root)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	limit := l.Limit
	if limit == 0 {
		limit = sizeLimit
	}
	size := info.Size() + int64(line)
	if info.Size() == 0 || size <= limit {
		return f, nil
	}
	// Who renames it now is not waited for, unless there is far too much in it.
	tooLarge := size > 2*limit
	if !rotate(root, info, tooLarge) {
		if !tooLarge {
			return f, nil
		}
		f.Close()
		return nil, fmt.Errorf("%s/%s is full and cannot be renamed to %s: move away what is in the way", root.Name(), File, older(1))
	}
	f.Close()
	return open(root)
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
