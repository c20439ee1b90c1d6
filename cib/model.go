// Package cib turns the description of a cluster into the files that configure
// it, and compares configurations with each other.
//
// Build makes a Model from a spec.Cluster; every dialect (CIB XML, pcs, crm,
// corosync.conf) renders that one Model, so that the files cannot disagree.
// Canonical reads a CIB back, from whichever tool, into facts that can be
// compared whatever ids and spellings the tool chose.
//
// The package is pure: bytes in, bytes out, and the same input gives the same
// bytes. No file it makes holds a secret.
package cib

import (
	"fmt"
	"time"

	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/target"
)

// Infinity is Pacemaker's largest score: "must".
const Infinity Score = 1000000

// Score is a preference as Pacemaker counts it: above 0 attracts, below 0
// repels, Infinity and -Infinity are mandatory.
type Score int

// String writes the score as a CIB does.
func (s Score) String() string {
	switch {
	case s >= Infinity:
		return "INFINITY"
	case s <= -Infinity:
		return "-INFINITY"
	default:
		return fmt.Sprint(int(s))
	}
}

// Model is a cluster's configuration. Every slice keeps its order in every dialect,
// and groups follow the resources that are in none: Pacemaker places resources in
// that order when nothing else decides.
type Model struct {
	Source string        // short hash of the description that it was made from
	Target target.Target // what it is to run on

	// What corosync needs.
	Cluster string
	Token   time.Duration
	Nodes   []spec.Node
	QDevice spec.QDevice // the zero value for none

	// What Pacemaker needs.
	Properties  []spec.Option
	Defaults    []spec.Option // rsc_defaults
	Primitives  []Primitive   // all, members of groups included
	Groups      []Group
	Locations   []Location
	Colocations []Colocation
	Orders      []Order
	Levels      []spec.FenceLevel // those of one node together

	Raw spec.Raw // what each dialect appends
}

// Primitive is one resource.
type Primitive struct {
	ID                    string
	Class, Provider, Type string // Provider is "" except for class ocf
	Params                []spec.Option
	Meta                  []spec.Option
	Ops                   []Op
}

// Agent names the resource agent as Pacemaker's tools do: class:provider:type.
func (p Primitive) Agent() string {
	if p.Provider == "" {
		return p.Class + ":" + p.Type
	}
	return p.Class + ":" + p.Provider + ":" + p.Type
}

// Group runs its members on one node, starts them in their order and stops them
// in the reverse one.
type Group struct {
	ID      string
	Members []string
}

// Location prefers or avoids a node.
type Location struct {
	ID, Resource, Node string
	Score              Score
}

// Colocation places each of Resources, independently of one another, where With
// runs.
type Colocation struct {
	ID        string
	Resources []string
	With      string
	Score     Score
}

// Order starts each of Then, in parallel, once First has started, and stops them
// before it.
type Order struct {
	ID       string
	First    string
	Then     []string
	Advisory bool // only what starts or stops at the same time anyway waits
}

// Kind names the order's force as Pacemaker does.
func (o Order) Kind() string {
	if o.Advisory {
		return "Optional"
	}
	return "Mandatory"
}

// primitive returns the resource of that id, the zero Primitive if there is none.
func (m Model) primitive(id string) Primitive {
	for _, p := range m.Primitives {
		if p.ID == id {
			return p
		}
	}
	return Primitive{}
}
