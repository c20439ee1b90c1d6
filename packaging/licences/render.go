package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/packaging/linked"
)

// What a copyright file says of us, and of the licence that it does not repeat.
const (
	ownCopyright = "Copyright (C) 2026 the oneha authors"
	apache       = "the Apache License, Version 2.0 (on Debian: /usr/share/common-licenses/Apache-2.0)"
)

// expression is the SPDX expression for a binary: ours and that of everything linked
// into it.
func expression(modules []linked.Module) (string, error) {
	all := []string{linked.Own}
	for _, m := range modules {
		names, err := m.Licences()
		if err != nil {
			return "", err
		}
		all = append(all, names...)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " AND "), nil
}

// copyright is the file that goes with a package: what is linked into its binary, each
// with version and licence, and the texts that have to be passed on. The text of the
// Apache licence stands beside it, in a file of its own.
func copyright(name string, modules []linked.Module) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is part of oneha, https://github.com/oneha/oneha\n\n%s\nLicence: %s.\n", name, ownCopyright, apache)
	if len(modules) == 0 {
		return b.String(), nil
	}
	b.WriteString("\nIts binary is linked statically. It holds the modules below, unchanged,\nunder these licences; their sources are at https://pkg.go.dev/PATH@VERSION.\n\n")
	for _, m := range modules {
		names, err := m.Licences()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "  %s %s: %s\n", m.Path, m.Version, strings.Join(names, ", "))
	}
	for _, t := range distinct(modules) {
		fmt.Fprintf(&b, "\n%s\n%s\n\n%s\n", strings.Repeat("-", 72), strings.Join(t.of, "\n"), t.content)
	}
	return b.String(), nil
}

// passed is a text with those that it belongs to.
type passed struct {
	of      []string
	content string
}

// distinct are the texts to pass on, each once. Of the Apache licence only who is
// named in its place for it, since the text is everywhere the same.
func distinct(modules []linked.Module) []passed {
	var all []passed
	for _, m := range modules {
		for _, t := range m.Texts {
			content := strings.TrimSpace(strings.ReplaceAll(t.Content, "\r\n", "\n"))
			if !t.Notice && slices.Equal(linked.Classify(content), []string{"Apache-2.0"}) {
				content = "Licence: " + apache + "." + holders(content)
			}
			of := m.Path + ", " + t.Name
			if i := slices.IndexFunc(all, func(p passed) bool { return p.content == content }); i >= 0 {
				all[i].of = append(all[i].of, of)
				continue
			}
			all = append(all, passed{[]string{of}, content})
		}
	}
	return all
}

// holders are the lines of an Apache licence that say whose the work is; in most it is
// only the pattern for it.
func holders(content string) string {
	var b strings.Builder
	for line := range strings.Lines(content) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "Copyright ") && !strings.ContainsAny(line, "[{") && !strings.Contains(line, "yyyy") {
			b.WriteString("\n" + line)
		}
	}
	return b.String()
}
