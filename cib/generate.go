package cib

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/spec"
)

// File is a generated file. Name has no directory.
type File struct {
	Name string
	Data []byte
	Mode fs.FileMode
}

// dialect renders a model that check has passed. It fails when its language cannot
// say something that the others can.
type dialect interface {
	render(Model) ([]byte, error)
}

// dialects is the registry, in the order in which files are written.
var dialects = []struct {
	format string
	file   string
	mode   fs.FileMode
	dialect
}{
	{"xml", "cib.xml", 0o644, xmlDialect{}},
	{"pcs", "cluster.pcs.sh", 0o755, pcsDialect{}},
	{"crm", "cluster.crm", 0o644, crmDialect{}},
	{"corosync", "corosync.conf", 0o644, corosyncDialect{}},
}

// Formats returns the names of the formats that Generate knows.
func Formats() []string {
	var names []string
	for _, d := range dialects {
		names = append(names, d.format)
	}
	return names
}

// Generate renders a cluster in the given formats, or in all of them when none is
// given; the files come in the order of Formats, each once. It fails, and returns
// no file, on an unknown format and on a cluster that one of them cannot say.
func Generate(c spec.Cluster, formats ...string) ([]File, error) {
	for _, f := range formats {
		if !slices.Contains(Formats(), f) {
			return nil, fmt.Errorf("unknown format %q: use %s", f, strings.Join(Formats(), ", "))
		}
	}
	wanted := formats
	if len(wanted) == 0 {
		wanted = Formats()
	}
	if f := spec.CheckFormats(c, wanted); f.HasErrors() {
		return nil, fmt.Errorf("generate configuration: %s; %s", f[0].What, f[0].Fix)
	}
	m := Build(c)
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("generate configuration: %w", err)
	}
	var files []File
	for _, d := range dialects {
		if !slices.Contains(wanted, d.format) {
			continue
		}
		data, err := d.render(m)
		if err != nil {
			return nil, fmt.Errorf("generate %s: %w", d.file, err)
		}
		files = append(files, File{Name: d.file, Data: data, Mode: d.mode})
	}
	return files, nil
}
