package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// Parse reads a cluster's description. The name stands for the file in the
// findings, which are sorted and complete: one for each mistake. Without an
// error among them the Cluster is complete and consistent; otherwise it holds
// what could be read and is not to be used.
func Parse(name string, data []byte) (Cluster, diag.Findings) {
	r := &reader{file: name, mode: defaultMode, excused: map[string]bool{}, running: map[string]place{}}
	text, bad := normalise(data)
	if bad != nil {
		r.error(bad.at, bad.what, bad.fix)
		return Cluster{}, r.findings
	}
	r.lines = strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	c := r.parse(text)
	for i, f := range r.findings {
		at := within(place{f.Line, f.Column}, r.lines)
		r.findings[i].Line, r.findings[i].Column = at.line, at.column
	}
	r.findings.Sort()
	return c, r.findings
}

// parse reads the file's one document.
func (r *reader) parse(text string) Cluster {
	docs, bad := decode(text)
	switch {
	case bad != nil:
		r.error(bad.at, bad.what, bad.fix)
		return Cluster{}
	case len(docs) == 0:
		r.error(place{1, 1}, "the file is empty", "start from examples/two-node.yaml")
		return Cluster{}
	case len(docs) > 1:
		r.error(r.tree(docs[1]).at, "a second document begins here", "describe one cluster per file; remove the line ---")
		return Cluster{}
	}
	root := r.tree(docs[0])
	if !r.isMap(root, "the file", "keys and values, as in examples/two-node.yaml") {
		return Cluster{}
	}
	if !r.version(root) || !r.readMode(root) {
		return Cluster{}
	}
	if r.mode == Raft {
		return r.zone(r.section("", "", root))
	}
	return r.cluster(r.section("", "", root))
}

// version checks the format's version before anything else is looked at: in a
// file of another version other keys would be right. A file without one is
// taken for today's.
func (r *reader) version(root value) bool {
	for _, f := range root.fields {
		if f.key != "version" {
			continue
		}
		if f.value.kind == null {
			return true // reported with the other keys
		}
		if text, ok := r.text(f.value, "version"); !ok || text == "1" {
			return ok
		}
		r.error(f.value.at, fmt.Sprintf("version %q is not known", clip(f.value.text)), "write version: 1, or use a release of oneha that knows it")
		return false
	}
	return true
}

// cluster reads the keys of the top level.
func (r *reader) cluster(top section) Cluster {
	top.need("version", "add version: 1")
	top.get("mode") // was read first
	var sure bool
	c := Cluster{
		Name:       r.clusterName(top.need("cluster", "add cluster: NAME")),
		Layout:     Layout(r.word(top.get("layout"), "layout", layouts, string(defaultLayout))),
		Agents:     Agents(r.word(top.get("agents"), "agents", []string{string(Ours), string(Stock)}, string(defaultAgents))),
		Token:      r.token(top.get("timing"), top.get("token")),
		Properties: r.properties(top.get("properties")),
		Target:     r.target(top.get("target")),
		Raw:        r.raw(top.get("raw")),
	}
	services := top.get("services")
	c.Services, sure = r.services(services)
	vips := r.vips(top.need("vip", "add vip: ADDRESS/PREFIX, such as 10.3.4.2/24"), "vip", "vip")
	nodes := r.nodes(top.need("nodes", "add nodes: with the name, addr and bmc of each"))
	for i, n := range nodes {
		c.Nodes = append(c.Nodes, Node{Name: n.name, ID: i + 1, Addrs: n.addresses()})
	}
	if len(vips) > 0 {
		c.VIP, c.MoreVIPs = vips[0].VIP, addressesOf(vips[1:])
	}
	c.Prefer = r.prefer(top.get("prefer"), "prefer", nodes)
	domains := r.domains(top.get("domains"), nodes)
	all := vips
	for _, d := range domains {
		c.Domains = append(c.Domains, d.Domain)
		all = append(all, d.vips...)
	}
	if sure {
		r.checkOned(services.at)
	}
	q, qAt := r.qdevice(top.get("qdevice"))
	c.QDevice = q

	linksOK := r.checkLinks(nodes)
	r.checkVIPs(all, nodes, linksOK)
	r.checkIDs(all, domains)
	r.checkQDevice(q, qAt, nodes, all)
	r.fences(&c, top, nodes, all)
	return c
}

