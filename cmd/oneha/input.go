package main

import (
	"fmt"
	"io"
	"os"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
)

// tooMuch is more than any description needs; Parse says so for less than this.
const tooMuch = 1 << 20 // bytes

// load reads and checks a description. The findings include those about files
// of this machine, unless it is said not to be a node.
func (t tool) load(file string, isNode bool) (spec.Cluster, diag.Findings, error) {
	name, data, err := t.read(file)
	if err != nil {
		return spec.Cluster{}, nil, fmt.Errorf("read description: %w", err)
	}
	c, findings := spec.Parse(name, data)
	if isNode {
		findings = append(findings, spec.CheckFiles(c, t.root)...)
		findings.Sort()
	}
	return c, findings, nil
}

// read returns the bytes of a file, or of standard input for "-", and the name
// that findings show.
func (t tool) read(file string) (name string, data []byte, err error) {
	from := t.stdin
	if name = "<stdin>"; file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", nil, err
		}
		defer f.Close()
		name, from = file, f
	}
	data, err = io.ReadAll(io.LimitReader(from, tooMuch))
	return name, data, err
}
