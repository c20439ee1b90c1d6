package fakeoned

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// writeInterval is how often a writer writes, and so how long two may write to
// one database before it is noticed.
const writeInterval = 50 * time.Millisecond

// recordPrefix starts the names of the writers' records.
const recordPrefix = "writer-"

// Database is one writer's view of the directory that stands for oned's
// database. Each writer keeps a record of its own there and rewrites it all the
// time. oned holds objects in memory and does not lock its database, so two of
// them alive at one time destroy it: whoever sees that another record appeared
// or changed since it opened the directory raises the alarm. The record of a
// writer that is dead, or fenced while it was frozen, does not change any more.
//
// Records stay when their writer ends: a writer that was frozen meanwhile must
// be able to see that somebody else wrote.
type Database struct {
	dir      string
	name     string // of the own record
	identity string
	file     *os.File
	sequence uint64
	known    map[string]string // the others' records, by name
	raised   bool
}

// OpenDatabase makes a new writer in dir, which must exist: a missing mount must
// not look like a database of one's own. node is the name of the machine.
func OpenDatabase(dir, node string) (*Database, error) {
	// Containers share the kernel, and with it perhaps the boot ID, and process
	// IDs come again: only the random part tells two writers apart for sure.
	instance := rand.Text()
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := &Database{
		dir:  dir,
		name: recordPrefix + strings.ReplaceAll(node, "/", "_") + "-" + instance,
		identity: fmt.Sprintf("node=%s pid=%d started=%s boot=%s instance=%s",
			node, os.Getpid(), time.Now().UTC().Format(time.RFC3339Nano), strings.TrimSpace(string(boot)), instance),
	}
	// First look, then write: whatever changes from now on was written by somebody alive.
	if db.known, err = db.others(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if db.file, err = os.OpenFile(filepath.Join(dir, db.name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

// Step writes the own record and then looks for another writer. It writes
// without looking first, as oned does after it was frozen, so that both find
// out. It returns the other's record at the step that sees another writer first,
// and "" at all others; then the file AlarmName exists.
func (db *Database) Step(now time.Time) (other string, err error) {
	db.sequence++
	// Only the last number changes and it only gets longer: no old bytes remain.
	if _, err := db.file.WriteAt([]byte(db.record()), 0); err != nil {
		return "", fmt.Errorf("write database: %w", err)
	}
	seen, err := db.others()
	if err != nil {
		return "", fmt.Errorf("read database: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if old, had := db.known[name]; had && old == seen[name] || db.raised {
			continue
		}
		other = strings.TrimSpace(seen[name])
		if other == "" { // created, not yet written
			other = name
		}
		if err := db.raise(now, other); err != nil {
			return other, fmt.Errorf("raise alarm: %w", err)
		}
		db.raised = true
	}
	db.known = seen
	return other, nil
}

// Run steps until ctx ends, and returns nil then. While reachable says false it
// waits, and has not seen what others wrote meanwhile.
func (db *Database) Run(ctx context.Context, reachable func() (bool, error), log *log.Logger) error {
	tick := time.NewTicker(writeInterval)
	defer tick.Stop()
	for {
		ok, err := reachable()
		var other string
		if err == nil && ok {
			other, err = db.Step(time.Now())
		}
		if other != "" {
			log.Printf("ALARM: a second writer on %s: %s", db.dir, other)
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Close ends the writing.
func (db *Database) Close() error { return db.file.Close() }

func (db *Database) record() string {
	return fmt.Sprintf("%s sequence=%d\n", db.identity, db.sequence)
}

// others reads the records of all other writers.
func (db *Database) others() (map[string]string, error) {
	entries, err := os.ReadDir(db.dir)
	if err != nil {
		return nil, err
	}
	records := map[string]string{}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), recordPrefix) || e.Name() == db.name {
			continue
		}
		text, err := os.ReadFile(filepath.Join(db.dir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) { // somebody tidied up
			continue
		}
		if err != nil {
			return nil, err
		}
		records[e.Name()] = string(text)
	}
	return records, nil
}

// raise makes the alarm file, unless it is there: the first alarm counts. It
// appears with its text or not at all, also when this writer is killed now.
func (db *Database) raise(now time.Time, other string) error {
	text := fmt.Sprintf("fakeoned: two writers were alive on one database\ntime:    %s\nseen by: %s\nother:   %s\n",
		now.UTC().Format(time.RFC3339Nano), strings.TrimSpace(db.record()), other)
	draft := filepath.Join(db.dir, "."+AlarmName+"-"+db.name)
	if err := os.WriteFile(draft, []byte(text), 0o444); err != nil {
		return err
	}
	err := os.Link(draft, filepath.Join(db.dir, AlarmName)) // fails when it exists, as O_EXCL would
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return errors.Join(err, os.Remove(draft))
}
