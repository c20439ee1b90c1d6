// Command sbom writes down what the binaries of a build are made of, for programs that
// look for known vulnerabilities and licences: a bill of materials by CycloneDX 1.6,
// the same to the byte for the same binaries.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/oneha/oneha/packaging/linked"
)

func main() {
	dir := flag.String("dir", "", "directory with the binaries, in one of its own for each architecture, such as amd64/oneha")
	release := flag.String("version", "", "version of the packages")
	commit := flag.String("commit", "", "commit that they are built from, if it is known")
	out := flag.String("out", "", "write this file")
	flag.Parse()
	if *dir == "" || *release == "" || *out == "" || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*dir, *out, product{version: *release, commit: *commit}); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(dir, out string, p product) error {
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH, the date of the build in seconds: %w", err)
	}
	p.made = time.Unix(seconds, 0)
	binaries, err := readBinaries(dir)
	if err != nil {
		return err
	}
	var commands []string
	for _, own := range linked.Packages {
		if own.Command != "" {
			commands = append(commands, own.Command)
		}
	}
	modules, err := linked.Modules(".", commands...)
	if err != nil {
		return err
	}
	text, err := encode(p, binaries, modules)
	if err != nil {
		return err
	}
	return os.WriteFile(out, text, 0o644)
}

// readBinaries reads those of every architecture below dir: by architecture, and in
// the order of the packages.
func readBinaries(dir string) (all []binary, err error) {
	arches, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, arch := range arches {
		for _, p := range linked.Packages {
			if p.Command == "" {
				continue
			}
			b, err := readBinary(filepath.Join(dir, arch.Name(), p.Binary), p)
			if err != nil {
				return nil, err
			}
			all = append(all, b)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no binaries", dir)
	}
	return all, nil
}
