package cib

import (
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"
)

// comparison turns the facts that two CIBs do not share into changes. Each step
// takes the facts that it can put into words; the last one takes what is left.
type comparison struct {
	was, is     cluster
	minus, plus []fact // not taken yet
	changes     Changes
}

// cluster is what the words and the consequences of a change need to know.
type cluster struct {
	facts     reading
	resources map[string]fact
}

func newComparison(was, is reading) *comparison {
	c := &comparison{was: newCluster(was), is: newCluster(is)}
	c.minus, c.plus = without(was, is), without(is, was)
	return c
}

func newCluster(r reading) cluster {
	c := cluster{r, map[string]fact{}}
	for _, f := range r {
		if f.thing == ThingResource {
			c.resources[f.of] = f
		}
	}
	return c
}

// without returns the facts of a that b does not say. A fact that a says more often
// is left once for each time more.
func without(a, b reading) (rest []fact) {
	said := map[string]int{}
	for _, f := range b {
		said[f.text]++
	}
	for _, f := range a {
		if said[f.text]--; said[f.text] < 0 {
			rest = append(rest, f)
		}
	}
	return rest
}

func (c *comparison) add(ch Change, minus, plus []fact) {
	ch.minus, ch.plus = minus, plus
	switch {
	case ch.Action != "":
	case len(minus) == 0:
		ch.Action = Add
	case len(plus) == 0:
		ch.Action = Remove
	default:
		ch.Action = Modify
	}
	c.changes = append(c.changes, ch)
}

// take removes the facts that are wanted from a list and returns them.
func take(from *[]fact, wanted func(fact) bool) (taken []fact) {
	var rest []fact
	for _, f := range *from {
		if wanted(f) {
			taken = append(taken, f)
		} else {
			rest = append(rest, f)
		}
	}
	*from = rest
	return taken
}

// pairs takes the facts of some things from both sides and calls do for those that
// have the same key by the first of keys, then by the next; what has no partner by
// any key comes alone. Either fact may be nil.
func (c *comparison) pairs(of func(fact) bool, keys []func(fact) string, do func(was, is *fact)) {
	minus, plus := take(&c.minus, of), take(&c.plus, of)
	for _, key := range keys {
		var single []fact
		for _, m := range minus {
			k := key(m)
			i := slices.IndexFunc(plus, func(p fact) bool { return k != "" && key(p) == k })
			if i < 0 {
				single = append(single, m)
				continue
			}
			p := plus[i]
			plus = slices.Delete(plus, i, i+1)
			do(&m, &p)
		}
		minus = single
	}
	for _, m := range minus {
		do(&m, nil)
	}
	for _, p := range plus {
		do(nil, &p)
	}
}

// resources takes everything about resources that only one side has, and what one
// says about its agent and its place.
func (c *comparison) resources() {
	isHead := func(f fact) bool { return f.thing == ThingResource }
	for _, f := range c.was.facts {
		all := func(o fact) bool { return isOfResource(o) && o.of == f.of }
		if isHead(f) && slices.ContainsFunc(c.minus, all) && !c.is.has(f.of) {
			c.add(c.removed(f), take(&c.minus, all), nil)
		}
	}
	for _, f := range c.is.facts {
		all := func(o fact) bool { return isOfResource(o) && o.of == f.of }
		if isHead(f) && slices.ContainsFunc(c.plus, all) && !c.was.has(f.of) {
			c.add(c.added(f), nil, take(&c.plus, all))
		}
	}
	c.pairs(isHead, []func(fact) string{func(f fact) string { return f.of }}, func(was, is *fact) {
		switch {
		case was == nil || is == nil: // an id that is there twice
			c.unknown(was, is)
			return
		case is.parent() != was.parent():
			c.add(moved(*was, *is), []fact{*was}, []fact{*is})
		case is.body() != was.body():
			c.add(c.otherAgent(*was, *is), []fact{*was}, []fact{*is})
		}
		c.forgetPlace(was.of)
	})
}

// forgetPlace drops what a resource that has another place says in both places.
func (c *comparison) forgetPlace(id string) {
	mine := func(f fact) bool { return f.of == id && isOfResource(f) }
	for _, m := range slices.Clone(c.minus) {
		if !mine(m) {
			continue
		}
		same := func(f fact) bool { return mine(f) && f.thing == m.thing && f.body() == m.body() }
		i := slices.IndexFunc(c.plus, same)
		if i < 0 {
			continue
		}
		c.plus = slices.Delete(c.plus, i, i+1)
		i = slices.IndexFunc(c.minus, func(f fact) bool { return f.text == m.text })
		c.minus = slices.Delete(c.minus, i, i+1)
	}
}

// operations takes the operations of resources.
func (c *comparison) operations() {
	attr := func(f fact, key string) string { return f.e.SelectAttrValue(key, "") }
	keys := []func(fact) string{
		func(f fact) string {
			return strings.Join([]string{f.of, attr(f, "name"), normalDuration(attr(f, "interval")), attr(f, "role")}, "\x00")
		},
		func(f fact) string {
			return strings.Join([]string{f.of, attr(f, "name"), attr(f, "role"), checkLevel(f.e)}, "\x00")
		},
	}
	c.pairs(func(f fact) bool { return f.thing == ThingOperation && f.e.Tag == "op" }, keys, func(was, is *fact) {
		c.add(operationChange(was, is), some(was), some(is))
	})
}

