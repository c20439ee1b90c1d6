package cib

import (
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// What a change means for what runs now. Only what Pacemaker does whatever else is
// configured is said: where resources go is the scheduler's to say (crm_simulate).

const restartsNothing = "restarts nothing"

func (c *comparison) added(f fact) Change {
	ch := Change{Thing: thingOfResource(f.e), Name: f.of, After: agentOrMembers(f.e)}
	ch.Sentence = "adds " + nounOf(f) + place(f)
	if f.e.Tag == "group" {
		ch.Sentence += ": " + orNone(inSequence(memberIDs(f.e)))
	}
	return ch
}

func (c *comparison) removed(f fact) Change {
	ch := Change{Thing: thingOfResource(f.e), Name: f.of, Before: agentOrMembers(f.e)}
	ch.Sentence = "removes " + nounOf(f) + place(f)
	switch {
	case f.e.Tag == "group":
		ch.Sentence += ": " + orNone(inSequence(memberIDs(f.e)))
	case f.e.Tag != "primitive":
	case isFenceDevice(f.e):
		ch.Effect = "it will fence no node any more"
	case c.was.managed(f.of) && c.is.option(ThingProperty, "", "stop-orphan-resources", "true") == "true":
		ch.Effect, ch.Stops = "it will be stopped", []string{f.of}
	}
	return ch
}

func (c *comparison) otherAgent(was, is fact) Change {
	ch := Change{Thing: thingOfResource(is.e), Name: is.of, Before: agentOf(was.e), After: agentOf(is.e)}
	switch {
	case is.e.Tag != "primitive" || was.e.Tag != "primitive" || ch.Before == ch.After:
		ch.Before, ch.After = was.body(), is.body()
		ch.Sentence = fmt.Sprintf("resource %s: %s, was %s", is.of, ch.After, ch.Before)
	default:
		ch.Sentence = fmt.Sprintf("resource %s: agent %s, was %s", is.of, ch.After, ch.Before)
		if !isFenceDevice(was.e) && !isFenceDevice(is.e) {
			c.restart(&ch, is.of, "")
		}
	}
	return ch
}

// agentOrMembers is what a resource that comes or goes is.
func agentOrMembers(e *etree.Element) string {
	if e.Tag == "primitive" || e.Tag == "template" {
		return agentOf(e)
	}
	return strings.Join(memberIDs(e), ", ")
}

// optionEffect says what a change of an option means. Had and has tell whether it
// was and is set.
func (c *comparison) optionEffect(ch *Change, had, has bool) {
	f := c.is.resources[ch.Of]
	on := func(fallback string) bool {
		if !has {
			return fallback == "true"
		}
		return normalBool(ch.After) == "true"
	}
	switch ch.Thing {
	case ThingProperty:
		ch.Effect = propertyEffect(ch.Name, ch.After, had, has, on)
		if ch.Name == "stop-all-resources" && on("false") {
			ch.Effect = "all resources will be stopped"
		}
	case ThingParameter:
		switch {
		case f.e == nil || f.e.Tag != "primitive":
		case isFenceDevice(f.e):
			ch.Effect = "it concerns fencing only, no service is touched"
		default:
			c.restart(ch, ch.Of, ", unless its agent takes the change while it runs")
		}
	case ThingMeta:
		switch {
		case ch.Name == "target-role" && strings.EqualFold(ch.After, "Stopped"):
			ch.Effect = "it will be stopped"
			if f.e != nil && f.e.Tag == "primitive" {
				ch.Stops = []string{ch.Of}
			}
		case ch.Name == "is-managed" && !on("true"), ch.Name == "maintenance" && on("false"):
			ch.Effect = "the cluster leaves it as it is"
		case ch.Name == "failure-timeout", ch.Name == "description":
			ch.Effect = restartsNothing
		}
	}
}

// propertyEffect says what the properties mean that concern everything.
func propertyEffect(name, value string, had, has bool, on func(fallback string) bool) string {
	switch name {
	case "stonith-enabled":
		if on("true") {
			return "nodes that fail will be fenced"
		}
		return "no node will be fenced any more: a node that hangs can damage data"
	case "maintenance-mode":
		if on("false") {
			return "the cluster leaves all resources as they are and does not watch them"
		}
		return "the cluster manages its resources again"
	case "no-quorum-policy":
		if value == "ignore" {
			return "a partition without quorum goes on: resources can run twice"
		}
	case "stonith-timeout", "cluster-recheck-interval", "stonith-max-attempts", "batch-limit", "pe-input-series-max", "pe-warn-series-max", "pe-error-series-max":
		return restartsNothing
	}
	return ""
}

// opEffect says what a changed operation means. Timeouts and intervals are no part
// of what a resource was started with, so that they restart nothing; the parameters
// of its start are.
func opEffect(f fact) string {
	if f.e.SelectAttrValue("name", "") == "start" && len(f.e.ChildElements()) > 0 {
		return ""
	}
	return restartsNothing
}

// restart says that a resource is stopped and started again, and with it those that
// start after it.
func (c *comparison) restart(ch *Change, id, unless string) {
	if !c.was.managed(id) || !c.is.managed(id) {
		return
	}
	ch.Restarts = append([]string{id}, c.is.after(id)...)
	ch.Effect = "restarts " + id
	if len(ch.Restarts) > 1 {
		ch.Effect += ", and with it " + strings.Join(ch.Restarts[1:], ", ")
	}
	ch.Effect += unless
}

// option returns the value of an option in its one spelling.
func (c cluster) option(thing Thing, of, name, fallback string) string {
	for _, f := range c.facts {
		if f.thing == thing && f.of == of && f.name == name && f.again == 0 {
			return normalBool(f.value)
		}
	}
	return fallback
}

// managed reports whether the cluster starts and stops a resource as it sees fit.
func (c cluster) managed(id string) bool {
	for e := c.resources[id].e; e != nil && isResource(e.Tag); e = e.Parent() {
		of := e.SelectAttrValue("id", "")
		if c.option(ThingMeta, of, "is-managed", "true") == "false" || c.option(ThingMeta, of, "maintenance", "false") == "true" ||
			strings.EqualFold(c.option(ThingMeta, of, "target-role", ""), "Stopped") {
			return false
		}
	}
	return c.option(ThingProperty, "", "maintenance-mode", "false") != "true" && c.option(ThingDefault, "rsc_defaults", "is-managed", "true") != "false"
}

// after returns the primitives that a restart of a resource restarts: those that
// have to start after it, in the order in which they are found.
func (c cluster) after(id string) (found []string) {
	next := c.orders()
	for queue := []string{id}; len(queue) > 0; queue = queue[1:] {
		for _, then := range next[queue[0]] {
			if then != id && !slices.Contains(found, then) {
				found, queue = append(found, then), append(queue, then)
			}
		}
	}
	return found
}

// orders returns which primitives start after which because they have to.
func (c cluster) orders() map[string][]string {
	next := map[string][]string{}
	add := func(first, then []string) {
		for _, a := range first {
			for _, b := range then {
				if !slices.Contains(next[a], b) {
					next[a] = append(next[a], b)
				}
			}
		}
	}
	for _, f := range c.facts {
		switch {
		case f.thing == ThingResource && f.e.Tag == "group":
			ids := memberIDs(f.e)
			for i := 1; i < len(ids); i++ {
				add(c.primitives(ids[i-1]), c.primitives(ids[i]))
			}
		case f.thing == ThingOrder && isBinding(f.e):
			sets := f.e.SelectElements("resource_set")
			if len(sets) == 0 {
				add(c.primitives(f.e.SelectAttrValue("first", "")), c.primitives(f.e.SelectAttrValue("then", "")))
			}
			var before []string
			for _, set := range sets {
				var all, last []string
				for _, ref := range set.ChildElements() {
					these := c.primitives(ref.SelectAttrValue("id", ""))
					if normalBool(set.SelectAttrValue("sequential", "true")) == "true" {
						add(last, these)
					}
					all, last = append(all, these...), these
				}
				add(before, all)
				before = all
			}
		}
	}
	return next
}

// isBinding reports whether an order restarts what follows: it is mandatory, holds
// for stopping, too, and is one of starts.
func isBinding(e *etree.Element) bool {
	kind := e.SelectAttrValue("kind", "Mandatory")
	if e.SelectAttr("kind") == nil && e.SelectAttr("score") != nil && normalScore(e.SelectAttrValue("score", "")) != "INFINITY" {
		kind = "Optional"
	}
	for _, set := range append(e.SelectElements("resource_set"), e) {
		for _, key := range []string{"action", "first-action", "then-action"} {
			if set.SelectAttrValue(key, "start") != "start" {
				return false
			}
		}
		if normalBool(set.SelectAttrValue("require-all", "true")) != "true" {
			return false
		}
	}
	return kind == "Mandatory" && normalBool(e.SelectAttrValue("symmetrical", "true")) == "true"
}

// primitives returns the primitives that a resource holds, itself if it is one.
func (c cluster) primitives(id string) (ids []string) {
	f := c.resources[id]
	switch {
	case f.e == nil:
		return nil
	case f.e.Tag == "primitive":
		return []string{id}
	}
	for _, m := range memberIDs(f.e) {
		ids = append(ids, c.primitives(m)...)
	}
	return ids
}
