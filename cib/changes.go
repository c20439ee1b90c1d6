package cib

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Action is what happens to a thing.
type Action string

// The actions.
const (
	Add    Action = "add"
	Remove Action = "remove"
	Modify Action = "change"
)

// Thing is what a change is about.
type Thing string

// The things, in the order in which changes are sorted; those from ThingResource to
// ThingOperation are sorted by their resource.
const (
	ThingProperty   Thing = "property"       // of the cluster
	ThingDefault    Thing = "default"        // of all resources or all operations
	ThingNode       Thing = "node attribute" // standby, maintenance and others
	ThingResource   Thing = "resource"       // a primitive (fence devices, too), clone, bundle or template
	ThingGroup      Thing = "group"
	ThingParameter  Thing = "parameter"
	ThingMeta       Thing = "meta attribute"
	ThingOperation  Thing = "operation"
	ThingOrder      Thing = "order"
	ThingColocation Thing = "colocation"
	ThingLocation   Thing = "location"
	ThingLevel      Thing = "fencing level"
	ThingOther      Thing = "other" // what this package does not know: Before and After are facts as Canonical has them
)

// Change is one difference between two configurations.
type Change struct {
	Action   Action `json:"action"`
	Thing    Thing  `json:"thing"`
	Of       string `json:"of,omitempty"`     // what it belongs to: a resource, a node, rsc_defaults
	Name     string `json:"name"`             // of the thing itself
	Before   string `json:"before,omitempty"` // "" when it is added, and for a secret
	After    string `json:"after,omitempty"`  // "" when it is removed, and for a secret
	Sentence string `json:"sentence"`         // one line without a full stop

	// What it means for what runs now, only where that is certain.
	Effect   string   `json:"effect,omitempty"`
	Stops    []string `json:"stops,omitempty"`    // resources that stop for good
	Restarts []string `json:"restarts,omitempty"` // resources that are stopped and started again, unless the agent can reload

	minus, plus []fact // what is behind it
}

// String is the sentence with what the change means.
func (c Change) String() string {
	if c.Effect == "" {
		return c.Sentence
	}
	return c.Sentence + ": " + c.Effect
}

// Facts returns what is behind the change as Canonical writes it: the facts that only
// the first configuration says, and those that only the second says. The values of
// secret options are left out of them, as in Diff. Of several changes that one fact
// holds, such as attributes of one node, the first has it.
func (c Change) Facts() (minus, plus []string) {
	for _, f := range c.minus {
		minus = append(minus, f.shown())
	}
	for _, f := range c.plus {
		plus = append(plus, f.shown())
	}
	return minus, plus
}

// Changes are the differences between two configurations, in a stable order.
type Changes []Change

// Compare says what has to change in the CIB before to make it the CIB after. There
// are no changes exactly when the Canonical facts of both are equal. The values of
// secret options are in none of them.
func Compare(before, after []byte) (Changes, error) {
	was, err := read(before)
	if err != nil {
		return nil, err
	}
	is, err := read(after)
	if err != nil {
		return nil, err
	}
	c := newComparison(was, is)
	c.resources()
	c.options()
	c.operations()
	c.members()
	c.nodes()
	c.constraints()
	c.rest()
	changes := c.changes
	if len(changes) == 0 {
		changes = c.everything()
	}
	slices.SortStableFunc(changes, compareChanges)
	return changes, nil
}

var things = []Thing{
	ThingProperty, ThingDefault, ThingNode, ThingResource, ThingGroup, ThingParameter, ThingMeta, ThingOperation,
	ThingOrder, ThingColocation, ThingLocation, ThingLevel, ThingOther,
}

// compareChanges sorts by kind, and everything about one resource together.
func compareChanges(a, b Change) int {
	section := func(c Change) int {
		switch c.Thing {
		case ThingGroup, ThingParameter, ThingMeta, ThingOperation:
			return slices.Index(things, ThingResource)
		}
		return slices.Index(things, c.Thing)
	}
	return cmp.Or(
		cmp.Compare(section(a), section(b)),
		strings.Compare(a.subject(), b.subject()),
		cmp.Compare(slices.Index(things, a.Thing), slices.Index(things, b.Thing)),
		strings.Compare(a.Name, b.Name),
		strings.Compare(a.Sentence, b.Sentence),
	)
}

// subject is the resource, node or constraint that a change is about.
func (c Change) subject() string { return cmp.Or(c.Of, c.Name) }

// Diff writes the changes as facts, grouped under a line "@@ thing @@": "-" and what
// only the first configuration says, "+" and what only the second says. The values
// of secret options are left out, so that two such lines may read the same.
func (c Changes) Diff() string {
	var b strings.Builder
	heading := ""
	for _, change := range c {
		if h := change.heading(); h != heading {
			heading = h
			fmt.Fprintf(&b, "@@ %s @@\n", h)
		}
		minus, plus := change.Facts()
		for _, f := range minus {
			fmt.Fprintf(&b, "- %s\n", f)
		}
		for _, f := range plus {
			fmt.Fprintf(&b, "+ %s\n", f)
		}
	}
	return b.String()
}

func (c Change) heading() string {
	switch c.Thing {
	case ThingResource, ThingGroup, ThingParameter, ThingMeta, ThingOperation:
		return "resource " + c.subject()
	case ThingNode:
		return "node " + c.Of
	}
	return string(c.Thing)
}
