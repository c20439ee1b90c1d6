package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/one"
)

// Parse reads a cluster's description. The name stands for the file in the
// findings, which are sorted and complete: one for each mistake. Without an
// error among them the Cluster is complete and consistent; otherwise it holds
// what could be read and is not to be used.
func Parse(name string, data []byte) (Cluster, diag.Findings) {
	r := &reader{file: name, excused: map[string]bool{}}
	text, bad := normalise(data)
	if bad != nil {
		r.error(bad.at, bad.what, bad.fix)
		return Cluster{}, r.findings
	}
	c := r.parse(text)
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, f := range r.findings {
		at := within(place{f.Line, f.Column}, lines)
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
	if !r.version(root) {
		return Cluster{}
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
	c := Cluster{
		Name:       r.clusterName(top.need("cluster", "add cluster: NAME")),
		Layout:     r.layout(top.get("layout")),
		Services:   r.services(top.get("services")),
		Token:      r.token(top.get("timing"), top.get("token")),
		Properties: r.properties(top.get("properties")),
	}
	vip, vipAt := r.vip(top.need("vip", "add vip: ADDRESS/PREFIX, such as 10.3.4.2/24"))
	c.VIP = vip
	nodes := r.nodes(top.need("nodes", "add nodes: with the name, addr and bmc of each"))
	bmcs := r.bmcs(nodes, top.get("bmc"), top.at)
	c.Prefer = r.prefer(top.get("prefer"), nodes)
	delay := r.fenceDelay(top.get("fence_delay"), len(nodes))

	linksOK := r.checkLinks(nodes)
	r.checkVIP(vip, vipAt, nodes, linksOK)
	r.checkBMCs(bmcs, vip, nodes)

	for i, n := range nodes {
		c.Nodes = append(c.Nodes, Node{Name: n.name, ID: i + 1, Addrs: n.addresses()})
	}
	for _, b := range bmcs {
		c.Fencing = append(c.Fencing, b.device())
		c.Files = b.addFile(c.Files, r.file)
	}
	if i := protected(c); i >= 0 {
		c.Fencing[i].Delay = delay
	}
	return c
}

// protected is the index of the device that powers off the node which should
// survive a race: the preferred one, else the first. It is -1 if there is none.
func protected(c Cluster) int {
	name := c.Prefer
	if name == "" && len(c.Nodes) > 0 {
		name = c.Nodes[0].Name
	}
	return slices.IndexFunc(c.Fencing, func(d FenceDevice) bool { return d.Target == name })
}

func (r *reader) clusterName(v value) string {
	name, ok := r.text(v, "cluster")
	if ok && !clusterName.MatchString(name) {
		r.error(v.at, fmt.Sprintf("cluster name %q is not valid", clip(name)), "use 1 to 32 letters, digits, - and _, the first a letter or digit")
	}
	return name
}

func (r *reader) layout(v value) Layout {
	if v.kind == absent {
		return defaultLayout
	}
	text, ok := r.text(v, "layout")
	l := Layout(text)
	if ok && l != Staged && l != Colocation && l != Group {
		r.error(v.at, fmt.Sprintf("unknown layout %q", clip(text)), suggest(text, []string{string(Staged), string(Colocation), string(Group)}))
	}
	return l
}

// services reads the list and puts oned first, which the others need.
func (r *reader) services(v value) []string {
	if v.kind == absent {
		return []string{defaultService}
	}
	items, ok := r.texts(v, "services", false)
	if !ok {
		return nil
	}
	var names []string
	dubious := false
	for _, item := range items {
		name, ok := r.text(item, "a service")
		_, known := one.ServiceNamed(name)
		switch {
		case !ok:
			dubious = true
		case !known:
			dubious = dubious || diag.Nearest(name, serviceNames()) == "oned"
			r.error(item.at, fmt.Sprintf("unknown service %q", clip(name)), suggest(name, serviceNames()))
		case slices.Contains(names, name):
			r.error(item.at, fmt.Sprintf("service %q is listed twice", name), "keep one of them")
		default:
			names = append(names, name)
		}
	}
	i := slices.Index(names, "oned")
	if i < 0 {
		if !dubious {
			r.error(v.at, "services lacks oned", "add oned; every other service needs it")
		}
		return names
	}
	return append([]string{"oned"}, slices.Delete(names, i, i+1)...)
}

func (r *reader) prefer(v value, nodes []node) string {
	name, ok := r.text(v, "prefer")
	if !ok {
		return ""
	}
	var names []string
	for _, n := range nodes {
		names = append(names, n.name)
	}
	if len(nodes) > 0 && !slices.Contains(names, name) {
		r.error(v.at, fmt.Sprintf("prefer names %q, which is no node", clip(name)), suggest(name, names))
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
