package adopt

import (
	"cmp"
	"maps"
	"slices"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/spec"
)

// draft is a description in the making. What no source says is a gap: a comment for
// the file, and in the cluster a stand-in, so that the rest can be checked and
// compared.
type draft struct {
	cluster   spec.Cluster
	gaps      spec.Comments
	names     map[string]string // of resources: the cluster's to the description's, where they differ
	frontEnd  bool
	standIns  []string // ids of resources that only fill a gap
	masks     []string // ids of floating IPs whose prefix length only fills a gap
	strangers []string // nodes that only fill a gap
	delays    string   // what became of the delays of fencing; "" where there is nothing to say
}

// parse reads the draft as the file that it is going to be.
func (d draft) parse() (spec.Cluster, diag.Findings) {
	return spec.Parse("description", spec.Format(d.cluster, nil))
}

func (d draft) copy() draft {
	d.gaps, d.names = maps.Clone(d.gaps), maps.Clone(d.names)
	d.standIns, d.masks, d.strangers = slices.Clone(d.standIns), slices.Clone(d.masks), slices.Clone(d.strangers)
	c := &d.cluster
	c.Nodes, c.Fencing, c.Levels, c.MoreVIPs = slices.Clone(c.Nodes), slices.Clone(c.Fencing), slices.Clone(c.Levels), slices.Clone(c.MoreVIPs)
	c.Domains, c.Properties = slices.Clone(c.Domains), slices.Clone(c.Properties)
	return d
}

// back are the names of resources from the description's to the cluster's.
func (d draft) back() map[string]string {
	back := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(d.names)) {
		if name := d.names[id]; back[name] == "" {
			back[name] = id
		}
	}
	return back
}

// called is what the cluster calls a resource of the description.
func (d draft) called(name string) string { return cmp.Or(d.back()[name], name) }

// lesser is a draft without a part of it; part is how the facts about that begin.
type lesser struct {
	draft draft
	part  string
}

// without lists what is left of the draft without each of its parts that could be
// what is wrong with it.
func (d draft) without() (all []lesser) {
	add := func(part string, change func(*draft)) {
		less := d.copy()
		change(&less)
		all = append(all, lesser{less, part})
	}
	for i, p := range d.cluster.Properties {
		add("property option "+p.Name+"=", func(d *draft) { d.cluster.Properties = slices.Delete(d.cluster.Properties, i, i+1) })
	}
	for _, f := range d.cluster.Fencing {
		if !d.isStandIn(f) {
			add("primitive "+d.called(f.ID)+" ", func(d *draft) { d.dropDevice(f.ID) })
		}
	}
	for i, v := range d.cluster.MoreVIPs {
		add("primitive "+d.called(v.ID)+" ", func(d *draft) { d.cluster.MoreVIPs = slices.Delete(d.cluster.MoreVIPs, i, i+1) })
	}
	for i, dom := range d.cluster.Domains {
		add("group "+d.called(dom.Name)+" ", func(d *draft) { d.cluster.Domains = slices.Delete(d.cluster.Domains, i, i+1) })
	}
	if d.cluster.Prefer != "" {
		add("rsc_location ", func(d *draft) { d.cluster.Prefer = "" })
	}
	if d.cluster.QDevice.Host != "" {
		add("quorum.device", func(d *draft) { d.cluster.QDevice = spec.QDevice{} })
	}
	if len(d.cluster.Levels) > 0 {
		add("fencing-level ", func(d *draft) { d.cluster.Levels = nil })
	}
	add("totem.token: ", func(d *draft) { d.cluster.Token = 0 })
	add("fence_delay", func(d *draft) {
		for i := range d.cluster.Fencing {
			d.cluster.Fencing[i].Delay = 0
		}
	})
	if d.gaps["vip"] == "" {
		add("primitive "+d.called(d.cluster.VIP.ID)+" ", func(d *draft) { d.noVIP() })
	}
	if len(d.cluster.Nodes) > 0 && d.gaps["nodes."+d.cluster.Nodes[0].Name+".addr"] == "" {
		add("nodelist.", func(d *draft) { d.noAddrs() })
	}
	if d.gaps["cluster"] == "" {
		add("totem.cluster_name: ", func(d *draft) { d.noName() })
	}
	return all
}

// dropDevice takes a fence device away; nodes that nothing else powers off have a gap
// then.
func (d *draft) dropDevice(id string) {
	c := &d.cluster
	c.Fencing = slices.DeleteFunc(c.Fencing, func(f spec.FenceDevice) bool { return f.ID == id })
	maps.DeleteFunc(d.names, func(_, name string) bool { return name == id })
	var levels []spec.FenceLevel
	for _, l := range c.Levels {
		l.Devices = slices.DeleteFunc(slices.Clone(l.Devices), func(d string) bool { return d == id })
		if len(l.Devices) > 0 {
			levels = append(levels, l)
		}
	}
	c.Levels = levels
	d.cover()
	if !slices.ContainsFunc(c.Fencing, func(f spec.FenceDevice) bool { return !d.isStandIn(f) }) {
		for i := range c.Fencing { // there is nothing that fence_delay could be read from
			c.Fencing[i].Delay = 0
		}
	}
}

// cover gives a stand-in to every node that nothing powers off.
func (d *draft) cover() {
	for _, n := range d.cluster.Nodes {
		if !slices.ContainsFunc(d.cluster.Fencing, func(f spec.FenceDevice) bool { return slices.Contains(f.Nodes(), n.Name) }) {
			d.noBMC(n.Name)
		}
	}
}