// members takes the order of resources in what holds them.
func (c *comparison) members() {
	key := func(f fact) string { return "in " + f.of }
	c.pairs(func(f fact) bool { return f.thing == ThingGroup }, []func(fact) string{key}, func(was, is *fact) {
		var before, after []string
		if was != nil {
			before = strings.Fields(was.value)
		}
		if is != nil {
			after = strings.Fields(is.value)
		}
		f := either(was, is)
		if f.of == "" && sameOrder(before, after) && len(c.changes) > 0 {
			return // the resources themselves have been added, removed or moved
		}
		ch := Change{Thing: ThingGroup, Name: f.of, Before: strings.Join(before, ", "), After: strings.Join(after, ", ")}
		switch {
		case f.of == "":
			ch.Thing, ch.Name = ThingOther, "order of resources"
			ch.Sentence = fmt.Sprintf("resources are listed as %s, was %s; Pacemaker places them in that order when nothing else decides", orNone(ch.After), orNone(ch.Before))
		case c.is.resources[f.of].e.Tag != "group":
			ch.Thing = ThingResource
			ch.Sentence = fmt.Sprintf("%s %s: holds %s, was %s", c.is.resources[f.of].e.Tag, f.of, orNone(ch.After), orNone(ch.Before))
		default:
			ch.Sentence = fmt.Sprintf("group %s: %s, was %s", f.of, orNone(inSequence(after)), orNone(inSequence(before)))
		}
		c.add(ch, some(was), some(is))
	})
}

// constraints takes constraints and fencing levels. Their ids are no facts, but who
// kept the id meant the same constraint.
func (c *comparison) constraints() {
	keys := []func(fact) string{
		func(f fact) string {
			if id := f.e.SelectAttrValue("id", ""); id != "" {
				return f.e.Tag + " " + id
			}
			return ""
		},
		func(f fact) string { return f.e.Tag + " " + aboutWhat(f.e) },
	}
	isConstraint := func(f fact) bool {
		return slices.Contains([]Thing{ThingOrder, ThingColocation, ThingLocation, ThingLevel}, f.thing)
	}
	c.pairs(isConstraint, keys, func(was, is *fact) {
		c.add(constraint(was, is), some(was), some(is))
	})
}

// rest takes everything else, paired by the id or the kind of element.
func (c *comparison) rest() {
	keys := []func(fact) string{
		func(f fact) string {
			if f.e == nil || f.e.SelectAttr("id") == nil {
				return ""
			}
			return f.path + f.e.Tag + " " + f.e.SelectAttrValue("id", "")
		},
		func(f fact) string {
			if f.e == nil {
				return fmt.Sprintf("%s%s %s", f.path, f.thing, f.name)
			}
			return f.path + f.e.Tag
		},
	}
	c.pairs(func(fact) bool { return true }, keys, c.unknown)
}

// unknown is a change of something that there are no words for.
func (c *comparison) unknown(was, is *fact) {
	ch := Change{Thing: ThingOther, Of: either(was, is).of}
	f := either(was, is)
	switch {
	case f.e != nil:
		ch.Name = strings.TrimSpace(f.e.Tag + " " + nodeOrID(f.e))
	case f.name != "":
		ch.Name = f.name
	default:
		ch.Name = string(f.thing)
	}
	if was != nil {
		ch.Before = was.shown()
	}
	if is != nil {
		ch.After = is.shown()
	}
	switch {
	case was == nil:
		ch.Sentence = "adds " + ch.After
	case is == nil:
		ch.Sentence = "removes " + ch.Before
	case ch.Before == ch.After:
		ch.Sentence = ch.Name + " changed: " + ch.After
	default:
		ch.Sentence = fmt.Sprintf("changes %s, was %s", ch.After, ch.Before)
	}
	c.add(ch, some(was), some(is))
}

// everything is what a comparison comes back to when its steps have taken facts that
// differ for the same. It is empty when no facts differ.
func (c *comparison) everything() Changes {
	c.minus, c.plus = without(c.was.facts, c.is.facts), without(c.is.facts, c.was.facts)
	c.rest()
	return c.changes
}

func either(was, is *fact) fact {
	if is != nil {
		return *is
	}
	return *was
}

func some(f *fact) []fact {
	if f == nil {
		return nil
	}
	return []fact{*f}
}

// isOfResource reports whether a resource says the fact: a default has an owner, too.
func isOfResource(f fact) bool {
	return f.of != "" && f.path != "rsc_defaults " && f.path != "op_defaults "
}

// body is a fact without the place of its resource.
func (f fact) body() string { return strings.TrimPrefix(f.text, f.path) }

// parent is the place of a resource: what holds it.
func (f fact) parent() string {
	if p := f.e.Parent(); p != nil && isResource(p.Tag) {
		return p.Tag + " " + p.SelectAttrValue("id", "")
	}
	return ""
}

func (c cluster) has(id string) bool { return c.resources[id].e != nil }

// confused reports whether an id is there twice, which no Pacemaker accepts.
func (c cluster) confused() bool {
	n := 0
	for _, f := range c.facts {
		if f.thing == ThingResource {
			n++
		}
	}
	return n != len(c.resources)
}

// sameOrder reports whether the resources that both lists have stand in the same
// order, and the lists differ by others.
func sameOrder(a, b []string) bool {
	in := func(list []string) func(string) bool {
		return func(s string) bool { return !slices.Contains(list, s) }
	}
	x, y := slices.DeleteFunc(slices.Clone(a), in(b)), slices.DeleteFunc(slices.Clone(b), in(a))
	return slices.Equal(x, y) && len(x)+len(y) < len(a)+len(b)
}

func nodeOrID(e *etree.Element) string {
	for _, key := range []string{"uname", "id", "name"} {
		if v := e.SelectAttrValue(key, ""); v != "" {
			return v
		}
	}
	return ""
}
