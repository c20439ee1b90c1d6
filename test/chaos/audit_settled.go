package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/test/lab"
)

// auditSettled asks every node how it sees the cluster, and looks at the failed actions that
// were cleaned up.
func auditSettled(ctx context.Context, r *Round, want Want) (found []string, err error) {
	for _, f := range unexplained(r.failed, want.Failures) {
		found = append(found, "a failed action that is not the fault's: "+f)
	}
	holder, err := r.Cluster.Active()
	if err != nil {
		return found, err
	}
	fences := map[string]string{} // target of each device that the description has
	for _, d := range r.Cluster.Spec.Fencing {
		fences[d.ID] = d.Target
	}
	for _, n := range r.Cluster.Nodes {
		status, err := n.Status(ctx)
		if err != nil {
			return found, err
		}
		for _, what := range judgeSettled(status, len(r.Cluster.Nodes), holder.Name, fences) {
			found = append(found, n.Name+" sees "+what)
		}
	}
	return found, nil
}

// unexplained are the failed actions of which none of the names is the begin.
func unexplained(failed, names []string) []string {
	return slices.DeleteFunc(slices.Clone(failed), func(f string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(f, name) })
	})
}

// judgeSettled finds what is not as it was when the cluster came up: everything runs on
// the node that has the floating IP, and fence devices on any but their targets.
func judgeSettled(s lab.Status, nodes int, holder string, fences map[string]string) (found []string) {
	if why := s.Unsettled(); why != "" {
		found = append(found, why)
	}
	if len(s.Nodes) != nodes {
		found = append(found, fmt.Sprintf("%d nodes, want %d", len(s.Nodes), nodes))
	}
	if !s.Quorum {
		found = append(found, "no quorum")
	}
	for _, n := range s.Nodes {
		if n.Standby {
			found = append(found, n.Name+" in standby")
		}
	}
	for _, f := range s.Failures {
		found = append(found, "a failed action: "+f)
	}
	for _, r := range s.Resources {
		target, fence := fences[r.ID]
		switch {
		case !r.Managed:
			found = append(found, r.ID+" unmanaged")
		case r.Disabled:
			found = append(found, r.ID+" disabled")
		case fence && len(r.Nodes) == 1 && r.Nodes[0] == target:
			found = append(found, fmt.Sprintf("%s on %s, which it fences", r.ID, target))
		case strings.HasPrefix(r.Agent, "ocf:") && (len(r.Nodes) != 1 || r.Nodes[0] != holder):
			found = append(found, fmt.Sprintf("%s on %s, and the floating IP on %s", r.ID, strings.Join(r.Nodes, " and "), holder))
		}
	}
	return found
}
