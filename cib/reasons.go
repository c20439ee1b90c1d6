package cib

import (
	"cmp"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/spec"
)

// Part is a part of the cluster's configuration.
type Part string

// Parts are all of them, in the order in which they are best read.
var Parts = []Part{PartCluster, PartFencing, PartResources, PartConstraints, PartCorosync}

const (
	PartCluster     Part = "cluster"
	PartFencing     Part = "fencing"
	PartResources   Part = "resources"
	PartConstraints Part = "constraints"
	PartCorosync    Part = "corosync"
)

// Value is something that the generated cluster has and its description does not
// say.
type Value struct {
	Part    Part     `json:"part"`
	Name    string   `json:"name"`
	Of      []string `json:"of,omitempty"` // the resources, nodes or levels that have it; empty for the cluster
	Value   string   `json:"value"`
	Key     string   `json:"key,omitempty"`     // that the description may have to say otherwise
	Implied bool     `json:"implied,omitempty"` // in none of the generated files: the default of Pacemaker, corosync or an agent
	Why     string   `json:"why"`
	Source  string   `json:"source,omitempty"`

	reason string // of reasons, or Key
}

// Explain returns every value that the cluster's files have and the description
// does not say, with the reason: the defaults of keys that are not given, and
// everything that follows from those that are. Of the keys given only presence and
// text are looked at. What raw appends is the description's own word. It fails on a
// cluster that a dialect cannot say.
//
// Values come by part, those of one reason together; equal ones of several owners
// are one.
func Explain(c spec.Cluster, given spec.Given) ([]Value, error) {
	w := walker{c: c, m: Build(c), given: given}
	if err := w.walk(); err != nil {
		return nil, err
	}
	return arrangeValues(w.values), nil
}

// arrangeValues merges what several owners have, and sorts.
func arrangeValues(values []Value) (sorted []Value) {
	first := map[string]int{} // place of a reason
	for _, v := range values {
		i := slices.IndexFunc(sorted, func(s Value) bool {
			return s.Part == v.Part && s.reason == v.reason && s.Name == v.Name && s.Value == v.Value && len(s.Of) > 0 && len(v.Of) > 0
		})
		if i >= 0 {
			sorted[i].Of = append(sorted[i].Of, v.Of...)
			continue
		}
		if _, known := first[v.reason]; !known {
			first[v.reason] = len(first)
		}
		v.Of = slices.Clone(v.Of)
		sorted = append(sorted, v)
	}
	slices.SortStableFunc(sorted, func(a, b Value) int {
		return cmp.Or(slices.Index(Parts, a.Part)-slices.Index(Parts, b.Part), first[a.reason]-first[b.reason])
	})
	return sorted
}

// reason is why something is generated as it is. The text may hold {words} that
// stand for the cluster's own values; see words.
type reason struct{ why, source string }

// words are what reasons may say of the cluster itself.
func words(c spec.Cluster) *strings.Replacer {
	kept := "the first node of the file"
	if c.Prefer != "" {
		kept = "the one that prefer names"
	}
	var delay string
	for _, d := range c.Fencing {
		if d.Delay > 0 {
			delay = seconds(d.Delay)
		}
	}
	return strings.NewReplacer(
		"{delay}", cmp.Or(delay, "0s"),
		"{protected}", c.Protected(),
		"{kept}", kept,
		"{fencing}", seconds(fencingTimeout),
	)
}
