package spec

import (
	"maps"
	"slices"
)

// levels arranges the devices of each node that has several: the BMC is its first
// level, an entry without a level of its own follows those before it. Levels are
// counted anew from 1 without gaps, which is all that their numbers mean.
func levels(nodes []node, bmcs []bmc, entries []entry) (all []FenceLevel) {
	for _, n := range nodes {
		at := map[int][]string{}
		last, devices := 0, 0
		add := func(level int, id string) {
			if level == 0 {
				level = last + 1
			}
			at[level] = append(at[level], id)
			last = max(last, level)
			devices++
		}
		if slices.ContainsFunc(bmcs, func(b bmc) bool { return b.node == n.name }) {
			add(1, deviceID(n.name))
		}
		for _, e := range entries {
			if slices.ContainsFunc(e.targets, func(t fencedNode) bool { return t.node == n.name }) {
				add(e.level, deviceID(e.name))
			}
		}
		if devices < 2 {
			continue
		}
		for i, level := range slices.Sorted(maps.Keys(at)) {
			all = append(all, FenceLevel{Node: n.name, Index: i + 1, Devices: at[level]})
		}
	}
	return all
}

// first is the device that is tried first on a node, "" if there is none.
func (c Cluster) first(node string) string {
	for _, l := range c.Levels {
		if l.Node == node {
			return l.Devices[0]
		}
	}
	for _, d := range c.Fencing {
		if slices.Contains(d.Nodes(), node) {
			return d.ID
		}
	}
	return ""
}

// deviceID is the resource id of a node's BMC or of an entry of fencing.
func deviceID(name string) string { return "fence-" + name }

// device is the fence device that the entry is.
func (e entry) device(by Agents) FenceDevice {
	d := FenceDevice{ID: deviceID(e.name), Agent: e.agent, Options: e.options}
	if e.bmc != nil {
		d = e.bmc.device(deviceID(e.name), by)
	}
	if len(e.targets) == 1 {
		d.Target = e.targets[0].node
	}
	if len(e.targets) > 1 || e.plugs {
		for _, t := range e.targets {
			d.Plugs = append(d.Plugs, Plug{t.node, t.plug})
		}
	}
	return d
}
