package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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

// serverFile is the description on a server, below the root.
const serverFile = "etc/oneha/oneha.yaml"

// errNoDescription says that serverDescription found none in the usual places.
var errNoDescription = errors.New("there is no description, neither " + defaultFile + " in this directory nor /" + serverFile + ": name it with --file")

// serverDescription reads the description that a command on a server is about: the
// named one, else the first that is there.
func (t tool) serverDescription(file string) (name string, text []byte, err error) {
	if file != "" {
		name, text, err = t.read(file)
	} else if name, text, err = t.read(defaultFile); errors.Is(err, fs.ErrNotExist) {
		name = "/" + serverFile
		if text, err = fs.ReadFile(t.root, serverFile); errors.Is(err, fs.ErrNotExist) {
			return "", nil, errNoDescription
		}
	}
	if err != nil {
		return "", nil, fmt.Errorf("read description: %w", err)
	}
	return name, text, nil
}

// loadCluster is load for commands that work with Pacemaker: a zone is refused.
func (t tool) loadCluster(file string, isNode bool) (spec.Cluster, diag.Findings, error) {
	c, findings, err := t.load(file, isNode)
	if err == nil {
		err = refuseZone(file, c)
	}
	return c, findings, err
}

// refuseZone is the error for a description of a zone, nil for one of a cluster.
func refuseZone(file string, c spec.Cluster) error {
	if c.Zone == nil {
		return nil
	}
	return fmt.Errorf("%s describes a Raft zone (mode: raft), and this command is for a cluster of Pacemaker: use oneha raft ..., see oneha raft --help", file)
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
