package cib

import (
	"slices"

	"github.com/oneha/oneha/internal/spec"
)

// arrange adds the group and the constraints of the cluster's layout, and returns
// the id of the resource that all others follow.
func arrange(m *Model, c spec.Cluster) (head string) {
	switch c.Layout {
	case spec.Group:
		return arrangeGroup(m, c.Services)
	case spec.Colocation:
		return arrangeColocation(m, c.Services)
	default:
		return arrangeStaged(m, c.Services)
	}
}

// arrangeStaged starts the floating IP, then oned, then the side services in
// parallel, all on one node.
//
// A side service is not critical: Pacemaker (2.1.0 or later) leaves it stopped
// rather than move the floating IP and oned for its sake. It can run nowhere
// else, so reaching its migration threshold, or failing to start, means that it
// rests until its failures expire, and the others do not notice.
func arrangeStaged(m *Model, services []string) string {
	m.Groups = []Group{{ID: groupID, Members: []string{vipID, onedID}}}
	side := slices.DeleteFunc(slices.Clone(services), func(s string) bool { return s == onedID })
	if len(side) == 0 {
		return groupID
	}
	for i, p := range m.Primitives {
		if slices.Contains(side, p.ID) {
			m.Primitives[i].Meta = []spec.Option{{Name: "critical", Value: "false"}}
		}
	}
	m.Colocations = []Colocation{{ID: "services-with-" + groupID, Resources: side, With: groupID, Score: Infinity}}
	m.Orders = []Order{{ID: "services-after-" + groupID, First: groupID, Then: side}}
	return groupID
}

// arrangeColocation puts every service on the node of the floating IP and orders
// nothing: the form of OpenNebula's guide for CentOS.
func arrangeColocation(m *Model, services []string) string {
	for _, s := range services {
		m.Colocations = append(m.Colocations, Colocation{ID: s + "-with-" + vipID, Resources: []string{s}, With: vipID, Score: Infinity})
	}
	return vipID
}

// arrangeGroup makes one serial group of the floating IP and the services in the
// order of the file: the form of OpenNebula's guide for Ubuntu.
func arrangeGroup(m *Model, services []string) string {
	m.Groups = []Group{{ID: groupID, Members: append([]string{vipID}, services...)}}
	return groupID
}
