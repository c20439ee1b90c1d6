package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/oneha/oneha/cib"
)

// writeFiles writes all files into dir or none: each goes to a temporary name
// beside its place first, and only when all have arrived on disk are they
// renamed. Directories that it made are removed again when it fails.
func writeFiles(dir string, files []cib.File) (err error) {
	made, err := makeDir(dir)
	if err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	defer func() {
		for i := len(made) - 1; err != nil && i >= 0; i-- {
			os.Remove(made[i]) // not ours any more if somebody put a file into it
		}
	}()
	var temporary []string
	defer func() {
		for _, name := range temporary {
			os.Remove(name) // gone already if it was renamed
		}
	}()
	for _, f := range files {
		target := filepath.Join(dir, f.Name)
		if info, err := os.Lstat(target); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("write %s: it exists and is not a file", target)
		}
		name, err := writeTemporary(dir, f)
		temporary = append(temporary, name)
		if err != nil {
			return fmt.Errorf("write %s: %w", target, err)
		}
	}
	for i, f := range files {
		if err := os.Rename(temporary[i], filepath.Join(dir, f.Name)); err != nil {
			return fmt.Errorf("write file: %w", err)
		}
	}
	return nil
}

// makeDir makes dir with its parents and returns those that did not exist,
// outermost first.
func makeDir(dir string) (made []string, err error) {
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append([]string{d}, made...)
	}
	return made, os.MkdirAll(dir, 0o755)
}

// writeTemporary writes a file under a name that no reader looks for. The name
// is returned with an error, too.
func writeTemporary(dir string, f cib.File) (name string, err error) {
	w, err := os.CreateTemp(dir, "."+f.Name+".*")
	if err != nil {
		return "", err
	}
	_, err = w.Write(f.Data)
	return w.Name(), errors.Join(err, w.Chmod(f.Mode), w.Sync(), w.Close())
}
