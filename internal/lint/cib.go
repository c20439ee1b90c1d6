package lint

import (
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/diag"
)

// CIB is a cluster's configuration, with the places of everything in it.
type CIB struct {
	source []byte
	root   *element // <cib>, or <configuration> where that is all there is
	byID   map[string]*element

	properties   []pair
	nodes        []cibNode
	resources    []*resource // all of them, depth first; templates are not resources
	byResource   map[string]*resource
	tags         map[string][]string
	rscDefaults  []pair
	opDefaults   []pair
	locations    []location
	colocations  []colocation
	orders       []order
	constraints  []*element // of all kinds, as they were read
	levels       []level
	failures     []pair // fail counts in the status, names without their prefix
	standbyNodes []pair // transient standby attributes
}

// pair is a name with its value and place.
type pair struct {
	name, value string
	place       Place
	conditional bool // a rule decides whether it counts
}

type cibNode struct {
	name, id string
	remote   bool
	attrs    []pair
	place    Place
}

// level is a level of the fencing topology.
type level struct {
	target  string // a node's name; "" for a pattern or an attribute
	index   string
	devices []string
	place   Place
}

// ReadCIB reads a CIB, whoever wrote it. The findings say where it cannot be
// read; then there is no CIB.
func ReadCIB(file string, text []byte) (*CIB, diag.Findings) {
	root, bad := readXML(file, text)
	if bad != nil {
		return nil, diag.Findings{*bad}
	}
	c, findings := newCIB(file, root)
	if c != nil {
		c.source = text
	}
	return c, findings
}

func newCIB(file string, root *element) (*CIB, diag.Findings) {
	config := root.child("configuration")
	if root.tag == "configuration" {
		config = root
	}
	if config == nil || root.tag != "cib" && root.tag != "configuration" {
		return nil, diag.Findings{{File: file, Line: root.place.Line, Column: root.place.Column, Severity: diag.Error,
			What: "the root element is " + clip(root.tag) + ", not a cib with its configuration", Fix: "give what `cibadmin --query` prints"}}
	}
	c := &CIB{root: root, byID: map[string]*element{}, byResource: map[string]*resource{}, tags: map[string][]string{}}
	config.walk(func(e *element) {
		if id := e.attr("id"); id != "" && e.tag != "resource_ref" && e.tag != "obj_ref" && e.tag != "role" && c.byID[id] == nil {
			c.byID[id] = e
		}
	})
	for _, tag := range config.below("tags") {
		for _, ref := range tag.children {
			c.tags[tag.attr("id")] = append(c.tags[tag.attr("id")], ref.attr("id"))
		}
	}
	for _, s := range config.below("crm_config") {
		c.properties = append(c.properties, c.pairs(s)...)
	}
	for _, s := range config.below("rsc_defaults") {
		c.rscDefaults = append(c.rscDefaults, c.pairs(s)...)
	}
	for _, s := range config.below("op_defaults") {
		c.opDefaults = append(c.opDefaults, c.pairs(s)...)
	}
	for _, n := range config.below("nodes") {
		node := cibNode{name: n.attr("uname"), id: n.attr("id"), remote: n.attr("type") == "remote", place: n.place}
		for _, s := range n.children {
			node.attrs = append(node.attrs, c.pairs(s)...)
		}
		c.nodes = append(c.nodes, node)
	}
	for _, e := range config.below("resources") {
		c.resource(e, nil)
	}
	c.constraints = config.below("constraints")
	for _, e := range c.constraints {
		c.constraint(e)
	}
	for _, e := range config.below("fencing-topology") {
		if e.tag == "fencing-level" {
			c.levels = append(c.levels, level{e.attr("target"), e.attr("index"), hostList(e.attr("devices")), e.place})
		}
	}
	c.status(root.child("status"))
	return c, nil
}

// status keeps what people forget there: fail counts and standby until reboot.
func (c *CIB) status(status *element) {
	if status == nil {
		return
	}
	for _, n := range status.children {
		for _, set := range n.below("transient_attributes") {
			for _, nv := range set.children {
				p := pair{name: nv.attr("name"), value: nv.attr("value"), place: nv.place}
				if what, ok := strings.CutPrefix(p.name, "fail-count-"); ok {
					p.name = what
					if score, ok := parseScore(p.value); !ok || score > 0 {
						c.failures = append(c.failures, p)
					}
				}
				if p.name == "standby" && isTrue(p.value) {
					p.name = n.attr("uname")
					c.standbyNodes = append(c.standbyNodes, p)
				}
			}
		}
	}
}

// resolve returns the element that e stands for: itself, or the one that its
// id-ref names.
func (c *CIB) resolve(e *element) *element {
	if ref := e.attr("id-ref"); ref != "" {
		if to := c.byID[ref]; to != nil && to.tag == e.tag && !to.has("id-ref") {
			return to
		}
	}
	return e
}

// pairs returns the pairs of a set.
func (c *CIB) pairs(set *element) (all []pair) {
	if !slices.Contains([]string{"cluster_property_set", "instance_attributes", "meta_attributes"}, set.tag) {
		return nil
	}
	set = c.resolve(set)
	conditional := set.child("rule") != nil
	for _, nv := range set.children {
		if nv.tag != "nvpair" {
			continue
		}
		name, at := nv.attr("name"), nv.place
		nv = c.resolve(nv)
		if name == "" {
			name = nv.attr("name")
		}
		if name != "" {
			all = append(all, pair{name, nv.attr("value"), at, conditional})
		}
	}
	return all
}

// sets returns the pairs of the sets of a kind that stand in e.
func (c *CIB) sets(e *element, tag string) (all []pair) {
	for _, s := range e.children {
		if s.tag == tag {
			all = append(all, c.pairs(s)...)
		}
	}
	return all
}

// lookup returns the pair that counts: the first of that name without a condition.
func lookup(pairs []pair, name string) (pair, bool) {
	for _, p := range pairs {
		if p.name == name && !p.conditional {
			return p, true
		}
	}
	return pair{}, false
}

func value(pairs []pair, names ...string) string {
	for _, name := range names {
		if p, ok := lookup(pairs, name); ok {
			return p.value
		}
	}
	return ""
}

// property returns a cluster option by any of its names: those of Pacemaker 3.0
// begin with fencing where older ones begin with stonith.
func (c *CIB) property(names ...string) (pair, bool) {
	for _, name := range names {
		if p, ok := lookup(c.properties, name); ok {
			return p, true
		}
	}
	return pair{}, false
}

// inherited returns a meta attribute of a resource, which comes from itself, from
// what holds it, or from the defaults.
func (c *CIB) inherited(r *resource, name string) (pair, bool) {
	for o := r; o != nil; o = o.parent {
		if p, ok := lookup(o.meta, name); ok {
			return p, true
		}
	}
	return lookup(c.rscDefaults, name)
}

// opTimeout is how long an operation may take: its own timeout, the default of the
// cluster's operations, or Pacemaker's.
func (c *CIB) opTimeout(o operation) time.Duration {
	if o.timeout > 0 {
		return o.timeout
	}
	if d, ok := lookup(c.opDefaults, "timeout"); ok {
		if d, ok := parseDuration(d.value); ok && d > 0 {
			return d
		}
	}
	return 20 * time.Second
}

// stopped reports whether somebody wants the resource not to run.
func (c *CIB) stopped(r *resource) bool {
	p, ok := c.inherited(r, "target-role")
	return ok && strings.EqualFold(p.value, "Stopped")
}
