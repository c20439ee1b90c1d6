package one

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Bytes that SQLite locks in a database file (sqlite.org, "File Locking And
// Concurrency In SQLite Version 3", and os.h): a lock for writing on the pending
// byte or on the shared ones keeps every reader out.
const (
	sqlitePending = 0x40000000
	sqliteShared  = sqlitePending + 2
	sqliteShares  = 510
)

// sqliteMagic begins a database file (sqlite.org, "Database File Format", 1.3).
const sqliteMagic = "SQLite format 3\x00"

// checkSQLite looks at oned's database file: whether it is one, and whether a
// process other than oned keeps readers out of it. It takes no lock.
func checkSQLite(file string) error {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, len(sqliteMagic))
	// An empty file is a database of which nothing was written yet.
	if n, err := io.ReadFull(f, head); err != nil && err != io.EOF || n > 0 && !bytes.Equal(head, []byte(sqliteMagic)) {
		return fmt.Errorf("%s is not a SQLite database", file)
	}
	for _, part := range []struct{ start, length int64 }{{sqlitePending, 1}, {sqliteShared, sqliteShares}} {
		lock := syscall.Flock_t{Type: syscall.F_RDLCK, Whence: io.SeekStart, Start: part.start, Len: part.length}
		if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil {
			return fmt.Errorf("ask for locks of %s: %w", file, err)
		}
		if lock.Type == syscall.F_UNLCK {
			continue
		}
		holder := "another process"
		if lock.Pid > 0 {
			name := processName(int(lock.Pid))
			if name == "oned" { // it writes, which takes a moment
				continue
			}
			holder = fmt.Sprintf("process %d (%s)", lock.Pid, name)
		}
		return fmt.Errorf("%s is locked by %s", file, holder)
	}
	return nil
}

// processName is the command name of a process, "?" or "ended" if there is none to read.
func processName(pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	if errors.Is(err, os.ErrNotExist) {
		return "ended"
	}
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(b))
}
