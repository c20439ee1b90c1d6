package adopt

import (
	"slices"
	"strconv"
	"strings"

	"github.com/oneha/oneha/internal/spec"
)

// oldNames are names of options that fence-agents still takes and its metadata call
// deprecated; the new ones mean the same (fence-agents 4.12).
var oldNames = map[string]string{
	"ipaddr": "ip", "login": "username", "passwd_script": "password_script", "passwd": "password", "secure": "ssh",
}

// hostsOf are the nodes of a fence device, with its plugs where it has them.
func hostsOf(r resource) (all []spec.Plug) {
	fields := func(s, seps string) []string {
		return strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(seps, c) })
	}
	for _, pair := range fields(r.param("pcmk_host_map"), "; \t") {
		node, plug, _ := strings.Cut(pair, ":")
		all = append(all, spec.Plug{Node: node, Plug: plug})
	}
	for _, node := range fields(r.param("pcmk_host_list"), ",; \t") {
		if !slices.ContainsFunc(all, func(p spec.Plug) bool { return p.Node == node }) {
			all = append(all, spec.Plug{Node: node})
		}
	}
	return all
}

// fencing finds the fence devices: under a node the first that is a BMC and powers off
// that node alone, the others as entries of fencing.
func (d *draft) fencing(g *given, all []resource) {
	c := &d.cluster
	own := map[string]spec.FenceDevice{}
	var entries []spec.FenceDevice
	taken := map[string]bool{}
	for _, n := range c.Nodes {
		taken[n.Name] = true
	}
	for _, r := range all {
		if r.class != "stonith" || r.group != "" {
			continue
		}
		device := spec.FenceDevice{ID: r.id, Agent: r.kind, Plugs: d.targets(g, r)}
		switch len(device.Plugs) {
		case 0:
			continue
		case 1:
			device.Target = device.Plugs[0].Node
			if device.Plugs[0].Plug == "" || oneMachine(r) {
				device.Plugs = nil
			}
		}
		device.Options = optionsOf(r)
		bmc, isBMC := spec.BMCDevice(device, c.Agents)
		_, has := own[device.Target]
		if device.Target != "" && isBMC && !has && device.Plugs == nil && isOwn(r, device.Target, all) {
			bmc.ID = "fence-" + device.Target
			d.call(r.id, bmc.ID)
			own[device.Target] = bmc
			continue
		}
		if isBMC {
			device = bmc
		}
		device.ID = r.id
		entries = append(entries, device)
	}
	for _, n := range c.Nodes {
		if device, ok := own[n.Name]; ok {
			c.Fencing = append(c.Fencing, device)
		}
	}
	for _, device := range entries {
		name := strings.TrimPrefix(strings.TrimPrefix(device.ID, "fence-"), "fence_")
		if !idForm.MatchString(name) || taken[name] {
			name = "device-" + strconv.Itoa(len(taken))
		}
		taken[name] = true
		d.call(device.ID, "fence-"+name)
		device.ID = "fence-" + name
		c.Fencing = append(c.Fencing, device)
	}
	d.levels(g)
	d.cover()
}

// isOwn reports whether a device may stand under the node that it powers off. One that
// is called fence- and something else is what an entry of fencing is called.
func isOwn(r resource, node string, all []resource) bool {
	own := "fence-" + node
	return r.id == own || !hasPrefix(r.id, "fence-") && !slices.ContainsFunc(all, func(o resource) bool { return o.class == "stonith" && o.id == own })
}

// oneMachine reports whether a device heeds no plug, so that one in its map says
// nothing.
func oneMachine(r resource) bool {
	return slices.Contains([]string{"fence_ipmilan", "fence_ilo3", "fence_ilo4", "fence_ilo5", "fence_ilo_ssh", "fence_redfish"}, r.kind)
}

// targets are the nodes that a device powers off, those of the cluster. Where it does
// not say so, the only one that it may not run on is meant.
func (d *draft) targets(g *given, r resource) (all []spec.Plug) {
	listed := hostsOf(r)
	if len(listed) == 0 {
		for _, e := range g.section("constraints") {
			score := strings.ToUpper(e.SelectAttrValue("score", ""))
			if e.Tag == "rsc_location" && e.SelectAttrValue("rsc", "") == r.id && score == "-INFINITY" {
				listed = append(listed, spec.Plug{Node: e.SelectAttrValue("node", "")})
			}
		}
		if len(listed) != 1 {
			return nil
		}
	}
	for _, n := range d.cluster.Nodes {
		for _, p := range listed {
			if p.Node == n.Name {
				all = append(all, p)
				break
			}
		}
	}
	return all
}

// optionsOf are a device's own options under their new names, sorted, without those
// that Pacemaker reads, those that a description never has, and secrets.
func optionsOf(r resource) (options []spec.Option) {
	secret := false
	for _, o := range r.params {
		if name, old := oldNames[o.Name]; old {
			o.Name = name
		}
		switch {
		case o.Value == secretValue:
			secret = secret || o.Name == "password"
			continue
		case o.Value == maskedValue:
			secret = secret || slices.Contains([]string{"password_file", "password_script"}, o.Name)
			continue
		case o.Value == "" || slices.Contains([]string{"action", "option", "delay", "plug", "port", "nodename"}, o.Name),
			slices.Contains([]string{"pcmk_host_list", "pcmk_host_map", "pcmk_delay_base", "pcmk_delay_max"}, o.Name):
			continue
		case slices.ContainsFunc(options, func(p spec.Option) bool { return p.Name == o.Name }):
			continue
		}
		options = append(options, o)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(options, func(o spec.Option) bool { return o.Name == name })
	}
	if secret && !has("password_script") && !has("password_file") {
		options = append(options, spec.Option{Name: "password_script", Value: "cat " + spec.DefaultPasswordFile})
		if hasPrefix(r.kind, "fence_bmc_") {
			options[len(options)-1] = spec.Option{Name: "password_file", Value: spec.DefaultPasswordFile}
		}
	}
	slices.SortFunc(options, func(a, b spec.Option) int { return strings.Compare(a.Name, b.Name) })
	return options
}

// levels reads the fencing topology as far as it is of nodes and devices that the
// draft has, counted as a description counts.
func (d *draft) levels(g *given) {
	c := &d.cluster
	for _, n := range c.Nodes {
		at := map[int][]string{}
		for _, e := range g.section("fencing-topology") {
			index, err := strconv.Atoi(e.SelectAttrValue("index", ""))
			if err != nil || e.SelectAttrValue("target", "") != n.Name {
				continue
			}
			for id := range strings.SplitSeq(e.SelectAttrValue("devices", ""), ",") {
				id = strings.TrimSpace(id)
				if name, ok := d.names[id]; ok {
					id = name
				}
				if slices.ContainsFunc(c.Fencing, func(f spec.FenceDevice) bool { return f.ID == id && slices.Contains(f.Nodes(), n.Name) }) {
					at[index] = append(at[index], id)
				}
			}
		}
		devices := 0
		for _, ids := range at {
			devices += len(ids)
		}
		if devices < 2 {
			continue
		}
		next := 1
		for index := range 100 {
			if len(at[index]) > 0 {
				c.Levels = append(c.Levels, spec.FenceLevel{Node: n.Name, Index: next, Devices: at[index]})
				next++
			}
		}
	}
}