var layouts = []string{string(Staged), string(Colocation), string(Group)}

// fences reads everything that powers off nodes.
func (r *reader) fences(c *Cluster, top section, nodes []node, vips []vip) {
	shared := top.get("bmc")
	common, at := r.sharedBMC(shared, top.at)
	var bmcs, all []bmc // of the nodes, and with those of entries
	expected := 0
	for _, n := range nodes {
		if n.bmc.kind == absent {
			continue
		}
		expected++
		if b, ok := r.nodeBMC(n, common); ok {
			bmcs = append(bmcs, b)
		}
	}
	all = slices.Clone(bmcs)
	given := top.get("fencing")
	entries := r.fencing(given, nodes, common)
	dubious := given.kind == broken
	for _, e := range entries {
		dubious = dubious || e.dubious
		if e.bmc != nil {
			expected++
			all = append(all, *e.bmc)
		}
	}
	if !dubious {
		r.checkCover(nodes, entries)
	}
	if len(all) > 0 && len(all) == expected && !dubious {
		r.checkUse(all, common)
	}
	r.checkUserNames(all, common)
	if shared.kind == absent || shared.kind == mapping {
		r.checkCredentials(all, at, shared.kind == mapping)
	}
	if c.Agents == Stock {
		for _, b := range all {
			r.checkStock(b)
		}
	}
	r.checkEntryNames(nodes, entries)
	r.checkUses(uses(bmcs, entries), bmcs, entries, vips, nodes)

	for _, b := range bmcs {
		d := b.device(deviceID(b.node), c.Agents)
		d.Target = b.node
		c.Fencing = append(c.Fencing, d)
	}
	for _, e := range entries {
		c.Fencing = append(c.Fencing, e.device(c.Agents))
	}
	for _, b := range all {
		c.Files = b.addFile(c.Files, r.file)
	}
	c.Levels = levels(nodes, bmcs, entries)
	delay := r.fenceDelay(top.get("fence_delay"), len(nodes), c.QDevice.Host != "")
	for i, d := range c.Fencing {
		if d.ID == c.first(c.Protected()) {
			c.Fencing[i].Delay = delay
		}
	}
}

// checkCover reports nodes that nothing powers off.
func (r *reader) checkCover(nodes []node, entries []entry) {
	for _, n := range nodes {
		covered := slices.ContainsFunc(entries, func(e entry) bool {
			return slices.ContainsFunc(e.targets, func(t fencedNode) bool { return t.node == n.name })
		})
		if n.bmc.kind == absent && !covered {
			r.error(n.body, "bmc of node "+clip(n.name)+" is missing", "add bmc: ipmi://ADDRESS, or an entry of fencing that covers the node; without a way to fence it the cluster must not take over from it")
		}
	}
}

func (r *reader) clusterName(v value) string {
	name, ok := r.text(v, "cluster")
	if ok && !clusterName.MatchString(name) {
		r.error(v.at, fmt.Sprintf("cluster name %q is not valid", clip(name)), "use 1 to 32 letters, digits, - and _, the first a letter or digit")
	}
	return name
}

func (r *reader) prefer(v value, label string, nodes []node) string {
	name, ok := r.text(v, label)
	if !ok {
		return ""
	}
	var names []string
	for _, n := range nodes {
		names = append(names, n.name)
	}
	if len(nodes) > 0 && !slices.Contains(names, name) {
		r.error(v.at, fmt.Sprintf("%s names %q, which is no node", label, clip(name)), suggest(name, names))
	}
	return name
}

// suggest is the fix for a word that is none of known.
func suggest(word string, known []string) string {
	if meant := diag.Nearest(word, known); meant != "" {
		return fmt.Sprintf("did you mean %q? known are %s", meant, strings.Join(known, ", "))
	}
	return "known are " + strings.Join(known, ", ")
}
