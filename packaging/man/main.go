// Command man writes the manual pages of the resource agents and the fence agents,
// one file for each, made from what the agents declare.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/oneha/oneha/agents"
	"github.com/oneha/oneha/internal/fenceagent"
	"github.com/oneha/oneha/internal/version"
)

// provider is the directory below resource.d that make install links the agents into.
const provider = "opennebula"

func main() {
	dir := flag.String("dir", "", "write the pages into this directory and remove others of sections 7 and 8")
	date := flag.String("date", "", "date of the pages, as 2006-01-02")
	flag.Parse()
	if *dir == "" || *date == "" || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := write(*dir, pages(edition{"oneha " + version.String(), *date})); err != nil {
		fmt.Fprintln(os.Stderr, "man:", err)
		os.Exit(1)
	}
}

// edition is what the pages of one build have in common.
type edition struct {
	from string // the package and its version, for the footer
	date string // the day of that version, as 2006-01-02
}

// pages returns the content of every page by its file name.
func pages(e edition) map[string][]byte {
	pages := map[string][]byte{}
	resources, fences := agents.All(), fenceagent.All()
	for _, a := range resources {
		var others []string
		for _, other := range resources {
			if other.Name != a.Name {
				others = append(others, resourceName(provider, other)+"(7)")
			}
		}
		pages[resourceName(provider, a)+".7"] = resourcePage(a, provider, e, others)
	}
	for _, a := range fences {
		var others []string
		for _, other := range fences {
			if other.Name != a.Name {
				others = append(others, other.Name+"(8)")
			}
		}
		pages[a.Name+".8"] = fencePage(a, e, others)
	}
	return pages
}

// write makes dir hold these pages and no others. Each file takes its place in
// one step, and only if it differs: builds may run side by side.
func write(dir string, pages map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	there, err := filepath.Glob(filepath.Join(dir, "*.[78]"))
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
