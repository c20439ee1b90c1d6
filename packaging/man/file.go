package main

import (
	"strings"

	"github.com/oneha/oneha/internal/roff"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/vmha/settings"
)

// key is one key of a file, whichever.
type key struct {
	path, form, byDefault, why, source string
	required                           bool
	mode, raft                         string // the only mode that knows it, and what is different in mode raft
}

// fileReferences are the pages of files, to see from a command's page.
func fileReferences() []string { return []string{"oneha.yaml(5)", "host-error.yaml(5)"} }

// filePages are the pages of the files that people write.
func filePages(e edition) map[string][]byte {
	pages := map[string][]byte{}
	for _, f := range files() {
		pages[f.name+".5"] = filePage(f, e)
	}
	return pages
}

// files are the files that people write.
func files() []file {
	var described, hook []key
	for _, k := range spec.Keys {
		described = append(described, key{k.Path, k.Form, k.Default, k.Why, k.Source, k.Required, string(k.Only()), k.Raft})
	}
	for _, k := range settings.Keys {
		hook = append(hook, key{path: k.Path, form: k.Form, byDefault: k.Default, why: k.Why, required: k.Required})
	}
	description := file{
		name: "oneha.yaml", short: "description of a cluster of OpenNebula front-ends", keys: described,
		about: []string{
			"A file in YAML that says which front-ends there are, how their power is cut, which address floats and which services run. Commands take it as an argument or with --file; on a server they find it in ./oneha.yaml or /etc/oneha/oneha.yaml.",
			"What the file leaves out has a default with a reason: oneha explain FILE lists it. A key that is not known is an error, which oneha check names with line and column. No secret belongs into the file.",
		},
		example: []string{
			"version: 1", "cluster: opennebula", "nodes:",
			`  one-server1: {addr: 10.3.4.20, bmc: "ipmi://10.3.5.20"}`, `  one-server2: {addr: 10.3.4.21, bmc: "ipmi://10.3.5.21"}`,
			"bmc: {username: oneha, password_file: /etc/oneha/bmc}", "vip: 10.3.4.2/24", "services: [oned, sunstone, gate, flow]",
		},
		others: []string{"oneha(8)", "oneha-check(8)", "oneha-explain(8)", "oneha-init(8)", "host-error.yaml(5)"},
	}
	hosts := file{
		name: "host-error.yaml", short: "what is done when a hypervisor dies", keys: hook,
		about: []string{
			"The settings of oneha hook host-error, in YAML, in " + settings.DefaultFile + ", the same on each front-end. Without the file everything has its default, and how a host's power is cut is read from its template in OpenNebula: FENCE_IP, FENCE_AGENT, FENCE_USERNAME, FENCE_PASSWORD_FILE, FENCE_PLUG, FENCE_OPTIONS.",
			"A mistake in the file is named with line and column, and then the hook does nothing at all. No secret belongs into the file.",
		},
		example: []string{
			"version: 1", "fencing:", "  agent: fence_bmc_ipmi", "  username: admin", "  password_file: " + settings.Dir + "/bmc.password",
			"  hosts:", "    kvm1: {ip: 10.0.5.1}", "    kvm2: {ip: 10.0.5.2, options: {cipher: 3}}", "storage: {local: skip}",
		},
		others: []string{"fence_bmc_ipmi(8)", "fence_bmc_redfish(8)", "oneha-hook(8)", "oneha.yaml(5)"},
	}
	return []file{description, hosts}
}

// file is one of them.
type file struct {
	name, short    string
	about, example []string // paragraphs; lines
	keys           []key
	others         []string // pages to see, as name(section)
}

// filePage is the page of a file in section 5.
func filePage(f file, e edition) []byte {
	p := roff.New(roff.Title{Name: f.name, Section: "5", Date: e.date, Package: e.from, Manual: manual})
	p.Name(f.name, f.short)
	p.Section("DESCRIPTION")
	p.Text(strings.Join(f.about, "\n"))
	p.Section("KEYS")
	p.Text("A dot leads into a map; * stands for a name of your own.")
	for _, k := range f.keys {
		p.Entry(roff.Bold(k.path))
		head := roff.Words(k.form)
		switch {
		case k.required:
			head[len(head)-1] += ","
			head = append(head, "required")
		case k.byDefault != "":
			head[len(head)-1] += ","
			head = append(head, "default", roff.Bold(k.byDefault))
		}
		p.Fill(head...)
		text := k.why
		if k.mode != "" {
			text += "\nOnly with mode: " + k.mode + "."
		}
		if k.raft != "" {
			text += "\nWith mode: raft: " + k.raft
		}
		if k.source != "" {
			text += "\nSource: " + k.source + "."
		}
		p.Break()
		p.EntryText(text)
	}
	p.Section("EXAMPLES")
	p.Literal(f.example...)
	p.Section("SEE ALSO")
	p.References(f.others)
	return p.Bytes()
}
