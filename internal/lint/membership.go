package lint

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/oneha/oneha/internal/diag"
)

// membership reports a machine whose facts were given and that the cluster does not
// know: it was the wrong one to look at, or its name was changed.
func membership(w *world, r *report) {
	names := w.memberNames()
	if len(names) == 0 {
		return
	}
	for _, n := range []*Node{w.Node, w.Peer} {
		if n == nil || containsFold(names, n.Name) {
			continue
		}
		if meant := w.atAddress(n); meant != "" {
			r.as(diag.Warning, n.place(), fmt.Sprintf("this machine is called %s, and has the address of node %s: pcs and crm look for it by a name that the cluster does not know", clip(n.Name), clip(meant)),
				"hostnamectl set-hostname "+clip(meant))
			continue
		}
		r.add(n.place(), fmt.Sprintf("%s is no node of the cluster; the nodes are %s", clip(n.Name), and(names)), "")
	}
}

// memberNames are the nodes that anything given names, sorted; none while some go by
// their addresses alone.
func (w *world) memberNames() (names []string) {
	for _, s := range w.sides {
		if len(s.nodes) == 0 || s.cib == nil && len(s.nodes) < len(s.corosync.nodes) {
			continue
		}
		for _, n := range append(slices.Clone(s.nodes), s.remotes...) {
			if !containsFold(names, n) {
				names = append(names, n)
			}
		}
	}
	slices.Sort(names)
	return names
}

// atAddress returns the node whose corosync address the machine holds.
func (w *world) atAddress(n *Node) string {
	for _, s := range w.sides {
		if s.corosync == nil {
			continue
		}
		for _, node := range s.corosync.nodes {
			for _, ring := range node.rings {
				a, err := netip.ParseAddr(ring.value)
				if _, held := n.has(a.String()); err == nil && held && node.name != "" {
					return node.name
				}
			}
		}
	}
	return ""
}
