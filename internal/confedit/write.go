package confedit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ErrChanged is the error of Write for a file that is not as it was read.
var ErrChanged = errors.New("it was changed since it was read; read it again and repeat the edit")

// Write puts data in the place of a file that was read with the content was, and returns
// the name of a copy of the old one beside it, FILE.TIME.bak, which never replaces
// another. Either the file has all of data, on the disk, or it is as it was: data goes
// to a temporary file, and that takes the name of the file. Owner, group, mode and
// extended attributes (SELinux, access lists) stay, of the copy too; a symbolic link
// stays one, and its target is written. When data is what the file has already, nothing
// is done and the name is "".
//
// The file is compared with was immediately before it is replaced: ErrChanged. Whoever
// writes it in the microseconds between is not noticed, as Linux has no call for that
// which all file systems know.
func Write(path string, was, data []byte, now time.Time) (backup string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	old, err := unchanged(target, was)
	if err != nil {
		return "", err
	}
	defer old.Close()
	if bytes.Equal(was, data) {
		return "", nil
	}
	dir := filepath.Dir(target)
	fresh, err := os.CreateTemp(dir, "."+filepath.Base(target)+".new-*")
	if err != nil {
		return "", err
	}
	placed := false
	defer func() {
		if !placed {
			err = errors.Join(err, os.Remove(fresh.Name()))
		}
	}()
	if err := fill(fresh, old, data, time.Time{}); err != nil {
		return "", err
	}
	if backup, err = keep(target, old, was, now); err != nil {
		return "", err
	}
	defer func() {
		if !placed {
			err = errors.Join(err, os.Remove(backup))
			backup = ""
		}
	}()
	again, err := unchanged(target, was)
	if err != nil {
		return backup, err
	}
	again.Close()
	if err := os.Rename(fresh.Name(), target); err != nil {
		return backup, err
	}
	placed = true
	if err := syncDir(dir); err != nil {
		return backup, fmt.Errorf("it is written, but a power failure now may bring the old one back: %w", err)
	}
	return backup, nil
}

// unchanged opens a file that has that content.
func unchanged(path string, was []byte) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "read", Path: path, Err: errors.New("it is not a regular file")}
	}
	if err == nil && info.Size() != int64(len(was)) {
		err = ErrChanged
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	is, err := io.ReadAll(io.LimitReader(f, int64(len(was))+1))
	if err == nil && !bytes.Equal(is, was) {
		err = ErrChanged
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// keep writes the copy of the old file.
func keep(target string, old *os.File, was []byte, now time.Time) (string, error) {
	info, err := old.Stat()
	if err != nil {
		return "", err
	}
	const most = 100 // in one second
	name := target + "." + now.UTC().Format("20060102T150405Z")
	for n := range most {
		backup := name + ".bak"
		if n > 0 {
			backup = fmt.Sprintf("%s-%d.bak", name, n)
		}
		f, err := os.OpenFile(backup, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if err := fill(f, old, was, info.ModTime()); err != nil {
			return "", errors.Join(err, os.Remove(backup))
		}
		return backup, nil
	}
	return "", fmt.Errorf("keep old file: there are %d of this second already, such as %s.bak", most, name)
}

// fill writes the content of a new file, gives it what old has of owner, mode and
// attributes, brings it to the disk and closes it. A time of zero is now.
func fill(f, old *os.File, content []byte, modified time.Time) (err error) {
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := liken(f, old); err != nil {
		return err
	}
	if !modified.IsZero() {
		if err := os.Chtimes(f.Name(), modified, modified); err != nil {
			return err
		}
	}
	return f.Sync()
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
