package main

import (
	"cmp"
	"slices"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/runbook"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/target"
)

// The formats of the runbook, beside those of package cib.
const (
	runbookFormat = "runbook"
	runbookJSON   = "runbook-json" // only when asked for
)

// runbookFile writes the steps that make a cluster of the machines, in one of the
// two formats. It loads the configuration with the shell whose file is generated.
func runbookFile(c spec.Cluster, format, description string, formats []string) (cib.File, error) {
	opt := runbook.Options{File: description}
	if slices.Contains(formats, "crm") && !slices.Contains(formats, "pcs") {
		opt.Loader = "crm"
	}
	book, err := runbook.Build(c, cmp.Or(c.Target, target.Portable), opt)
	if err != nil {
		return cib.File{}, err
	}
	if format == runbookJSON {
		data, err := book.JSON()
		return cib.File{Name: "runbook.json", Data: data, Mode: 0o644}, err
	}
	return cib.File{Name: "runbook.md", Data: book.Markdown(), Mode: 0o644}, nil
}
