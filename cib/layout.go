package cib

import (
	"slices"

	"github.com/oneha/oneha/internal/spec"
)

// arrange adds the group and the constraints of a domain in the cluster's layout, and
// returns the id of the resource that all others of the domain follow.
func arrange(m *Model, layout spec.Layout, d spec.Domain) (head string) {
	switch layout {
	case spec.Group:
		return arrangeGroup(m, d)
	case spec.Colocation:
		return arrangeColocation(m, d)
	default:
		return arrangeStaged(m, d)
	}
}

// arrangeStaged starts the floating IPs, then oned, then the side services in
// parallel, all on one node.
//
// In the main domain a side service is not critical: Pacemaker (2.1.0 or later) leaves
// it stopped rather than move the floating IP and oned for its sake. It can run nowhere
// else, so reaching its migration threshold, or failing to start, means that it
// rests until its failures expire, and the others do not notice. A domain without
// oned is there for its services: it goes where they can run.
func arrangeStaged(m *Model, d spec.Domain) string {
	members := vipIDs(d)
	side := slices.DeleteFunc(slices.Clone(d.Services), func(s string) bool { return s == onedID })
	if len(side) < len(d.Services) {
		members = append(members, onedID)
		for i, p := range m.Primitives {
			if slices.Contains(side, p.ID) {
				m.Primitives[i].Meta = []spec.Option{{Name: "critical", Value: "false"}}
			}
		}
	}
	m.Groups = append(m.Groups, Group{ID: d.Name, Members: members})
	if len(side) > 0 {
		m.Colocations = append(m.Colocations, Colocation{ID: "services-with-" + d.Name, Resources: side, With: d.Name, Score: Infinity})
		m.Orders = append(m.Orders, Order{ID: "services-after-" + d.Name, First: d.Name, Then: side})
	}
	afterOned(m, d, d.Services)
	return d.Name
}

// arrangeColocation puts every service on the node of the floating IP and orders
// nothing: the form of OpenNebula's guide for CentOS.
func arrangeColocation(m *Model, d spec.Domain) string {
	head := d.VIPs[0].ID
	for _, id := range append(vipIDs(d)[1:], d.Services...) {
		m.Colocations = append(m.Colocations, Colocation{ID: id + "-with-" + head, Resources: []string{id}, With: head, Score: Infinity})
	}
	return head
}

// arrangeGroup makes one serial group of the floating IPs and the services in the
// order of the file: the form of OpenNebula's guide for Ubuntu.
func arrangeGroup(m *Model, d spec.Domain) string {
	m.Groups = append(m.Groups, Group{ID: d.Name, Members: append(vipIDs(d), d.Services...)})
	afterOned(m, d, d.Services[:1]) // the others follow it anyway, and pcs 0.11 takes no set of one group's members
	return d.Name
}

// afterOned has those services of a domain without oned wait for it where both start
// at the same time: a client that starts before oned answers may run into systemd's
// limit of starts. The order is only advisory, so that a failure or a move of oned
// does not touch the domain (docs/decisions/0014-domains.md).
func afterOned(m *Model, d spec.Domain, waiting []string) {
	if !slices.Contains(d.Services, onedID) {
		m.Orders = append(m.Orders, Order{ID: d.Name + "-after-" + onedID, First: onedID, Then: waiting, Advisory: true})
	}
}

func vipIDs(d spec.Domain) (ids []string) {
	for _, v := range d.VIPs {
		ids = append(ids, v.ID)
	}
	return ids
}
