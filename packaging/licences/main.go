// Command licences says under which licences our binaries are: what is linked into
// each, read from the modules themselves, and whether it may be. It makes the
// copyright file of every package.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/oneha/oneha/packaging/linked"
)

func main() {
	dir := flag.String("dir", "", "write PACKAGE/copyright for each package into this directory; without it they are listed")
	flag.Parse()
	if flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	for _, p := range linked.Packages {
		var modules []linked.Module
		if p.Command != "" {
			var err error
			if modules, err = linked.Modules(".", p.Command); err != nil {
				return err
			}
		}
		spdx, err := expression(modules)
		if err != nil {
			return err
		}
		if dir == "" {
			fmt.Printf("%s: %s\n", p.Name, spdx)
			for _, m := range modules {
				names, _ := m.Licences() // expression has asked already
				fmt.Printf("  %s %s %v\n", m.Path, m.Version, names)
			}
			continue
		}
		content, err := copyright(p.Name, modules)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(dir, p.Name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, p.Name, "copyright"), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}
