package twin

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// StateDir is where a copy keeps its lock, its journal and what it replaced.
const StateDir = "/var/lib/oneha/sync"

// ErrBusy says that another copy runs on this server.
var ErrBusy = errors.New("another oneha sync --from runs on this server: wait for it")

// state is StateDir, locked: as long as it is open no other copy runs here, so every
// temporary file is a leftover or ours.
type state struct {
	root *os.Root
	lock *os.File
}

func (m Machine) openState() (*state, error) {
	dir := m.path(StateDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make %s: %w", StateDir, bare(err))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	lock, err := root.OpenFile("lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		root.Close()
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		root.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrBusy
		}
		return nil, fmt.Errorf("lock %s: %w", StateDir, err)
	}
	return &state{root, lock}, nil
}

// close lets the next copy begin; the kernel does the same when a process is killed.
func (s *state) close() {
	s.lock.Close()
	s.root.Close()
}

const journal = "journal"

// journalled are the directories that a copy which did not end wrote to.
func (s *state) journalled() ([]string, error) {
	data, err := s.root.ReadFile(journal)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	var dirs []string
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		var p Path
		if err := p.UnmarshalText(lines.Bytes()); err == nil && path.IsAbs(string(p)) {
			dirs = append(dirs, string(p))
		}
	}
	return dirs, lines.Err()
}

// begin notes on the disk which directories a copy is about to write to.
func (s *state) begin(d disk, dirs []string) error {
	var text strings.Builder
	for _, dir := range dirs {
		text.WriteString(Path(dir).String() + "\n")
	}
	err := d.replace(s.root, journal, owned{os.Geteuid(), os.Getegid(), 0o600}, "", func(w io.Writer) error {
		_, err := io.WriteString(w, text.String())
		return err
	})
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

// end says that nothing is left.
func (s *state) end(d disk) error {
	if err := d.remove(s.root, journal); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove journal: %w", err)
	}
	return nil
}

// sweep removes the temporary files of copies that were killed: in all directories of the
// places, in those that the journal names or dirs, and in the state. It returns the
// directories of the journal that it could not look into, which stay in it.
func (l *looker) sweep(s *state, dirs []string) (swept int, again []string, err error) {
	noted, err := s.journalled()
	if err != nil {
		return 0, nil, err
	}
	all := map[string]bool{}
	for _, dir := range append(slices.Clone(dirs), noted...) {
		all[dir] = true
	}
	for _, p := range places { // of both modes: the mode may have changed since
		l.directories(p.path, all)
	}
	for _, dir := range slices.Sorted(maps.Keys(all)) {
		n, err := l.sweepDir(dir)
		swept += n
		if err != nil && slices.Contains(noted, dir) {
			again = append(again, dir)
		}
	}
	n, err := sweepTree(s.root)
	return swept + n, again, err
}

// directories adds all those of a place, and the one that it is in.
func (l *looker) directories(pattern string, all map[string]bool) {
	all[path.Dir(pattern)] = true
	root, name, err := l.root(pattern)
	if err != nil {
		return
	}
	base, _ := anchor(pattern)
	found := []string{name}
	if strings.Contains(name, "*") {
		found, _ = fs.Glob(root.FS(), name) // the pattern is good
	}
	for _, name := range found {
		_ = fs.WalkDir(root.FS(), name, func(p string, e fs.DirEntry, err error) error {
			if err == nil && e.IsDir() {
				all[path.Join(base, p)] = true
			}
			return nil // what cannot be read cannot have been written to
		})
	}
}

// sweepDir removes what is left in a directory.
func (l *looker) sweepDir(dir string) (int, error) {
	root, name, err := l.root(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return sweepIn(root, name)
}

func sweepIn(root *os.Root, dir string) (swept int, err error) {
	f, err := root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	entries, err := f.ReadDir(-1)
	f.Close()
	for _, e := range entries {
		if leftover.MatchString(e.Name()) && !e.IsDir() {
			err = errors.Join(err, root.Remove(path.Join(dir, e.Name())))
			swept++
		}
	}
	return swept, err
}

// sweepTree removes what is left anywhere below a root.
func sweepTree(root *os.Root) (swept int, err error) {
	walked := fs.WalkDir(root.FS(), ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		n, err := sweepIn(root, p)
		swept += n
		return err
	})
	return swept, walked
}
