package preview

import (
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"
)

// WithNodes returns a CIB that knows these nodes, with IDs from 1, when it knows none: a
// generated one meets its nodes only when they join.
func WithNodes(cib []byte, names []string) ([]byte, error) {
	doc, err := parse(cib)
	if err != nil {
		return nil, err
	}
	config := doc.Root().SelectElement("configuration")
	section := config.SelectElement("nodes")
	if section == nil {
		section = config.CreateElement("nodes")
	}
	if len(section.ChildElements()) > 0 {
		return cib, nil
	}
	for i, name := range names {
		n := section.CreateElement("node")
		n.CreateAttr("id", strconv.Itoa(i+1))
		n.CreateAttr("uname", name)
	}
	return doc.WriteToBytes()
}

// quorum says whether the cluster has it.
func quorum(doc *etree.Document, have bool) {
	value := "0"
	if have {
		value = "1"
	}
	doc.Root().CreateAttr("have-quorum", value)
}

// forget removes all that is known of the nodes' state: a cluster that was off.
func forget(doc *etree.Document) {
	if s := doc.Root().SelectElement("status"); s != nil {
		doc.Root().RemoveChild(s)
	}
	doc.Root().CreateElement("status")
}

// heal leaves of the status only what a healthy cluster has: where resources run, and
// the attributes that agents set. Failures are forgotten, and so is the
// history of resources that are not sure to be where it says.
func heal(doc *etree.Document) {
	status := doc.Root().SelectElement("status")
	if status == nil {
		forget(doc)
		return
	}
	for _, node := range status.ChildElements() {
		if node.Tag != "node_state" || !online(node) {
			status.RemoveChild(node) // it is probed when it joins
			continue
		}
		for _, nv := range node.FindElements("transient_attributes/instance_attributes/nvpair") {
			name := nv.SelectAttrValue("name", "")
			if strings.HasPrefix(name, "fail-count-") || strings.HasPrefix(name, "last-failure-") || slices.Contains([]string{"standby", "shutdown", "terminate"}, name) {
				nv.Parent().RemoveChild(nv)
			}
		}
		for _, r := range node.FindElements("lrm/lrm_resources/lrm_resource") {
			sound := true
			for _, op := range r.SelectElements("lrm_rsc_op") {
				if strings.HasSuffix(op.SelectAttrValue("id", ""), "_last_failure_0") {
					r.RemoveChild(op)
				} else if op.SelectAttrValue("op-status", "0") != "0" || !slices.Contains([]string{"0", "7", "8"}, op.SelectAttrValue("rc-code", "0")) {
					sound = false
				}
			}
			if !sound {
				r.Parent().RemoveChild(r)
			}
		}
	}
}

// online reports whether a node_state is of a member. From Pacemaker 2.1.7 on, it has the time
// since when instead of a word.
func online(node *etree.Element) bool {
	since := func(attr string) bool {
		n, err := strconv.ParseInt(node.SelectAttrValue(attr, ""), 10, 64)
		return err == nil && n > 0
	}
	return (isTrue(node.SelectAttrValue("in_ccm", "")) || since("in_ccm")) &&
		(node.SelectAttrValue("crmd", "") == "online" || since("crmd"))
}

// standby puts a node into standby, as crm_standby does.
func standby(doc *etree.Document, node string) {
	for _, n := range doc.Root().FindElements("configuration/nodes/node") {
		if n.SelectAttrValue("uname", "") != node {
			continue
		}
		set := n.SelectElement("instance_attributes")
		if set == nil {
			set = n.CreateElement("instance_attributes")
			set.CreateAttr("id", "nodes-"+n.SelectAttrValue("id", ""))
		}
		for _, nv := range set.SelectElements("nvpair") {
			if nv.SelectAttrValue("name", "") == "standby" {
				set.RemoveChild(nv)
			}
		}
		nv := set.CreateElement("nvpair")
		nv.CreateAttr("id", set.SelectAttrValue("id", "")+"-standby")
		nv.CreateAttr("name", "standby")
		nv.CreateAttr("value", "on")
	}
}

// failures sets the counts of failures that a simulation wrote for a resource and an
// operation: crm_simulate counts each as one, and before 3.0 a failed start, too,
// of which the cluster allows none.
func failures(doc *etree.Document, resource, operation, count string) {
	for _, nv := range doc.Root().FindElements("status/node_state/transient_attributes/instance_attributes/nvpair") {
		if strings.HasPrefix(nv.SelectAttrValue("name", ""), "fail-count-"+resource+"#"+operation+"_") {
			nv.CreateAttr("value", count)
		}
	}
}

// placement reads from the status where each resource runs: its nodes, sorted, joined with
// commas; "" when it is stopped.
func placement(doc *etree.Document, c cluster) map[string]string {
	where := map[string][]string{}
	for _, node := range doc.Root().FindElements("status/node_state") {
		if !online(node) {
			continue
		}
		for _, r := range node.FindElements("lrm/lrm_resources/lrm_resource") {
			id, _, _ := strings.Cut(r.SelectAttrValue("id", ""), ":") // an instance of a clone
			if name := node.SelectAttrValue("uname", ""); runs(r) && !slices.Contains(where[id], name) {
				where[id] = append(where[id], name)
			}
		}
	}
	placed := map[string]string{}
	for _, p := range c.services() {
		slices.Sort(where[p.id])
		placed[p.id] = strings.Join(where[p.id], ",")
	}
	return placed
}

// runs reads from the history of a resource on a node whether it runs there: by the
// last operation that tells.
func runs(r *etree.Element) (active bool) {
	last := -1
	for _, op := range r.SelectElements("lrm_rsc_op") {
		call, err := strconv.Atoi(op.SelectAttrValue("call-id", ""))
		if err != nil || call <= last || strings.HasSuffix(op.SelectAttrValue("id", ""), "_last_failure_0") {
			continue
		}
		code := op.SelectAttrValue("rc-code", "")
		switch name := op.SelectAttrValue("operation", ""); {
		case code == "7" || name == "stop" && code == "0" || name == "migrate_to" && code == "0":
			active = false
		case name == "notify" || name == "meta-data":
			continue
		default:
			active = true // also where it failed: nobody has seen it stopped
		}
		last = call
	}
	return active
}
