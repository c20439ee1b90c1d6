package fakeoned

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Mode is what happens to the database that oned uses.
type Mode string

// A test writes one of these words to the file ModeName in SharedDir, for all
// nodes, or in ModeDir, for this node alone, which wins. No file and an empty one
// mean Up. oned and the role "database" look again all the time.
const (
	// Up: oned works, MySQL greets.
	Up Mode = "up"
	// Away: the database is gone. oned refuses every user within milliseconds and
	// stays alive; it does not start; MySQL's port is closed, oned's SQLite file
	// missing.
	Away Mode = "away"
	// Hung: the database takes requests and does not answer. Calls that need a
	// user hang, oned's start too; MySQL accepts connections and is silent.
	Hung Mode = "hung"
)

// ModeName is the file that holds a Mode.
const ModeName = "DATABASE"

// SetMode writes the mode to dir: SharedDir or ModeDir as the caller sees it.
func SetMode(dir string, m Mode) error {
	path := filepath.Join(dir, ModeName)
	if err := os.WriteFile(path+".new", []byte(m+"\n"), 0o644); err != nil {
		return fmt.Errorf("set database mode: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("set database mode: %w", err)
	}
	return nil
}

// IgnoreTerm is the file in ModeDir whose presence makes a role take SIGTERM as a
// oned without a majority was seen to: it closes its ports and stays. Only
// SIGKILL ends it, and then oned's lock is left.
func IgnoreTerm(role string) string { return "ignore-term-" + role }

// switches are where the files of a test are.
type switches struct{ shared, node string }

// database reads the mode of the database.
func (s switches) database() (Mode, error) {
	for _, dir := range []string{s.node, s.shared} {
		text, err := os.ReadFile(filepath.Join(dir, ModeName))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("read database mode: %w", err)
		}
		switch m := Mode(strings.TrimSpace(string(text))); m {
		case Up, Away, Hung:
			return m, nil
		case "": // a shell has opened it and not yet written
			continue
		default:
			return "", fmt.Errorf("read database mode: %s in %s is none: use %s, %s or %s", m, dir, Up, Away, Hung)
		}
	}
	return Up, nil
}

// answers waits while the database is hung and reports whether it is up then.
// It returns false when ctx ends.
func (s switches) answers(ctx context.Context) (bool, error) {
	for {
		m, err := s.database()
		if m != Hung {
			return m == Up, err
		}
		if !pause(ctx, writeInterval) {
			return false, nil
		}
	}
}

// pause reports whether ctx still lasts after d.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
