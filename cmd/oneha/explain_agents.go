package main

import (
	"slices"
	"strings"

	"github.com/oneha/oneha/agents"
	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/fenceagent"
	"github.com/oneha/oneha/internal/spec"
)

// agentDefaults are the defaults of this project's agents that say how a service is
// found or how long something may take, where the cluster leaves them alone. Stock
// agents state theirs themselves (pcs stonith describe AGENT).
func agentDefaults(c spec.Cluster) (values []cib.Value) {
	add := func(v cib.Value) {
		i := slices.IndexFunc(values, func(o cib.Value) bool {
			return o.Part == v.Part && o.Name == v.Name && o.Value == v.Value && o.Source == v.Source
		})
		if i >= 0 {
			values[i].Of = append(values[i].Of, v.Of...)
			return
		}
		values = append(values, v)
	}
	for _, p := range cib.Build(c).Primitives {
		given := func(name string) bool {
			return slices.ContainsFunc(p.Params, func(o spec.Option) bool { return o.Name == name })
		}
		if p.Class == "stonith" {
			a, ours := fenceagent.Find(p.Type)
			if !ours {
				continue
			}
			for _, g := range a.OptionGroups() {
				for _, o := range g.Options {
					if key := keyOfOption(o.Name); key != "" && o.Default != "" && !given(o.Name) {
						add(cib.Value{Part: cib.PartFencing, Name: o.Name, Of: []string{p.ID}, Value: o.Default, Key: key, Implied: true, Why: o.Text + ".", Source: p.Type + "(8)"})
					}
				}
			}
			continue
		}
		for _, a := range agents.All() {
			if p.Class != "ocf" || p.Provider != "opennebula" || p.Type != a.Name || p.Type == "vip" {
				continue // those of vip are about announcements, and the metadata of IPaddr2
			}
			for _, o := range a.Params {
				if o.Default != "" && !given(o.Name) {
					add(cib.Value{Part: cib.PartResources, Name: o.Name, Of: []string{p.ID}, Value: o.Default, Implied: true, Why: o.Long, Source: "the agent's metadata"})
				}
			}
		}
	}
	slices.SortStableFunc(values, func(a, b cib.Value) int { return strings.Compare(a.Name, b.Name) })
	return values
}

// keyOfOption is the key of the description for an option of a fence agent, "" when
// there is none.
func keyOfOption(name string) string {
	if name == "ipport" {
		return "nodes.*.bmc.url"
	}
	for _, k := range spec.Keys {
		if k.Path == "bmc."+name {
			return k.Path
		}
	}
	return ""
}
