package spec

import (
	"slices"
	"strconv"
	"strings"
)

// fencingOf arranges the fence devices as a file has them: by node those that are the
// node's own bmc, what all BMCs share, and the entries of fencing.
func fencingOf(c Cluster) (own map[string]out, shared, entries outMap) {
	own = map[string]out{}
	var all []asked
	var schemes []driver
	index := map[int]int{} // of a device in c.Fencing: in all
	for i, d := range c.Fencing {
		if a, ok := askedBy(d, c.Agents); ok {
			index[i] = len(all)
			all, schemes = append(all, a), append(schemes, driverOf(a.url))
		}
	}
	common := shareable(all, schemes)
	for _, k := range Keys {
		if k.parent() == "bmc" {
			shared.text(k.name(), common[k.name()])
		}
	}
	var rest []FenceDevice
	var written []outMap
	for i, d := range c.Fencing {
		var m outMap
		if j, ok := index[i]; ok {
			m = all[j].alone(common)
			if isNodesOwn(d) {
				own[d.Target] = m.flow()
				if len(m) == 1 {
					own[d.Target] = m[0].value
				}
				continue
			}
			m = slices.Insert(m, 1, targetsOf(d)...)
		} else {
			m.text("agent", d.Agent)
			var options outMap
			for _, o := range d.Options {
				options.text(o.Name, o.Value)
			}
			m.add("options", options.flow())
			m = append(m, targetsOf(d)...)
		}
		rest, written = append(rest, d), append(written, m)
	}
	at := levelsOf(c, rest)
	for i, d := range rest {
		if at[i] > 0 {
			written[i].text("level", strconv.Itoa(at[i]))
		}
		entries.add(strings.TrimPrefix(d.ID, deviceID("")), written[i].flow())
	}
	return own, shared, entries
}

// isNodesOwn reports whether a device is the BMC that stands under its node.
func isNodesOwn(d FenceDevice) bool {
	return d.Target != "" && d.ID == deviceID(d.Target) && len(d.Plugs) == 0
}

// targetsOf writes the nodes of a device, with its plugs where it has them.
func targetsOf(d FenceDevice) outMap {
	if len(d.Plugs) == 0 || d.Plugs[0].Plug == "" {
		return outMap{{"targets", outTexts(d.Nodes())}}
	}
	var m outMap
	for _, p := range d.Plugs {
		m.add(p.Node, oneOrList(outTexts(strings.Split(p.Plug, ",")).items))
	}
	return outMap{{"plugs", m.flow()}}
}

// levelsOf finds the levels to write for the entries of fencing that Parse makes the
// cluster's levels of: none where they count themselves, else one for every entry,
// else some for some. What no levels of entries can say is left as if it counted
// itself.
func levelsOf(c Cluster, rest []FenceDevice) []int {
	at := make([]int, len(rest))
	if givesLevels(c, rest, at) {
		return at
	}
	if all := explicitLevels(c, rest); givesLevels(c, rest, all) {
		return all
	}
	const tries = 1000 // some milliseconds
	left := tries
	var try func(i int) bool
	try = func(i int) bool {
		if i == len(rest) {
			left--
			return givesLevels(c, rest, at)
		}
		for level := 0; level <= min(maxLevel, len(rest)+1) && left > 0; level++ {
			at[i] = level
			if try(i + 1) {
				return true
			}
		}
		at[i] = 0
		return false
	}
	try(0)
	return at
}

// givesLevels reports whether Parse makes the cluster's levels of those levels of
// its entries.
func givesLevels(c Cluster, rest []FenceDevice, at []int) bool {
	var nodes []node
	for _, n := range c.Nodes {
		nodes = append(nodes, node{name: n.Name})
	}
	var bmcs []bmc
	for _, d := range c.Fencing {
		if isNodesOwn(d) {
			bmcs = append(bmcs, bmc{node: d.Target})
		}
	}
	var entries []entry
	for i, d := range rest {
		e := entry{name: strings.TrimPrefix(d.ID, deviceID("")), level: at[i]}
		for _, n := range d.Nodes() {
			e.targets = append(e.targets, fencedNode{node: n})
		}
		entries = append(entries, e)
	}
	return slices.EqualFunc(levels(nodes, bmcs, entries), c.Levels, func(a, b FenceLevel) bool {
		return a.Node == b.Node && a.Index == b.Index && slices.Equal(a.Devices, b.Devices)
	})
}

// explicitLevels gives every entry the lowest level that is not below what it has on
// any node, and above all that it comes after there.
func explicitLevels(c Cluster, rest []FenceDevice) []int {
	at := make([]int, len(rest))
	for i := range at {
		at[i] = 1
	}
	of := func(id string) int { return slices.IndexFunc(rest, func(d FenceDevice) bool { return d.ID == id }) }
	level := func(devices []string) (high int) {
		for _, id := range devices {
			if i := of(id); i >= 0 {
				high = max(high, at[i])
			} else {
				high = max(high, 1) // a BMC
			}
		}
		return high
	}
	for range len(rest)*maxLevel + 1 {
		changed := false
		for l, now := range c.Levels {
			want := level(now.Devices)
			if l > 0 && c.Levels[l-1].Node == now.Node {
				want = max(want, level(c.Levels[l-1].Devices)+1)
			}
			for _, id := range now.Devices {
				if i := of(id); i >= 0 && at[i] < want {
					at[i], changed = want, true
				}
			}
		}
		if !changed || slices.Max(at) > maxLevel {
			break
		}
	}
	for i := range at {
		at[i] = min(at[i], maxLevel)
	}
	return at
}
