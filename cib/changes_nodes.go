package cib

import (
	"fmt"
	"slices"

	"github.com/oneha/oneha/internal/spec"
)

// nodes takes the attributes of nodes.
func (c *comparison) nodes() {
	key := func(f fact) string { return "node " + f.e.SelectAttrValue("uname", "") }
	c.pairs(func(f fact) bool { return f.thing == ThingNode && f.e.Tag == "node" }, []func(fact) string{key}, func(was, is *fact) {
		name := either(was, is).e.SelectAttrValue("uname", "")
		before, after := nodeOptions(was), nodeOptions(is)
		var found Changes
		for _, o := range before {
			i := slices.IndexFunc(after, func(n spec.Option) bool { return n.Name == o.Name })
			switch {
			case i < 0:
				found = append(found, nodeChange(Remove, name, o.Name, o.Value, ""))
			case after[i].Value != o.Value:
				found = append(found, nodeChange(Modify, name, o.Name, o.Value, after[i].Value))
			}
		}
		for _, o := range after {
			if !slices.ContainsFunc(before, func(b spec.Option) bool { return b.Name == o.Name }) {
				found = append(found, nodeChange(Add, name, o.Name, "", o.Value))
			}
		}
		if len(found) == 0 || bareNode(was) != bareNode(is) {
			c.unknown(was, is)
			return
		}
		for i, ch := range found {
			if i == 0 { // one fact holds them all
				c.add(ch, some(was), some(is))
			} else {
				c.add(ch, nil, nil)
			}
		}
	})
}

func nodeChange(a Action, node, name, before, after string) Change {
	ch := Change{Action: a, Thing: ThingNode, Of: node, Name: name}
	if !isHidden(name, before) {
		ch.Before = before
	}
	if !isHidden(name, after) {
		ch.After = after
	}
	switch {
	case isHidden(name, before+after):
		ch.Sentence = fmt.Sprintf("node %s: %s changed", node, name)
	case a == Add:
		ch.Sentence = fmt.Sprintf("node %s: sets %s to %s", node, name, quoted(after))
	case a == Remove:
		ch.Sentence = fmt.Sprintf("node %s: removes %s, was %s", node, name, quoted(before))
	default:
		ch.Sentence = fmt.Sprintf("node %s: %s %s, was %s", node, name, quoted(after), quoted(before))
	}
	now, then := normalBool(after) == "true", normalBool(before) == "true"
	switch {
	case name == "standby" && now:
		ch.Effect = "it runs no resources: they move to other nodes, or stop"
	case name == "standby" && then:
		ch.Effect = "it may run resources again"
	case name == "maintenance" && now:
		ch.Effect = "the cluster leaves the resources on it as they are"
	case name == "maintenance" && then:
		ch.Effect = "the cluster manages the resources on it again"
	}
	return ch
}

func nodeOptions(f *fact) (options []spec.Option) {
	if f == nil {
		return nil
	}
	for _, set := range f.e.ChildElements() {
		if !isPlainSet(set) || set.Tag != "instance_attributes" {
			continue
		}
		for _, nv := range set.ChildElements() {
			o := spec.Option{Name: nv.SelectAttrValue("name", ""), Value: nv.SelectAttrValue("value", "")}
			if !slices.ContainsFunc(options, func(had spec.Option) bool { return had.Name == o.Name }) {
				options = append(options, o) // the first counts
			}
		}
	}
	return options
}

// bareNode is what a node says besides its attributes, "" when there is none.
func bareNode(f *fact) string {
	if f == nil {
		return ""
	}
	n := f.e.Copy()
	for _, set := range n.ChildElements() {
		if isPlainSet(set) && set.Tag == "instance_attributes" {
			n.RemoveChild(set)
		}
	}
	if len(n.ChildElements()) == 0 && n.SelectAttrValue("type", "member") == "member" {
		return ""
	}
	return inline(n)
}
