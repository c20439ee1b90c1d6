// Command man writes the manual pages: those of the resource agents and the fence
// agents, made from what the agents declare, those of the commands, made from the command
// line of oneha, and those of the files that people write, made from their keys.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/oneha/oneha/agents"
	"github.com/oneha/oneha/internal/commands"
	"github.com/oneha/oneha/internal/fenceagent"
	"github.com/oneha/oneha/internal/version"
)

// provider is the directory below resource.d that make install links the agents into.
const provider = "opennebula"

func main() {
	dir := flag.String("dir", "", "write the pages into this directory and remove others of sections 5, 7 and 8")
	date := flag.String("date", "", "date of the pages, as 2006-01-02")
	tree := flag.String("commands", "", "the file with what oneha reference printed")
	flag.Parse()
	if *dir == "" || *date == "" || *tree == "" || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := build(*dir, *tree, edition{"oneha " + version.String(), *date}); err != nil {
		fmt.Fprintln(os.Stderr, "man:", err)
		os.Exit(1)
	}
}

// build writes all pages.
func build(dir, tree string, e edition) error {
	data, err := os.ReadFile(tree)
	if err != nil {
		return err
	}
	var top commands.Command
	if err := json.Unmarshal(data, &top); err != nil {
		return fmt.Errorf("%s is not what oneha reference prints: %w", tree, err)
	}
	return write(dir, pages(top, e))
}

// edition is what the pages of one build have in common.
type edition struct {
	from string // the package and its version, for the footer
	date string // the day of that version, as 2006-01-02
}

// pages returns the content of every page by its file name.
func pages(top commands.Command, e edition) map[string][]byte {
	pages := commandPages(top, e)
	maps.Copy(pages, filePages(e))
	maps.Copy(pages, agentPages(e))
	return pages
}

// agentPages are those of the agents.
func agentPages(e edition) map[string][]byte {
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
	there, err := filepath.Glob(filepath.Join(dir, "*.[578]"))
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
