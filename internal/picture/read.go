package picture

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// FromCIB reads a picture out of a CIB and a corosync.conf, which may be empty: then
// the nodes are those that the CIB names.
func FromCIB(cib, corosync []byte) (Picture, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(cib); err != nil {
		return Picture{}, fmt.Errorf("parse CIB: %w", err)
	}
	root := doc.Root()
	if root == nil || root.Tag != "cib" || root.SelectElement("configuration") == nil {
		return Picture{}, errors.New("parse CIB: no <cib> with a <configuration>")
	}
	config := root.SelectElement("configuration")
	conf := readCorosync(corosync)
	p := Picture{Title: cmp.Or(conf.name, "cluster"), Nodes: conf.nodes, QDevice: conf.qdevice}
	p.nodes(config)
	for _, e := range children(config, "resources") {
		p.resource(e)
	}
	p.nodesOfDevices()
	p.levels(config)
	for _, e := range children(config, "constraints") {
		p.constraint(e)
	}
	p.namedNodes()
	return p, nil
}

// children returns the elements in the sections of that name.
func children(config *etree.Element, section string) (all []*etree.Element) {
	for _, s := range config.SelectElements(section) {
		all = append(all, s.ChildElements()...)
	}
	return all
}

// attr is an attribute of e, "" when it is not there.
func attr(e *etree.Element, key string) string { return e.SelectAttrValue(key, "") }

// option is the first value that a resource or node has for an option.
func option(e *etree.Element, set, name string) string {
	for _, s := range e.SelectElements(set) {
		for _, nv := range s.SelectElements("nvpair") {
			if attr(nv, "name") == name {
				return attr(nv, "value")
			}
		}
	}
	return ""
}

func isTrue(s string) bool {
	return slices.Contains([]string{"true", "on", "yes", "y", "1"}, strings.ToLower(s))
}

func (p *Picture) node(name string) *Node {
	for i := range p.Nodes {
		if p.Nodes[i].Name == name {
			return &p.Nodes[i]
		}
	}
	p.Nodes = append(p.Nodes, Node{Name: name})
	return &p.Nodes[len(p.Nodes)-1]
}

func (p *Picture) nodes(config *etree.Element) {
	for _, e := range children(config, "nodes") {
		if attr(e, "uname") == "" {
			continue
		}
		n := p.node(attr(e, "uname"))
		for _, name := range []string{"standby", "maintenance"} {
			if isTrue(option(e, "instance_attributes", name)) {
				n.Notes = append(n.Notes, name)
			}
		}
		if t := cmp.Or(attr(e, "type"), "member"); t != "member" {
			n.Notes = append(n.Notes, t)
		}
	}
}

// namedNodes adds the nodes that only constraints name.
func (p *Picture) namedNodes() {
	for _, r := range p.Rules {
		if r.Kind == Location {
			p.node(r.To)
		}
	}
}

func (p *Picture) resource(e *etree.Element) {
	switch e.Tag {
	case "primitive":
		if attr(e, "class") == "stonith" {
			p.device(e)
			return
		}
		p.Blocks = append(p.Blocks, Block{ID: attr(e, "id"), Members: []Resource{resourceOf(e)}})
	case "group", "clone", "master", "bundle":
		b := Block{Kind: e.Tag, ID: attr(e, "id")}
		if e.Tag == "master" {
			b.Kind = "promotable clone"
		}
		primitives := e.FindElements(".//primitive")
		if len(primitives) > 0 && !slices.ContainsFunc(primitives, func(m *etree.Element) bool { return attr(m, "class") != "stonith" }) {
			for _, m := range primitives {
				p.device(m)
			}
			return
		}
		for _, m := range primitives {
			b.Members = append(b.Members, resourceOf(m))
		}
		p.Blocks = append(p.Blocks, b)
	}
}

