package status

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
)

// services says which do not run as they should.
func (j *judgement) services() {
	for _, s := range j.Services {
		before := len(j.Problems)
		id := s.ID
		switch {
		case s.Blocked:
			j.fail(id+" is blocked: Pacemaker can do nothing for it", "after a failed stop the node has to be fenced; see the failed actions, then crm_resource --cleanup --resource "+id)
		case s.Failed && s.Pending == "":
			fix := "see its failed action; when it is mended: crm_resource --cleanup --resource " + id
			if j.atWork() {
				fix = "the cluster recovers it: look again in a moment"
			}
			j.fail(id+" has failed"+on(s.Nodes), fix)
		case len(s.Nodes) > 1:
			j.fail(id+" runs on "+join(s.Nodes)+" at once", "stop it on one of them by hand; find out who started it")
		case !s.Active && s.TargetRole == stopped:
			j.warn(id+" is told to be stopped (target-role=Stopped)", "crm_resource --resource "+id+" --meta --delete-parameter target-role")
		case !s.Active && !j.Quorum && j.status.NoQuorumPolicy != "ignore": // that is why
		case !s.Active && s.Role == stopped && s.Pending == "" && j.atWork() && !s.essential():
			j.warn(id+" is stopped, and the cluster is at work", "look again in a moment")
		case !s.Active && s.Role == stopped && s.Pending == "":
			j.fail(id+" is stopped", "see crm_resource --why --resource "+id)
		}
		for _, c := range s.Checks {
			switch {
			case c.By == ByMonitor && !c.Works && len(j.Failures) > 0, c.OK: // a failed action tells it
			case !c.Works && c.By == ByProbe:
				j.fail(fmt.Sprintf("%s runs on %s but does not work: %s", id, join(s.Nodes), c.Says), "see journalctl; the next monitor restarts it, if it looks as deep")
			case !c.Works && c.By == ByVIP && (j.lost(s.Nodes) || j.silent(s.Nodes...) || j.disputed(c.Where)): // no wonder
			case !c.Works && c.By == ByVIP:
				j.fail(fmt.Sprintf("%s does not answer at %s: %s", id, c.Where, c.Says), "its monitor restarts it if it hangs, and a node that hangs is fenced; else see systemctl status opennebula on "+join(s.Nodes)+", and firewalls")
			case !c.Works:
				j.fail(fmt.Sprintf("the monitor of %s on %s says: %s", id, join(s.Nodes), c.Says), "see the failed actions")
			default:
				j.warn(fmt.Sprintf("%s works, but not all of it: %s", id, c.Says), "a restart does not mend that: see its configuration, credentials and database")
			}
		}
		if !s.Managed && !j.status.Maintenance && s.Role != unknownRole {
			j.warn(id+" is not managed: nobody recovers it", "remove is-managed or maintenance when the work is done")
		}
		if s.essential() && len(j.Problems) > before && j.Problems[before].Severity == diag.Error {
			j.down = append(j.down, j.Problems[before].What)
		}
	}
}

// disputed reports whether an address is not where it should be.
func (j *judgement) disputed(ip string) bool {
	return slices.ContainsFunc(j.Addresses, func(a Address) bool { return a.IP == ip && a.conflict() != "" })
}

// atWork reports whether the DC is carrying out what it has decided.
func (j *judgement) atWork() bool { return j.DCState != "" && j.DCState != "S_IDLE" }

// lost reports whether one of the nodes is lost and not yet fenced.
func (j *judgement) lost(nodes []string) bool {
	return slices.ContainsFunc(j.Nodes, func(n Node) bool { return n.Unclean && slices.Contains(nodes, n.Name) })
}

// essential reports whether nothing works without the service.
func (s Service) essential() bool {
	return strings.HasSuffix(s.Agent, ":oned") || s.Agent == "systemd:opennebula"
}

// failures lists failed actions that still count, one for each operation.
func (j *judgement) failures() {
	for _, f := range j.Failures {
		what := fmt.Sprintf("%s of %s failed on %s", f.Task, f.Resource, f.Node)
		if !f.Time.IsZero() {
			what += " " + within(j.Time.Sub(f.Time)) + " ago"
		}
		what += ": " + f.Result
		if f.Reason != "" {
			what += " (" + f.Reason + ")"
		}
		fix := "find out why, then: "
		if slices.ContainsFunc(j.Devices, func(d Device) bool { return d.ID == f.Resource }) {
			fix = "try it: oneha fence probe; when it is mended: "
		}
		j.warn(what, fix+"crm_resource --cleanup --resource "+f.Resource)
	}
}

func (j *judgement) links() {
	for _, l := range j.Links {
		lost := slices.DeleteFunc(slices.Clone(l.Lost), func(name string) bool { // a node that is away has no link
			n, ok := j.status.Node(name)
			return ok && !n.Online || j.silent(name)
		})
		switch {
		case len(lost) > 0:
			if !j.lost(lost) {
				j.warn(fmt.Sprintf("corosync does not reach %s over link %d", join(lost), l.Number), "see cables and switches; corosync-cfgtool -s on every node")
			}
		case l.Fault && len(l.Lost) == 0:
			j.warn(fmt.Sprintf("corosync's ring %d is faulty", l.Number), "see cables and switches, then corosync-cfgtool -r")
		}
	}
}
