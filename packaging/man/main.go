// Command man writes the manual pages of the resource agents, one file for each,
// made from what the agents declare.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/oneha/oneha/agents"
	"github.com/oneha/oneha/internal/version"
	"github.com/oneha/oneha/ocf"
)

// provider is the directory below resource.d that make install links the agents into.
const provider = "opennebula"

func main() {
	dir := flag.String("dir", "", "write the pages into this directory and remove others of section 7")
	date := flag.String("date", "", "date of the pages, as 2006-01-02")
	flag.Parse()
	if *dir == "" || *date == "" || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := write(*dir, pages(version.String(), *date)); err != nil {
		fmt.Fprintln(os.Stderr, "man:", err)
		os.Exit(1)
	}
}

// pages returns the content of every page by its file name.
func pages(version, date string) map[string][]byte {
	all := agents.All()
	pages := make(map[string][]byte, len(all))
	for _, a := range all {
		var others []string
		for _, other := range all {
			if other.Name != a.Name {
				others = append(others, other.ManName(provider)+"(7)")
			}
		}
		pages[a.ManName(provider)+".7"] = a.ManPage(ocf.Manual{
			Provider: provider, Package: "oneha " + version, Date: date, SeeAlso: others,
		})
	}
	return pages
}

// write makes dir hold these pages and no others. Each file takes its place in
// one step, and only if it differs: builds may run side by side.
func write(dir string, pages map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	there, err := filepath.Glob(filepath.Join(dir, "*.7"))
	if err != nil {
		return err
	}
	for _, path := range there {
		if pages[filepath.Base(path)] == nil {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	for name, page := range pages {
		path := filepath.Join(dir, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, page) {
			continue
		}
		if err := replace(path, page); err != nil {
			return err
		}
	}
	return nil
}

func replace(path string, page []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".page*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once it has its name
	if _, err := f.Write(page); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
