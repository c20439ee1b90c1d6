package cib

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/oneha/oneha/internal/spec"
)

// maxLinks is the number of links that corosync 3 knows.
const maxLinks = 8

var (
	// An id is an XML name, and a word in pcs, crm and the shell.
	idForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)
	// A name of a node, an agent, an option or a cluster is such a word, too.
	nameForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
)

// check reports everything in the model that a dialect could not say, or should
// not. It does not judge whether the cluster is a good one.
func (m Model) check() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if !nameForm.MatchString(m.Cluster) {
		add("cluster name %q: use letters, digits, '-', '_' and '.'", m.Cluster)
	}
	for _, n := range m.Nodes {
		if !nameForm.MatchString(n.Name) {
			add("node name %q: use letters, digits, '-', '_' and '.'", n.Name)
		}
		if len(n.Addrs) == 0 || len(n.Addrs) > maxLinks || len(n.Addrs) != len(m.Nodes[0].Addrs) {
			add("node %s has %d addresses: give every node the same number of addresses, 1 to %d", n.Name, len(n.Addrs), maxLinks)
		}
		for _, a := range n.Addrs {
			if !a.IsValid() || a.Zone() != "" {
				add("node %s: address %q: give an IP address without a zone", n.Name, a)
			}
		}
	}
	seen := map[string]bool{}
	for _, id := range m.ids() {
		if !idForm.MatchString(id) {
			add("id %q: begin with a letter, go on with letters, digits, '-', '_' and '.'", id)
		}
		if seen[id] {
			add("id %q is used twice: rename a node or a service", id)
		}
		seen[id] = true
	}
	errs = append(errs, checkOptions("cluster property", m.Properties)...)
	errs = append(errs, checkOptions("resource default", m.Defaults)...)
	for _, p := range m.Primitives {
		if !nameForm.MatchString(p.Type) {
			add("resource %s: agent %q: use letters, digits, '-', '_' and '.'", p.ID, p.Type)
		}
		errs = append(errs, checkOptions("resource "+p.ID+", option", p.Params)...)
	}
	for _, l := range m.Levels {
		if !m.hasNode(l.Node) {
			add("a fencing level names node %q, which the cluster does not have", l.Node)
		}
		for _, id := range l.Devices {
			if m.primitive(id).Class != "stonith" {
				add("a fencing level of node %s names the device %q, which the cluster does not have", l.Node, id)
			}
		}
	}
	for _, l := range m.Locations {
		if !m.hasNode(l.Node) {
			add("resource %s names node %q, which the cluster does not have", l.Resource, l.Node)
		}
	}
	return errors.Join(errs...)
}

// checkOptions refuses what crm or the XML cannot carry (control characters),
// what pcs takes for "remove this" (an empty value) and what would be a secret in
// the open.
func checkOptions(what string, options []spec.Option) (errs []error) {
	seen := map[string]bool{}
	for _, o := range options {
		switch {
		case !nameForm.MatchString(o.Name):
			errs = append(errs, fmt.Errorf("%s %q: use letters, digits, '-', '_' and '.'", what, o.Name))
		case seen[o.Name]:
			errs = append(errs, fmt.Errorf("%s %s is given twice: remove one", what, o.Name))
		case spec.IsSecretOption(o.Name) && o.Value != spec.StoredSecret:
			errs = append(errs, fmt.Errorf("%s %s would put a secret into the cluster's configuration: use password_file", what, o.Name))
		case o.Value == "":
			errs = append(errs, fmt.Errorf("%s %s is empty: give a value or leave it out", what, o.Name))
		case !utf8.ValidString(o.Value) || strings.ContainsFunc(o.Value, unprintable):
			errs = append(errs, fmt.Errorf("%s %s holds a line break or another control character: remove it", what, o.Name))
		}
		seen[o.Name] = true
	}
	return errs
}

// unprintable matches control characters and the code points that XML 1.0 lacks.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufffe' || r == '\uffff'
}

// ids returns every id that the configuration defines by name.
func (m Model) ids() []string {
	var ids []string
	for _, p := range m.Primitives {
		ids = append(ids, p.ID)
	}
	for _, g := range m.Groups {
		ids = append(ids, g.ID)
	}
	for _, l := range m.Locations {
		ids = append(ids, l.ID)
	}
	for _, c := range m.Colocations {
		ids = append(ids, c.ID)
	}
	for _, o := range m.Orders {
		ids = append(ids, o.ID)
	}
	return ids
}

func (m Model) hasNode(name string) bool {
	for _, n := range m.Nodes {
		if n.Name == name {
			return true
		}
	}
	return false
}
