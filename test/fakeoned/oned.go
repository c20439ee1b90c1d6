package fakeoned

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// startError is why a oned did not start, in the words that it prints.
type startError string

func (e startError) Error() string { return string(e) }

// runOned keeps oned's order: the lock, the database, the drivers' ports, its
// own; and at the end the ports close at once, but the database is in use until
// the process is gone.
func runOned(ctx context.Context, c Config, ready func(string), log *log.Logger) (err error) {
	session, err := readSession(c.Auth)
	if err != nil {
		return err
	}
	lock, err := os.OpenFile(c.Lock, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return startError("Error: Cannot start oned, opening lock file " + c.Lock)
	}
	if err != nil {
		return fmt.Errorf("open lock file: %w", err)
	}
	defer func() {
		gone := os.Remove(c.Lock)
		if errors.Is(gone, fs.ErrNotExist) { // somebody took it for stale; oned would not mind
			gone = nil
		}
		err = errors.Join(err, lock.Close(), gone)
	}()
	switch up, err := c.modes().answers(ctx); {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return nil
	case !up:
		return errors.Join(startError("Could not open connect to database server: Can't connect to server on '127.0.0.1' (115)"), c.hideSQLite())
	}
	db, err := OpenDatabase(c.Shared, c.Node)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	docs, err := openDocuments(c.Shared)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, docs.Close()) }()

	serving, stopServing := context.WithCancel(ctx)
	defer stopServing()
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWriting()
	written := make(chan error, 1)
	go func() {
		written <- db.Run(writing, c.lookAtDatabase, log)
		stopServing() // no database, no oned
	}()
	err = c.serveOned(serving, api{session: session, database: c.modes().answers, own: docs.methods()}, ready)
	if err == nil && ctx.Err() != nil {
		c.obey(log)
		pause(writing, c.StopTime)
	}
	stopWriting()
	return errors.Join(err, <-written)
}

// serveOned opens the ports and answers until ctx ends.
func (c Config) serveOned(ctx context.Context, a api, ready func(string)) error {
	var ports []net.Listener
	defer func() {
		for _, l := range ports {
			_ = l.Close() // most were closed when ctx ended
		}
	}()
	for _, address := range append(c.Events[:len(c.Events):len(c.Events)], c.Listen) {
		if address == c.Listen && !pause(ctx, c.StartTime) {
			return nil
		}
		l, err := listen(address)
		if errors.Is(err, syscall.EADDRINUSE) {
			if !pause(ctx, c.PortWait) {
				return nil
			}
			err = errors.Join(startError("Unable to start driver: Driver initialization time out"), err)
		}
		if err != nil {
			return err
		}
		ports = append(ports, l)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, len(ports))
	own := len(ports) - 1
	for _, l := range ports[:own] {
		go func() { ended <- serveEach(ctx, l, publish) }()
	}
	ready(listensOn(ports[own]))
	go func() { ended <- serve(ctx, ports[own], a.handler()) }()
	var errs []error
	for range ports {
		errs = append(errs, <-ended)
		cancel() // one ends by itself only when it failed
	}
	return errors.Join(errs...)
}

// lookAtDatabase reports whether oned can write now, and shows the SQLite file
// while the database is there.
func (c Config) lookAtDatabase() (bool, error) {
	m, err := c.modes().database()
	switch {
	case err != nil:
		return false, err
	case m == Away:
		return false, c.hideSQLite()
	case m == Hung:
		return false, nil
	}
	return true, c.showSQLite()
}

// emptySQLite is a database file without a table.
//
//go:embed data/one.db
var emptySQLite []byte

// showSQLite makes the SQLite file in the shared directory, as oned's first start
// does, and the link to it.
func (c Config) showSQLite() error {
	if _, err := os.Lstat(c.SQLite); err == nil {
		return nil
	}
	shared := filepath.Join(c.Shared, filepath.Base(SQLiteFile))
	file, err := os.OpenFile(shared, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = file.Write(emptySQLite)
		err = errors.Join(err, file.Close())
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make SQLite file: %w", err)
	}
	if err := os.Symlink(shared, c.SQLite); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("show SQLite file: %w", err)
	}
	return nil
}

// hideSQLite makes the SQLite file missing on this node alone.
func (c Config) hideSQLite() error {
	if err := os.Remove(c.SQLite); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("hide SQLite file: %w", err)
	}
	return nil
}

// readSession reads the first line of a one_auth file.
func readSession(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read credentials: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSpace(line); !strings.Contains(line, ":") {
		return "", fmt.Errorf("read credentials: the first line of %s is not user:password", path)
	}
	return line, nil
}
