package status

import (
	"fmt"
	"slices"
	"strings"
)

// addresses compares what Pacemaker says with what the network says.
func (j *judgement) addresses() {
	for _, a := range j.Addresses {
		if a.Unknown != "" && len(a.Holders) == 0 {
			if a.Unknown != needsRoot {
				j.warn("where "+a.IP+" is cannot be told from here: "+a.Unknown, "ask on a node with an address on that network")
			}
			if a.Role == stopped && j.Quorum { // else that is why
				j.fail(a.IP+" is stopped", "see crm_resource --why --resource "+a.ID)
				j.down = append(j.down, a.IP+" is stopped")
			}
			continue
		}
		if a.Unknown != "" && a.Unknown != needsRoot {
			j.warn("whether another machine has "+a.IP+" too cannot be told: "+a.Unknown, "ask on the other node")
		}
		what, fix := a.conflict(), j.settle(a)
		switch {
		case what != "" && j.elsewhere(a):
			j.warn(a.IP+" is held by "+a.Holders[0].Node+", which this partition has lost: it may run everything there", "ask there, before anything is done here: oneha status")
			continue
		case what == "" && a.Role == stopped && !j.Quorum: // that is why
			continue
		case what == "" && a.Role == stopped:
			what, fix = a.IP+" is stopped: nobody has it", "see crm_resource --why --resource "+a.ID
		}
		for _, h := range a.Holders {
			if what == "" && h.Why != "" {
				what, fix = fmt.Sprintf("%s is on %s but cannot be used: %s", a.IP, h.Node, h.Why), "mend the link; the next monitor moves the address"
			}
		}
		if what != "" {
			j.fail(what, fix)
			j.down = append(j.down, what)
		}
	}
}

// elsewhere reports whether an address that Pacemaker has stopped here is held by a
// node that this partition does not see: perhaps in the partition that has quorum.
func (j *judgement) elsewhere(a Address) bool {
	return len(a.Nodes) == 0 && len(a.Holders) == 1 && slices.ContainsFunc(j.Nodes, func(n Node) bool {
		return n.Name == a.Holders[0].Node && (n.Unclean || !n.Online)
	})
}

// Roles of resources.
const (
	stopped     = "Stopped"
	unknownRole = "Unknown" // Pacemaker does not answer
)

// conflict says how what the network says differs from what Pacemaker says, "" when it
// does not.
func (a Address) conflict() string {
	var list []string
	for _, h := range a.Holders {
		if name := h.name(); !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	claim := "Pacemaker says " + join(a.Nodes)
	if len(a.Nodes) == 0 {
		claim = "Pacemaker says it is stopped"
	}
	switch {
	case len(list) == 0 && a.Unknown != "":
		return ""
	case len(list) > 1:
		return a.IP + " is held by " + join(list) + " at once: connections reach now one, now the other"
	case a.Role == unknownRole, slices.Equal(list, a.Nodes):
		return ""
	case len(list) == 0:
		return a.IP + " is held by nobody; " + claim
	}
	return a.IP + " is held by " + list[0] + "; " + claim
}

// settle says what to do about a conflict.
func (j *judgement) settle(a Address) string {
	if j.atWork() {
		return "the cluster is at work: look again in a moment"
	}
	for _, h := range a.Holders {
		switch {
		case h.Stranger:
			return "find the machine with " + h.Hardware + " (the switch knows its port) and take the address away from it"
		case h.Node == "" || slices.Contains(a.Nodes, h.Node):
		case h.Place != "":
			prefix, nic, _ := strings.Cut(h.Place, " on ")
			return "take it away here: ip address del " + prefix + " dev " + nic + "; then crm_resource --refresh --resource " + a.ID
		default:
			return "take it away on " + h.Node + ": ip address del " + a.IP + "/PREFIX dev INTERFACE; then crm_resource --refresh --resource " + a.ID
		}
	}
	return "have Pacemaker look again: crm_resource --refresh --resource " + a.ID
}

// name is the holder in words.
func (h Holder) name() string {
	switch {
	case h.Node != "":
		return h.Node
	case h.Stranger:
		return h.Hardware + " (none of the nodes)"
	case h.Hardware != "":
		return h.Hardware + " (which node that is cannot be told)"
	}
	return "this machine"
}
