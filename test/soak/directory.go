package soak

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// directories of a node that are watched, and what below them is somebody else's:
// /run/log is the journal's, which keeps itself within limits, and /run/systemd has a
// file for everything that ever ran.
var directories = []struct {
	path   string
	except []string
}{
	{"/var/log/oneha", nil},
	{"/var/lib/oneha", nil},
	{"/run", []string{"/run/log", "/run/systemd", "/run/udev"}},
	{"/tmp", nil},
}

// hold is what a directory holds.
type hold struct {
	files int
	bytes int64
}

// held counts the regular files below a directory of a machine whose root is there. What
// is not there holds nothing.
func held(root, dir string, except []string) (h hold) {
	above := filepath.Join(root, dir)
	var mine syscall.Stat_t
	if syscall.Lstat(above, &mine) != nil {
		return h
	}
	_ = filepath.WalkDir(above, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // it has gone meanwhile
		}
		if d.IsDir() {
			inside := strings.TrimPrefix(path, root)
			for _, e := range except {
				if inside == e {
					return fs.SkipDir
				}
			}
			var its syscall.Stat_t
			if syscall.Lstat(path, &its) != nil || its.Dev != mine.Dev {
				return fs.SkipDir // something else is mounted there
			}
			return nil
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			h.files++
			h.bytes += info.Size()
		}
		return nil
	})
	return h
}

// inode tells one file from the next of the same name; 0 for none.
func inode(path string) uint64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}
