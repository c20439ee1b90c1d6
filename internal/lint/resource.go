package lint

import (
	"slices"
	"time"
)

// resource is a primitive, or what holds primitives.
type resource struct {
	id                   string
	kind                 string // primitive, group, clone, master, bundle
	class, provider, typ string
	e                    *element
	params, meta         []pair // own first, then the template's
	ops                  []operation
	parent               *resource
	children             []*resource
}

type operation struct {
	name, role        string
	interval, timeout time.Duration // timeout 0: not given
	pairs             []pair        // attributes and meta attributes, as they were written
	place             Place
	disabled          bool
}

// resource adds a resource and what it holds.
func (c *CIB) resource(e *element, parent *resource) {
	switch e.tag {
	case "primitive", "group", "clone", "master", "bundle":
	default:
		return // a template, or something newer than this reader
	}
	r := &resource{
		id: e.attr("id"), kind: e.tag, class: e.attr("class"), provider: e.attr("provider"), typ: e.attr("type"),
		e: e, parent: parent, params: c.sets(e, "instance_attributes"), meta: c.sets(e, "meta_attributes"), ops: c.operations(e),
	}
	if t := c.byID[e.attr("template")]; t != nil && t.tag == "template" {
		r.class, r.provider, r.typ = t.attr("class"), t.attr("provider"), t.attr("type")
		r.params = append(r.params, c.sets(t, "instance_attributes")...)
		r.meta = append(r.meta, c.sets(t, "meta_attributes")...)
		for _, o := range c.operations(t) {
			if !slices.ContainsFunc(r.ops, func(own operation) bool { return own.name == o.name && own.interval == o.interval }) {
				r.ops = append(r.ops, o)
			}
		}
	}
	c.resources = append(c.resources, r)
	if c.byResource[r.id] == nil {
		c.byResource[r.id] = r
	}
	if parent != nil {
		parent.children = append(parent.children, r)
	}
	for _, child := range e.children {
		c.resource(child, r)
	}
}

func (c *CIB) operations(e *element) (ops []operation) {
	for _, list := range e.children {
		if list.tag != "operations" {
			continue
		}
		for _, op := range c.resolve(list).children {
			if op.tag != "op" {
				continue
			}
			at := op.place
			op = c.resolve(op)
			o := operation{name: op.attr("name"), role: op.attr("role"), place: at, disabled: isFalse(op.attr("enabled"))}
			for _, a := range op.attrs {
				o.pairs = append(o.pairs, pair{a.Name.Local, a.Value, at, false})
			}
			o.pairs = append(o.pairs, c.sets(op, "meta_attributes")...)
			// pcs and crm write timing as attributes, other tools as meta attributes.
			if d, ok := lookup(o.pairs, "interval"); ok {
				o.interval, _ = parseDuration(d.value)
			}
			if d, ok := lookup(o.pairs, "timeout"); ok {
				o.timeout, _ = parseDuration(d.value)
			}
			ops = append(ops, o)
		}
	}
	return ops
}

// primitives returns the resource itself, or all primitives that it holds.
func (r *resource) primitives() (all []*resource) {
	if r.kind == "primitive" {
		return []*resource{r}
	}
	for _, c := range r.children {
		all = append(all, c.primitives()...)
	}
	return all
}

func (r *resource) param(names ...string) string { return value(r.params, names...) }

// paramPlace is where one of the parameters stands, or else the resource.
func (r *resource) paramPlace(names ...string) Place {
	for _, name := range names {
		if p, ok := lookup(r.params, name); ok {
			return p.place
		}
	}
	return r.e.place
}

// agent names the resource agent as Pacemaker's tools do.
func (r *resource) agent() string {
	if r.provider == "" {
		return r.class + ":" + r.typ
	}
	return r.class + ":" + r.provider + ":" + r.typ
}

// cloned reports whether several instances of the resource run at once.
func (r *resource) cloned() bool {
	for o := r; o != nil; o = o.parent {
		if o.kind == "clone" || o.kind == "master" || o.kind == "bundle" {
			return true
		}
	}
	return false
}
