// Command site makes a web site of README.md and docs/: pages that need no script, no
// server and nothing from elsewhere, so that they can be read from a directory too.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	from := flag.String("from", ".", "the repository")
	to := flag.String("to", "", "make this directory, which is removed first")
	flag.Parse()
	if *to == "" || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := write(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}

// mark is in a directory that this program made.
const mark = ".made-by-oneha-site"

// write makes the site of a repository.
func write(from, to string) error {
	files, err := build(os.DirFS(from))
	if err != nil {
		return err
	}
	if entries, err := os.ReadDir(to); err == nil && len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(to, mark)); err != nil {
			return fmt.Errorf("%s holds something that is no site: name another directory", to)
		}
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	files[mark] = nil
	for name, data := range files {
		path := filepath.Join(to, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
