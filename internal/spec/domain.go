package spec

import (
	"fmt"
	"slices"
)

// domain is a failover domain with the places that later checks point at.
type domain struct {
	Domain
	at   place
	vips []vip
}

const maxDomains = 16 // as many as nodes, so that each may have one

// domains reads the failover domains beside the main one.
func (r *reader) domains(v value, nodes []node) (domains []domain) {
	form := "NAME: {vip: ADDRESS/PREFIX, services: [SERVICE]} for each domain"
	if !r.isMap(v, "domains", form) {
		return nil
	}
	if len(v.fields) > maxDomains {
		r.error(v.at, fmt.Sprintf("%d domains are too many", len(v.fields)), fmt.Sprintf("give at most %d", maxDomains))
		return nil
	}
	for _, f := range v.fields {
		if f.unnamed() {
			continue
		}
		label := "domain " + clip(f.key)
		switch {
		case !idName.MatchString(f.key):
			r.error(f.at, fmt.Sprintf("domain name %q", clip(f.key)), "use letters, digits, - and _, the first a letter")
		case f.value.kind == null:
			r.error(f.at, label+" has no value", "write {vip: ADDRESS/PREFIX, services: [SERVICE]}")
		case r.isMap(f.value, label, "{vip: ADDRESS/PREFIX, services: [SERVICE]}"):
			domains = append(domains, r.domain(f, label, nodes))
		}
	}
	return domains
}

func (r *reader) domain(f field, label string, nodes []node) domain {
	s := r.section("domains.*", label, f.value)
	d := domain{Domain: Domain{Name: f.key}, at: f.at}
	d.vips = r.vips(s.need("vip", "add vip: ADDRESS/PREFIX; without one its services could not be found"), "vip of "+label, f.key+"-vip")
	d.VIPs = addressesOf(d.vips)
	list := s.need("services", "add services: with what runs in it")
	d.Services, _ = r.serviceList(list, "services of "+label)
	if slices.Contains(d.Services, defaultService) {
		r.error(r.running[defaultService], "oned is a service of "+label, "oned runs in the main domain, with the top level's vip; remove it here")
	}
	d.Prefer = r.prefer(s.get("prefer"), "prefer of "+label, nodes)
	return d
}

func addressesOf(vips []vip) (all []VIP) {
	for _, v := range vips {
		all = append(all, v.VIP)
	}
	return all
}

// mainGroup is the id of the main domain's group.
const mainGroup = "frontend"

// checkIDs reports names of the file's that would be ids of two resources.
// Services are the first to have theirs: there is no choice in them.
func (r *reader) checkIDs(vips []vip, domains []domain) {
	owner := map[string]string{mainGroup: "the group of the main services"}
	for _, name := range serviceNames() {
		owner[name] = "a service"
	}
	claim := func(id string, at place, what string) {
		taken := owner[id]
		if generatedID.MatchString(id) {
			taken = "something generated"
		}
		if taken != "" {
			r.error(at, fmt.Sprintf("%s has the name %q, which is that of %s", what, clip(id), taken), "choose another name")
			return
		}
		owner[id] = what
	}
	for _, d := range domains {
		claim(d.Name, d.at, "domain "+clip(d.Name))
	}
	for _, v := range vips {
		at := v.at
		if v.named != (place{}) {
			at = v.named
		}
		claim(v.ID, at, "a VIP")
	}
}

// checkEntryNames reports entries of fencing that are called like a node, whose
// BMC has that name.
func (r *reader) checkEntryNames(nodes []node, entries []entry) {
	for _, e := range entries {
		if slices.ContainsFunc(nodes, func(n node) bool { return n.name == e.name }) {
			r.error(e.at, fmt.Sprintf("fencing %s has the name of a node", clip(e.name)), "choose another name, such as that of the device; the node's own bmc goes under the node")
		}
	}
}
