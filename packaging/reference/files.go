package main

import (
	"strings"

	"github.com/oneha/oneha/internal/lint"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/vmha/settings"
)

// rulesPage has the rules of oneha check.
func rulesPage() string {
	p := newPage("Rules of oneha check", "What `oneha check` looks for in a description, a CIB, a corosync.conf and on a node, why it matters, and how to mend it. "+
		"`oneha check --explain RULE` prints the same; `--rules` chooses among them. The letter says what a rule is about: F fencing, Q quorum and membership, "+
		"R resources, O OpenNebula, S servers of a Raft zone, V releases, D the description.")
	var rows [][]string
	for _, r := range lint.Rules {
		rows = append(rows, []string{"[" + r.ID + "](#" + strings.ToLower(r.ID) + ")", string(r.Severity), plain(r.Title)})
	}
	p.table([]string{"rule", "severity", "what is wrong"}, rows)
	for _, r := range lint.Rules {
		p.heading(2, r.ID)
		p.text(sentence(r.Title) + " (" + string(r.Severity) + ")")
		p.text(r.Why)
		p.text("To mend it: " + r.Fix + ".")
		p.text("Source: " + r.Source + ".")
	}
	return p.String()
}

// descriptionPage has the keys of a description.
func descriptionPage() string {
	p := newPage("The description: oneha.yaml", "Every key of the file that describes a cluster or a Raft zone. A dot leads into a map, `*` stands for a name of your own. "+
		"`oneha explain KEY` prints the same, `oneha explain FILE` what a file of yours leaves out; [examples](../../examples) has whole files.")
	index(p, len(spec.Keys), func(i int) (string, string) { return spec.Keys[i].Path, spec.Keys[i].Form })
	for _, k := range spec.Keys {
		only := ""
		if mode := k.Only(); mode != "" {
			only = "only with `mode: " + string(mode) + "`"
		}
		key(p, k.Path, k.Form, k.Default, k.Required, only, k.Why)
		if k.Raft != "" {
			p.text("With `mode: raft`: " + k.Raft)
		}
		if k.Source != "" {
			p.text("Source: " + k.Source + ".")
		}
	}
	return p.String()
}

// settingsPage has the keys of the hook's settings.
func settingsPage() string {
	p := newPage("Settings of the host error hook: host-error.yaml", "Every key of `"+settings.DefaultFile+"`, which `oneha hook host-error` reads; [vm-ha.md](../vm-ha.md) leads through it. "+
		"A dot leads into a map. Without the file everything has its default.")
	index(p, len(settings.Keys), func(i int) (string, string) { return settings.Keys[i].Path, settings.Keys[i].Form })
	for _, k := range settings.Keys {
		key(p, k.Path, k.Form, k.Default, k.Required, "", k.Why)
	}
	return p.String()
}

// index is a table of the keys.
func index(p *page, n int, at func(int) (path, form string)) {
	var rows [][]string
	for i := range n {
		path, form := at(i)
		rows = append(rows, []string{"[" + code(path) + "](#" + anchor(path) + ")", plain(form)})
	}
	p.table([]string{"key", "value"}, rows)
}

// anchor is what the heading of a key gets on the site and on GitHub.
func anchor(path string) string {
	return strings.NewReplacer(".", "", "*", "").Replace(path)
}

// key is one key in full.
func key(p *page, path, form, byDefault string, required bool, only, why string) {
	p.heading(2, code(path))
	what := "Value: " + form + "."
	switch {
	case required:
		what += " Required."
	case byDefault != "":
		what += " Default: `" + byDefault + "`."
	}
	if only != "" {
		what += " " + sentence(only)
	}
	p.text(what)
	p.text(why)
}
