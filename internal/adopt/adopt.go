// Package adopt makes a description of a cluster that is configured already.
//
// From looks for what a description can say in a CIB and a corosync.conf: nodes, the
// fence devices, floating IPs, OpenNebula's services and how they hang together. Then
// it does not trust itself. It has package cib generate the configuration of what it
// found and compares the facts of both: every fact that one has and the other has
// not is a [Leftover]. So nothing of a cluster is lost in silence, whatever stands in
// its CIB.
//
// The package is pure. It never repeats a secret: a password in a CIB is gone before
// anything looks at it, and the description names a file for it.
package adopt

import (
	"net/netip"
	"slices"

	"github.com/oneha/oneha/internal/cibtext"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/target"
)

// Source is what is known of a cluster.
type Source struct {
	Name         string // of the CIB, for places
	CIB          []byte
	Places       cibtext.Places // where what is in the CIB stands in Name, by id, when the CIB was made of that; nil when Name is the CIB
	CorosyncName string
	Corosync     []byte                         // corosync.conf, nil for none
	Hosts        func(name string) []netip.Addr // what a name of a node stands for; nil to ask nobody
	KeepRaw      bool                           // put what a description cannot say into its raw.xml, as far as that can hold it
}

// Adoption is what a cluster is as a description.
type Adoption struct {
	Cluster   spec.Cluster      // with gaps where Comments say so
	Comments  spec.Comments     // for spec.Format: what misses, at the keys that miss
	Leftovers []Leftover        // what the description does not say, or says in addition
	Errors    diag.Findings     // why the description is not a valid one; empty when it is
	Names     map[string]string // of resources: the cluster's to the description's, where they differ
	FrontEnd  bool              // there is oned among the resources
	Facts     int               // how many facts the CIB and the corosync.conf have
	Said      int               // of them, how many the description says
}

// Kind is how a leftover came to be.
type Kind string

const (
	Lost    Kind = "lost"    // the cluster has it, the description does not say it
	Added   Kind = "added"   // the description makes it, the cluster does not have it
	Renamed Kind = "renamed" // it is the same under another name
	Kept    Kind = "kept"    // it stands in the description's raw.xml
)

// Leftover is a part of the configuration that the description does not express as it
// is there.
type Leftover struct {
	Kind    Kind     `json:"kind"`
	What    string   `json:"what"` // one line: what the description changes, as cib.Compare says it
	Why     string   `json:"why"`  // one line: what to do, or what it means
	File    string   `json:"file,omitempty"`
	Line    int      `json:"line,omitempty"` // from 1; 0 where there is no place
	Column  int      `json:"column,omitempty"`
	Facts   []string `json:"facts,omitempty"`   // what the cluster says: as cib.Canonical writes them, resources in a group as if outside, without secrets; corosync.conf's as section.key: value
	Instead []string `json:"instead,omitempty"` // what the description makes, under the cluster's names
}

// layouts in the order in which they are preferred where several say the same.
var layouts = []spec.Layout{spec.Staged, spec.Colocation, spec.Group}

// Shown is what of a description its CIB and corosync.conf show: the target of the
// files and the texts for pcs and crm leave no mark there, and oned alone is the same
// group in the layouts staged and group.
func Shown(c spec.Cluster) spec.Cluster {
	c.Target = target.Target{}
	c.Raw.PCS, c.Raw.Crm = "", ""
	if c.Layout == spec.Group && len(c.Services) == 1 && !slices.ContainsFunc(c.Domains, func(d spec.Domain) bool { return len(d.Services) > 0 }) {
		c.Layout = spec.Staged
	}
	return c
}

// From makes a description. It fails only when the CIB is none. Of descriptions that
// make the same configuration it is the one that spec.Format writes: see there, and
// Shown for what no configuration shows.
func From(src Source) (Adoption, error) {
	given, err := readCIB(src.CIB)
	if err != nil {
		return Adoption{}, err
	}
	if src.Places != nil {
		given.at = src.Places
	}
	conf := readCorosync(src.Corosync)
	var best attempt
	for i, layout := range layouts {
		one, err := try(src, given, conf, given.agents(), layout)
		if err != nil {
			return Adoption{}, err
		}
		if i == 0 || one.distance() < best.distance() {
			best = one
		}
	}
	return best.adoption(src, conf)
}
