// Package runbook writes down everything that turns machines into a cluster, in
// order: what to install, to copy, to open and to disable, the first start, the
// loading of the configuration, the proof that it works, and the way back.
//
// [Build] is pure: a description and what its nodes run on give the same steps
// each time. Every step says where it is done, what to type, what to expect and what
// to do when that does not come. Nothing in a runbook is a secret: where one is needed,
// a step asks for it.
package runbook

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/shell"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/target"
)

// Runbook is the ordered steps of one cluster on one kind of machine.
type Runbook struct {
	Cluster  string    `json:"cluster"`
	Mode     string    `json:"mode,omitempty"`  // raft for a zone
	Target   string    `json:"target"`          // as target.Parse reads it
	On       string    `json:"on"`              // the same for people
	Notes    []string  `json:"notes,omitempty"` // what the target cannot do, or nobody has tried
	Chapters []Chapter `json:"chapters"`
}

// Chapter is steps with one purpose.
type Chapter struct {
	Title string `json:"title"`
	Steps []Step `json:"steps"`
}

// Step is one thing to do.
type Step struct {
	ID        string   `json:"id"` // unique in the runbook, and the same in those of other clusters
	Title     string   `json:"title"`
	On        []string `json:"on,omitempty"`    // names of machines
	Where     string   `json:"where,omitempty"` // instead of On: a place that has no name
	Why       string   `json:"why,omitempty"`
	Commands  []string `json:"commands,omitempty"` // lines for a POSIX shell, as root
	Expect    string   `json:"expect"`
	Otherwise string   `json:"otherwise"`
	Interrupt bool     `json:"interrupt,omitempty"` // services stop or move while it is done
	Optional  bool     `json:"optional,omitempty"`
}

// Options say what a description does not.
type Options struct {
	File   string // name of the description in commands; "" for oneha.yaml
	Loader string // "pcs" or "crm"; "" for pcs where the target has it, else crm
}

// book is what the chapters are written from.
type book struct {
	c       spec.Cluster
	t       target.Target
	r       target.Release // of the target, or one like it
	exact   bool           // it is of the target
	file    string
	loader  string
	nodes   []string
	first   string
	other   []string // the nodes without the first
	units   []string // that Pacemaker takes over, without ".service"
	with    []string // that start with those, in one release or another
	peers   []string // every address of every node
	links   int
	qdevice string
}

// Build writes the runbook of a cluster that spec.Parse has found no error in.
func Build(c spec.Cluster, t target.Target, opt Options) (Runbook, error) {
	b := book{c: c, t: t, file: opt.File, loader: opt.Loader, qdevice: c.QDevice.Host}
	if len(c.Nodes) < 2 {
		return Runbook{}, fmt.Errorf("write runbook: a cluster of %d nodes: describe two at least", len(c.Nodes))
	}
	if b.file == "" {
		b.file = "oneha.yaml"
	}
	if err := b.choose(); err != nil {
		return Runbook{}, err
	}
	for _, n := range c.Nodes {
		b.nodes = append(b.nodes, n.Name)
		for _, a := range n.Addrs {
			b.peers = append(b.peers, a.String())
		}
	}
	b.first, b.other, b.links = b.nodes[0], b.nodes[1:], len(c.Nodes[0].Addrs)
	for _, s := range b.services() {
		unit, _ := spec.Unit(s)
		b.units = append(b.units, unit)
	}
	for _, name := range b.services() {
		s, _ := one.ServiceNamed(name)
		for _, u := range s.Companions() {
			if !slices.Contains(b.units, strings.TrimSuffix(u, ".service")) && !slices.Contains(b.with, u) {
				b.with = append(b.with, u)
			}
		}
	}
	return Runbook{
		Cluster: c.Name, Target: t.String(), On: t.Title(), Notes: b.notes(),
		Chapters: []Chapter{
			{"Before", b.before()},
			{"Install", b.install()},
			{"Hand over to the cluster", b.handOver()},
			{"Configure and start", b.configure()},
			{"Load the configuration", b.load()},
			{"Prove it", b.prove()},
			{"The way back", b.back()},
		},
	}, nil
}

// choose picks the shell that loads the configuration, and the release that commands
// are taken from. Versions without a release get Debian's.
func (b *book) choose() error {
	if b.r, b.exact = target.Named(b.t.Release); !b.exact {
		b.r, _ = target.Named("debian-12")
	}
	has := map[string]bool{"pcs": b.t.PCS.Known(), "crm": b.t.Crmsh.Known()}
	switch {
	case b.loader == "" && has["pcs"]:
		b.loader = "pcs"
	case b.loader == "":
		b.loader = "crm"
	}
	if !has[b.loader] {
		return fmt.Errorf("write runbook: %s has no %s: use another loader", b.t.Title(), b.loader)
	}
	return nil
}

// services are those of the main domain and of the others.
func (b *book) services() []string {
	all := slices.Clone(b.c.Services)
	for _, d := range b.c.Domains {
		all = append(all, d.Services...)
	}
	return all
}

// usesStock reports whether a device or a resource needs an agent that is not ours.
func (b *book) usesStock() bool {
	return b.c.Agents == spec.Stock || slices.ContainsFunc(b.c.Fencing, func(d spec.FenceDevice) bool { return !strings.HasPrefix(d.Agent, "fence_bmc_") })
}

// needsOneha reports whether an agent of ours has to be on the nodes.
func (b *book) needsOneha() bool {
	return b.c.Agents != spec.Stock || slices.ContainsFunc(b.c.Fencing, func(d spec.FenceDevice) bool { return strings.HasPrefix(d.Agent, "fence_bmc_") })
}

// script is the name of the generated file that the loader reads.
func (b *book) script() string {
	if b.loader == "pcs" {
		return "cluster.pcs.sh"
	}
	return "cluster.crm"
}

// word makes one word of s for a POSIX shell.
func word(s string) string { return shell.Word(s) }

// and joins names as a sentence does.
func and(names []string) string {
	last := len(names) - 1
	if last <= 0 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
