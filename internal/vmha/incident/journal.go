package incident

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Names of steps in the record.
const (
	stepBegin    = "begin"
	stepWaited   = "waited"
	stepFencing  = "fencing"
	stepFenced   = "fenced"   // the power was seen off
	stepOn       = "on"       // and later on again
	stepUnasked  = "unfenced" // -u
	stepTell     = "tell"     // a call is on its way
	stepTold     = "told"     // it was answered
	stepMachine  = "machine"  // a machine is done with
	stepDisabled = "disabled" // so that the monitoring says UNKNOWN
	stepOffline  = "offline"
	stepEnd      = "end"
)

// stoppedEarly is an end before anything was done: the host was back, or somebody had
// taken it.
const stoppedEarly = "stopped early"

// step is a line of the record.
type step struct {
	At    time.Time `json:"at"`
	Step  string    `json:"step"`
	Name  string    `json:"name,omitempty"`  // of the host
	Event string    `json:"event,omitempty"` // of begin
	VM    int       `json:"vm,omitempty"`
	What  string    `json:"what,omitempty"` // of tell: resched, success, ...; of machine: done, skipped, failed
	State int       `json:"state,omitempty"`
	LCM   int       `json:"lcm,omitempty"`
	Seq   int       `json:"seq,omitempty"`
	Why   string    `json:"why,omitempty"`
	Left  int       `json:"left,omitempty"` // of end: machines that failed
}

// Record is an incident on disk, a line for each step: a line that a crash left torn is
// none. One process has it at a time.
type Record struct {
	file  string
	out   *os.File
	lock  *os.File
	steps []step
	now   func() time.Time
	// point is called around every step; for tests.
	point func(name string)
}

// ErrBusy says that another process handles the incident.
var ErrBusy = errors.New("another hook handles this host at this moment")

// recordFile is the record of a host.
func recordFile(dir string, host int) string { return filepath.Join(dir, fmt.Sprintf("%d.json", host)) }

// lockFile is beside the record, which is replaced when a new incident begins.
func lockFile(dir string, host int) string { return recordFile(dir, host) + ".lock" }

// wholeFile is a lock of an open file: it ends with its process, and others can ask for
// it without taking it.
func wholeFile() *unix.Flock_t { return &unix.Flock_t{Type: unix.F_WRLCK} }

// openRecord locks and reads the record of a host.
func openRecord(dir string, host int) (*Record, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the records: %w; oneha hook install, as root, does", err)
	}
	file := recordFile(dir, host)
	lock, err := os.OpenFile(lockFile(dir, host), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the record: %w", denied(err, dir))
	}
	if err := unix.FcntlFlock(lock.Fd(), unix.F_OFD_SETLK, wholeFile()); err != nil {
		lock.Close()
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			return nil, ErrBusy
		}
		return nil, fmt.Errorf("lock %s: %w", lockFile(dir, host), err)
	}
	steps, whole, err := readSteps(file)
	if err == nil && len(steps) > 0 {
		err = os.Truncate(file, whole) // what a crash left torn
	}
	if err != nil {
		lock.Close()
		return nil, denied(err, dir)
	}
	return &Record{file: file, lock: lock, steps: steps, now: time.Now, point: func(string) {}}, nil
}

// denied says what to do about a file of somebody else's.
func denied(err error, dir string) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w: the records belong to oneadmin: as root, chown -R oneadmin:oneadmin %s", err, dir)
}

// atWork reports whether a process handles a host at this moment. It takes no lock: a
// hook that begins just now must not find one.
func atWork(dir string, host int) bool {
	f, err := os.OpenFile(lockFile(dir, host), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	lock := wholeFile()
	return unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, lock) == nil && lock.Type != unix.F_UNLCK
}

// maxRecord bounds a record, in bytes: a machine takes some hundred, each time it is told
// something.
const maxRecord = 16 << 20

// readSteps reads the whole lines of a record, and how long they are.
func readSteps(file string) (steps []step, whole int64, err error) {
	text, err := readRecord(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the record: %w", err)
	}
	lines := bufio.NewReader(bytes.NewReader(text))
	for {
		line, err := lines.ReadBytes('\n')
		var s step
		if err != nil || json.Unmarshal(line, &s) != nil || s.Step == "" {
			return steps, whole, nil
		}
		steps, whole = append(steps, s), whole+int64(len(line))
	}
}

// readRecord reads a file that may be root's to read and somebody else's to make: through
// no link, without waiting for a pipe, and never more than the memory can hold.
func readRecord(file string) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file: move it away", file)
	case info.Size() > maxRecord:
		return nil, fmt.Errorf("%s has more than %d MB: move it away", file, maxRecord>>20)
	}
	return io.ReadAll(io.LimitReader(f, maxRecord)) // it may grow; what is torn counts for nothing
}

// begin starts the record of a new incident in the place of an old one.
func (r *Record) begin(s step) error {
	r.close()
	s.Step, s.At = stepBegin, r.now().UTC()
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	r.point("before begin")
	next := r.file + ".new"
	if err := writeSynced(next, append(line, '\n')); err != nil {
		return fmt.Errorf("begin the record: %w", err)
	}
	if err := os.Rename(next, r.file); err != nil {
		return fmt.Errorf("begin the record: %w", err)
	}
	if d, err := os.Open(filepath.Dir(r.file)); err == nil {
		_ = d.Sync() // not every file system can
		d.Close()
	}
	r.steps = []step{s}
	r.point("after begin")
	return nil
}

func writeSynced(file string, text []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// add writes a step, and returns when it is on disk.
func (r *Record) add(s step) error {
	s.At = r.now().UTC()
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	r.point("before " + s.Step)
	if r.out == nil {
		if r.out, err = os.OpenFile(r.file, os.O_WRONLY|os.O_APPEND|unix.O_NOFOLLOW, 0o600); err != nil {
			return fmt.Errorf("write the record: %w", err)
		}
	}
	if _, err = r.out.Write(append(line, '\n')); err == nil {
		err = r.out.Sync()
	}
	if err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	r.steps = append(r.steps, s)
	r.point("after " + s.Step)
	return nil
}

// last is the last step of that name.
func (r *Record) last(name string) (step, bool) { return lastOf(r.steps, name) }

func lastOf(steps []step, name string) (step, bool) {
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].Step == name {
			return steps[i], true
		}
	}
	return step{}, false
}

// ended reports whether the incident came to its end with nothing left.
func ended(steps []step) bool {
	end, is := lastOf(steps, stepEnd)
	return is && end.Left == 0
}

func (r *Record) close() {
	if r.out != nil {
		r.out.Close()
		r.out = nil
	}
}

// Close gives the record to others.
func (r *Record) Close() {
	r.close()
	r.lock.Close()
}
