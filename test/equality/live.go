package equality

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/spec"
)

// live makes of a configuration the CIB of a running cluster that has quorum and
// whose nodes are all online. crm_verify has warnings for a cluster without them,
// and ends with the same code as for errors.
func live(cib []byte, cluster spec.Cluster) ([]byte, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(cib); err != nil {
		return nil, fmt.Errorf("parse CIB: %w", err)
	}
	root := doc.Root()
	root.CreateAttr("have-quorum", "1")
	root.CreateAttr("dc-uuid", "1")
	nodes, status := root.FindElement("configuration/nodes"), root.SelectElement("status")
	if nodes == nil || status == nil {
		return nil, errors.New("parse CIB: it lacks nodes or status")
	}
	element := func(parent *etree.Element, tag string, n spec.Node) *etree.Element {
		e := parent.CreateElement(tag)
		e.CreateAttr("id", strconv.Itoa(n.ID))
		e.CreateAttr("uname", n.Name)
		return e
	}
	for _, n := range cluster.Nodes {
		element(nodes, "node", n)
		state := element(status, "node_state", n)
		state.CreateAttr("in_ccm", "true")
		state.CreateAttr("crmd", "online")
		state.CreateAttr("join", "member")
		state.CreateAttr("expected", "member")
	}
	return doc.WriteToBytes()
}
