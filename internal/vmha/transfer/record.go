package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Mark is how an action ended.
type Mark string

const (
	Open    Mark = "open"    // not tried, or interrupted
	OK      Mark = "success" // its script said so
	Failed  Mark = "failure"
	Skipped Mark = "skipped" // by a person: counts as done
)

// Done reports whether the next action may be tried.
func (m Mark) Done() bool { return m == OK || m == Skipped }

// Progress says how far a person got with a transfer file. It is a file beside the
// transfer file, and one process at a time has it.
type Progress struct {
	file  *os.File
	state progressFile
}

type progressFile struct {
	Version int       `json:"version"`
	Digest  string    `json:"transfer_sha256"` // of the transfer file: another one begins anew
	Marks   []Mark    `json:"actions"`
	Changed time.Time `json:"changed"`
}

// ErrBusy says that another process works on the same transfer file.
var ErrBusy = errors.New("somebody else works on it at this moment")

// maxProgress bounds the file, in bytes.
const maxProgress = 16 << 20

// ProgressOf opens the progress of a transfer file as its owner, and makes it if there is
// none. One of another transfer file, or that cannot be read, counts for nothing; fresh
// reports that.
func ProgressOf(f File, as User) (p *Progress, fresh bool, err error) {
	file, err := as.open(f.Name+".oneha", unix.O_RDWR|unix.O_CREAT)
	if err != nil {
		return nil, false, fmt.Errorf("open progress: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		file.Close()
		return nil, false, fmt.Errorf("%s: %w", f.Name, ErrBusy)
	}
	p = &Progress{file: file}
	if fresh, err = p.read(f); err != nil {
		file.Close()
		return nil, false, err
	}
	return p, fresh, nil
}

// PeekProgress reads the progress of a transfer file without taking hold of it; it
// cannot be set.
func PeekProgress(f File, as User) (p *Progress, fresh bool, err error) {
	p = &Progress{}
	p.file, err = as.open(f.Name+".oneha", unix.O_RDONLY)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.begin(f)
		return p, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("open progress: %w", err)
	}
	defer func() { p.file.Close(); p.file = nil }()
	fresh, err = p.read(f)
	return p, fresh, err
}

// read takes in what is there.
func (p *Progress) read(f File) (fresh bool, err error) {
	text, err := io.ReadAll(io.LimitReader(p.file, maxProgress))
	if err != nil {
		return false, fmt.Errorf("read progress: %w", err)
	}
	unknown := func(m Mark) bool { return !slices.Contains([]Mark{Open, OK, Failed, Skipped}, m) }
	if json.Unmarshal(text, &p.state) != nil || p.state.Version != 1 || p.state.Digest != digest(f.text) || len(p.state.Marks) != len(f.Actions) || slices.ContainsFunc(p.state.Marks, unknown) {
		p.begin(f)
		return len(text) > 0, nil
	}
	return false, nil
}

// begin forgets what was done.
func (p *Progress) begin(f File) {
	p.state = progressFile{Version: 1, Digest: digest(f.text), Marks: make([]Mark, len(f.Actions))}
	for i := range p.state.Marks {
		p.state.Marks[i] = Open
	}
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Mark is how action n, from 0, ended.
func (p *Progress) Mark(n int) Mark { return p.state.Marks[n] }

// Next is the first action that is not done, from 0; len of the actions when all are.
func (p *Progress) Next() int {
	for n, m := range p.state.Marks {
		if !m.Done() {
			return n
		}
	}
	return len(p.state.Marks)
}

// Set notes how an action ended before the next one is tried.
func (p *Progress) Set(n int, m Mark, now time.Time) error {
	if p.file == nil {
		return errors.New("write progress: it was only looked at")
	}
	p.state.Marks[n], p.state.Changed = m, now.UTC().Truncate(time.Second)
	text, err := json.MarshalIndent(p.state, "", "  ")
	if err != nil {
		return fmt.Errorf("write progress: %w", err)
	}
	// In place, since the lock is on this very file; what a crash leaves torn reads as none.
	if _, err := p.file.WriteAt(append(text, '\n'), 0); err != nil {
		return fmt.Errorf("write progress: %w", err)
	}
	if err := p.file.Truncate(int64(len(text)) + 1); err != nil {
		return fmt.Errorf("write progress: %w", err)
	}
	return nil
}

// Close lets others work on the transfer file.
func (p *Progress) Close() error {
	if p.file == nil {
		return nil
	}
	return p.file.Close()
}
