package adopt

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strconv"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
)

// mainGroup is the id of the main domain's group in generated configurations.
const mainGroup = "frontend"

// recognise finds what a description can say. It may be wrong: what comes of it is
// compared with the configuration afterwards.
func recognise(g *given, conf *corosync, hosts func(string) []netip.Addr, agents spec.Agents, layout spec.Layout) draft {
	d := draft{gaps: spec.Comments{}, names: map[string]string{}}
	d.cluster = spec.Cluster{Agents: agents, Layout: layout, Token: conf.token(), QDevice: conf.qdevice()}
	c := &d.cluster
	if c.Name = cmp.Or(conf.get("totem.cluster_name"), g.property("cluster-name")); c.Name == "" {
		d.noName()
	}
	all := g.resources()
	d.nodes(g, conf, hosts, all)
	d.resources(g, all, layout)
	d.preferences(g) // which decides what node a delay protects
	d.fencing(g, all)
	d.delay(g, all)
	return d
}

// idForm is what a description takes for a name of its own.
var (
	idForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,31}$`)
	generated = regexp.MustCompile(`^(fence|services|fl)-|-(with|after|prefers|avoids|start|stop|monitor)-|_attributes`)
)

// may reports whether an id may be a name in a description.
func may(id string) bool {
	_, isService := one.ServiceNamed(id)
	unit, _ := spec.Unit(id)
	return idForm.MatchString(id) && !generated.MatchString(id) && !isService && unit == "" && id != mainGroup
}

// resources finds the floating IPs and services, and the domain that each is of: what
// is in one group, or mandatorily colocated, belongs together.
func (d *draft) resources(g *given, all []resource, layout spec.Layout) {
	c := &d.cluster
	together := newSets()
	for _, r := range all {
		if r.group != "" {
			together.join("group "+r.group, r.id)
		}
	}
	g.colocations(together)
	runs := map[string]bool{}
	var vips, services []resource
	oned := ""
	for _, r := range all {
		name := serviceOf(r)
		switch {
		case isVIP(r):
			vips = append(vips, r)
		case name != "" && !runs[name] && !(runs["httpd"] && name == "apache2") && !(runs["apache2"] && name == "httpd"):
			runs[name] = true
			services = append(services, r)
			if name == "oned" {
				oned = r.id
			}
		}
	}
	d.frontEnd = oned != ""
	var roots []string // of domains beside the main one
	for _, v := range vips {
		root := together.root(v.id)
		apart := slices.ContainsFunc(services, func(s resource) bool { return together.root(s.id) == root })
		if d.frontEnd && apart && root != together.root(oned) && !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	domain := func(id string) int { return slices.Index(roots, together.root(id)) }
	for _, root := range roots {
		name := g.domainName(root, together, all, layout)
		for n := 2; slices.ContainsFunc(c.Domains, func(o spec.Domain) bool { return o.Name == name }); n++ {
			name = "domain-" + strconv.Itoa(n)
		}
		c.Domains = append(c.Domains, spec.Domain{Name: name})
	}
	// Names first, so that nothing is given one that is taken.
	taken := map[string]bool{}
	for _, dom := range c.Domains {
		taken[dom.Name] = true
	}
	for _, r := range all {
		if r.group == "" {
			continue
		}
		switch i := domain(r.id); {
		case i >= 0:
			d.call(r.group, c.Domains[i].Name)
		case oned != "" && together.root(r.id) == together.root(oned):
			d.call(r.group, mainGroup)
		}
	}
	for _, r := range vips {
		if i := domain(r.id); i >= 0 {
			dom := &c.Domains[i]
			d.vip(&dom.VIPs, r, dom.Name+"-vip", taken)
		} else {
			var main []spec.VIP
			if c.VIP.ID != "" {
				main = append([]spec.VIP{c.VIP}, c.MoreVIPs...)
			}
			d.vip(&main, r, "vip", taken)
			if len(main) > 0 {
				c.VIP, c.MoreVIPs = main[0], main[1:]
			}
		}
	}
	if c.VIP.ID == "" {
		d.noVIP()
	}
	for _, r := range services {
		name := serviceOf(r)
		d.call(r.id, name)
		switch i := domain(r.id); {
		case i >= 0:
			c.Domains[i].Services = append(c.Domains[i].Services, name)
		case name == "oned":
			c.Services = append([]string{name}, c.Services...)
		default:
			c.Services = append(c.Services, name)
		}
	}
	if !d.frontEnd {
		d.noOned()
	}
}

// call notes that a resource has another name in the description.
func (d *draft) call(id, name string) {
	if id != name {
		d.names[id] = name
	}
}

// preferences finds the nodes that are preferred: the highest positive score of a
// domain's resources.
func (d *draft) preferences(g *given) {
	c := &d.cluster
	find := func(head string, vips []spec.VIP, services []string) (node string) {
		best := 0
		for _, e := range g.section("constraints") {
			id := e.SelectAttrValue("rsc", "")
			if name, ok := d.names[id]; ok {
				id = name
			}
			ours := id == head || slices.Contains(services, id) || slices.ContainsFunc(vips, func(v spec.VIP) bool { return v.ID == id })
			score, err := strconv.Atoi(e.SelectAttrValue("score", ""))
			if e.Tag == "rsc_location" && ours && err == nil && score > best && e.SelectAttrValue("node", "") != "" {
				best, node = score, e.SelectAttrValue("node", "")
			}
		}
		return node
	}
	c.Prefer = find(mainGroup, append([]spec.VIP{c.VIP}, c.MoreVIPs...), c.Services)
	for i, dom := range c.Domains {
		c.Domains[i].Prefer = find(dom.Name, dom.VIPs, dom.Services)
	}
}
