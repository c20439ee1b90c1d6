package spec

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// entry is an entry of fencing with the places that later checks point at.
type entry struct {
	name    string
	at      place
	targets []fencedNode
	plugs   bool // the targets were given as plugs
	level   int  // 0 for the next one of each node
	bmc     *bmc // for a URL
	agent   string
	options []Option // of agent
	dubious bool     // something about it could not be read
}

// fencedNode is a node of an entry.
type fencedNode struct {
	node, plug string
	at         place
}

const (
	maxLevel        = 9  // Pacemaker Explained, fencing-level
	maxFencingNames = 64 // of entries: four for each of sixteen nodes
)

// fencing reads the further fence devices.
func (r *reader) fencing(v value, nodes []node, common map[string]value) (entries []entry) {
	if !r.isMap(v, "fencing", "NAME: {url: URL, targets: [NODE]} for each device") {
		return nil
	}
	if len(v.fields) > maxFencingNames {
		r.error(v.at, fmt.Sprintf("%d entries of fencing are too many", len(v.fields)), fmt.Sprintf("give at most %d", maxFencingNames))
		return nil
	}
	for _, f := range v.fields {
		if f.unnamed() {
			continue
		}
		label := "fencing " + clip(f.key)
		if !idName.MatchString(f.key) {
			r.error(f.at, fmt.Sprintf("name %q in fencing", clip(f.key)), "use letters, digits, - and _, the first a letter")
			continue
		}
		if f.value.kind == null {
			r.error(f.at, label+" has no value", "write {url: URL, targets: [NODE]}")
			entries = append(entries, entry{name: f.key, at: f.at, dubious: true})
			continue
		}
		if !r.isMap(f.value, label, "{url: URL, targets: [NODE]}") {
			entries = append(entries, entry{name: f.key, at: f.at, dubious: true})
			continue
		}
		entries = append(entries, r.entry(f, label, nodes, common))
	}
	return entries
}

// entry reads one further fence device.
func (r *reader) entry(f field, label string, nodes []node, common map[string]value) entry {
	before := r.errors()
	s := r.section("fencing.*", label, f.value)
	e := entry{name: f.key, at: f.at}
	url, agent, options := s.get("url"), s.get("agent"), s.get("options")
	own := s.options()
	switch {
	case url.kind != absent && agent.kind != absent:
		r.error(agent.at, "both url and agent of "+label+" are given", "keep one of them; the scheme of a url stands for its agent")
	case url.kind != absent:
		if options.kind != absent {
			r.error(options.at, "options of "+label+" are for an agent that agent names", "write them beside url")
		}
		if b, ok := r.bmc(url, label, common, own); ok {
			e.bmc = &b
		}
	case agent.kind != absent:
		e.agent = r.agent(agent, label)
		e.options = r.agentOptions(options, label)
		for _, name := range slices.Sorted(maps.Keys(own)) {
			if own[name].at == (place{}) {
				continue // it only stands for one that could not be read
			}
			r.error(own[name].at, fmt.Sprintf("%s of %s is for a device that url names", name, label), "write it under options, as the agent calls it")
		}
	case !s.dubious:
		r.error(s.at, label+" has neither url nor agent", "add url: ipmi://ADDRESS, or agent: with the name of a fence agent")
	}
	e.targets, e.plugs = r.targets(&s, label, nodes)
	e.level = r.level(s.get("level"), label)
	e.dubious = s.dubious || r.errors() > before
	if !e.dubious {
		r.checkPlugs(&e, &s)
	}
	return e
}

// agent reads the name of a fence agent that is not ours.
func (r *reader) agent(v value, label string) string {
	name, ok := r.text(v, "agent of "+label)
	switch {
	case !ok:
	case strings.HasPrefix(name, "fence_bmc_"):
		var own []string
		for _, d := range drivers {
			if d.agent == name {
				own = append(own, d.scheme+"://HOST")
			}
		}
		if len(own) == 0 {
			own = []string{"redfish://HOST"}
		}
		r.error(v.at, fmt.Sprintf("agent of %s is %s, which a url stands for", label, clip(name)), "write url: "+own[0]+" and its options beside it")
	case !agentName.MatchString(name):
		r.error(v.at, fmt.Sprintf("agent of %s is %q", label, clip(name)), "give the name of a fence agent, such as fence_apc_snmp")
	}
	return name
}

// level reads the level of an entry, 0 for the next one.
func (r *reader) level(v value, label string) int {
	text, ok := r.text(v, "level of "+label)
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLevel {
		r.error(v.at, fmt.Sprintf("level of %s is %q", label, clip(text)), fmt.Sprintf("give a number from 1 to %d, or remove it", maxLevel))
		return 0
	}
	return n
}

// targets reads the nodes of an entry, in the order of the nodes.
func (r *reader) targets(s *section, label string, nodes []node) (list []fencedNode, plugs bool) {
	targets, plug := s.get("targets"), s.get("plugs")
	switch {
	case targets.kind != absent && plug.kind != absent:
		r.error(plug.at, "both targets and plugs of "+label+" are given", "keep one of them; plugs names the nodes, too")
	case targets.kind != absent:
		items, _ := r.texts(targets, "targets of "+label, true)
		for _, item := range items {
			if name, ok := r.text(item, "a target of "+label); ok {
				list = append(list, fencedNode{node: name, at: item.at})
			}
		}
	case plug.kind != absent:
		plugs = true
		if !r.isMap(plug, "plugs of "+label, "{NODE: PLUG, NODE: PLUG}") {
			break
		}
		if len(plug.fields) == 0 {
			r.error(plug.at, "plugs of "+label+" is empty", "write {NODE: PLUG, NODE: PLUG}")
		}
		for _, f := range plug.fields {
			if !f.unnamed() {
				list = append(list, fencedNode{node: f.key, plug: r.plug(f, label), at: f.at})
			}
		}
	case !s.dubious:
		r.error(s.at, label+" has neither targets nor plugs", "add targets: with the nodes that it powers off, or plugs: {NODE: PLUG}")
	}
	return r.inOrder(list, label, nodes), plugs
}

// plug reads the plug of a node, or several, as pcmk_host_map has them.
func (r *reader) plug(f field, label string) string {
	what := fmt.Sprintf("plug of node %s in %s", clip(f.key), label)
	items, _ := r.texts(f.value, what, true)
	var plugs []string
	for _, item := range items {
		text, ok := r.text(item, what)
		switch {
		case !ok:
		case !plugName.MatchString(text):
			r.error(item.at, fmt.Sprintf("%s is %q", what, clip(text)), "use letters, digits and _ . / @ - only; several plugs are a list")
		default:
			plugs = append(plugs, text)
		}
	}
	return strings.Join(plugs, ",")
}

// inOrder checks that the targets are nodes, each once, and sorts them.
func (r *reader) inOrder(list []fencedNode, label string, nodes []node) (sorted []fencedNode) {
	var names []string
	for _, n := range nodes {
		names = append(names, n.name)
	}
	seen := map[string]bool{}
	for _, t := range list {
		switch {
		case len(nodes) == 0:
		case !slices.Contains(names, t.node):
			r.error(t.at, fmt.Sprintf("%s names %q, which is no node", label, clip(t.node)), suggest(t.node, names))
		case seen[t.node]:
			r.error(t.at, fmt.Sprintf("%s names node %s twice", label, clip(t.node)), "keep one of them")
		}
		seen[t.node] = true
	}
	for _, name := range names {
		if i := slices.IndexFunc(list, func(t fencedNode) bool { return t.node == name }); i >= 0 {
			sorted = append(sorted, list[i])
		}
	}
	return sorted
}