func resourceOf(e *etree.Element) Resource {
	r := Resource{ID: attr(e, "id")}
	for _, part := range []string{attr(e, "class"), attr(e, "provider"), attr(e, "type")} {
		if part != "" && r.Agent != "" {
			r.Agent += ":"
		}
		r.Agent += part
	}
	if t := attr(e, "template"); t != "" {
		r.Agent = "template " + t
	}
	if slices.Contains([]string{"vip", "IPaddr2", "IPaddr", "IPv6addr"}, attr(e, "type")) {
		params := "instance_attributes"
		r.Address = cmp.Or(option(e, params, "ip"), option(e, params, "ipv6addr"))
		if mask := option(e, params, "cidr_netmask"); mask != "" && r.Address != "" {
			r.Address += "/" + mask
		}
	}
	return r
}

func (p *Picture) constraint(e *etree.Element) {
	switch e.Tag {
	case "rsc_order":
		r := Rule{Kind: Order, Label: "then"}
		switch kind := attr(e, "kind"); {
		case kind == "Serialize":
			r.Label, r.Weak = "never at the same time", true
		case kind == "Optional", kind == "" && e.SelectAttr("score") != nil && !isInfinite(attr(e, "score")):
			r.Label, r.Weak = "then, if both start", true
		}
		p.pairs(e, r, "first", "then")
	case "rsc_colocation":
		r := Rule{Kind: Colocation, Label: "same node"}
		score := attr(e, "score")
		r.Against = strings.HasPrefix(score, "-")
		if r.Against {
			r.Label = "not the same node"
		}
		if !isInfinite(score) {
			r.Label, r.Weak = r.Label+", score "+cmp.Or(score, "0"), true
		}
		p.pairs(e, r, "rsc", "with-rsc")
	case "rsc_location":
		rsc, node, score := attr(e, "rsc"), attr(e, "node"), attr(e, "score")
		if p.block(rsc) == nil || node == "" {
			return // where a fence device runs says nothing, and a rule has no node to point to
		}
		r := Rule{Kind: Location, From: rsc, To: node, Against: strings.HasPrefix(score, "-"), Weak: !isInfinite(score)}
		r.Label = "prefers"
		if r.Against {
			r.Label = "avoids"
		}
		if r.Weak {
			r.Label += ", score " + cmp.Or(score, "0")
		} else if r.Against {
			r.Label = "never on"
		}
		p.Rules = append(p.Rules, r)
	}
}

func isInfinite(score string) bool {
	s := strings.ToUpper(strings.TrimLeft(score, "+-"))
	n, err := strconv.Atoi(s)
	return s == "INFINITY" || err == nil && n >= 1000000
}

// pairs adds a constraint between two resources or between sets of them. Of a
// colocation the second set is where the first is placed.
func (p *Picture) pairs(e *etree.Element, r Rule, fromKey, toKey string) {
	add := func(from, to string) {
		r.From, r.To = from, to
		if a, b := p.block(from), p.block(to); a != nil && b != nil && a.ID != b.ID && !slices.Contains(p.Rules, r) {
			p.Rules = append(p.Rules, r)
		}
	}
	sets := e.SelectElements("resource_set")
	if len(sets) == 0 {
		add(attr(e, fromKey), attr(e, toKey))
	}
	var before []string
	for _, set := range sets {
		var ids []string
		for _, ref := range set.SelectElements("resource_ref") {
			id := attr(ref, "id")
			if n := len(ids); n > 0 && isTrue(cmp.Or(attr(set, "sequential"), "true")) {
				if r.Kind == Order {
					add(ids[n-1], id)
				} else {
					add(id, ids[n-1])
				}
			}
			ids = append(ids, id)
		}
		for _, from := range before {
			for _, to := range ids {
				add(from, to)
			}
		}
		before = ids
	}
}

// block returns the block that is or holds a resource, nil if there is none.
func (p *Picture) block(id string) *Block {
	for i, b := range p.Blocks {
		if b.ID == id || slices.ContainsFunc(b.Members, func(m Resource) bool { return m.ID == id }) {
			return &p.Blocks[i]
		}
	}
	return nil
}
