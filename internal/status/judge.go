package status

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/pacemaker"
)

// judge adds what the facts mean: the problems, the verdict and its sentence. What lint
// found is in the report's problems already; noState is why Pacemaker did not say how
// the cluster is.
func judge(r *Report, s pacemaker.Status, noState error, root bool) {
	linted := r.Problems
	r.Problems = nil
	j := judgement{Report: r, status: s, root: root}
	if noState != nil {
		j.withoutState(noState)
	} else {
		j.quorum()
		j.nodes()
		j.fencing()
		j.properties()
		j.takeover()
	}
	j.addresses()
	j.services()
	j.failures()
	j.links()
	for _, u := range j.Unknown {
		j.warn(u, "see whether it hangs"+map[bool]string{false: ", and run this as root"}[j.root])
	}
	for _, f := range linted {
		if !j.said(f) {
			f.Severity = diag.Warning // it does not work less now than before
			r.Problems = append(r.Problems, f)
		}
	}
	slices.SortStableFunc(r.Problems, func(a, b diag.Finding) int { return rank(a) - rank(b) })
	j.conclude(noState)
}

func rank(f diag.Finding) int {
	if f.Severity == diag.Error {
		return 0
	}
	return 1
}

// judgement is a report on its way.
type judgement struct {
	*Report
	status pacemaker.Status
	root   bool
	down   []string // why what matters does not run, the weightiest first
}

func (j *judgement) fail(what, fix string) {
	j.Problems = append(j.Problems, diag.Finding{Severity: diag.Error, What: what, Fix: fix})
}

func (j *judgement) warn(what, fix string) {
	j.Problems = append(j.Problems, diag.Finding{Severity: diag.Warning, What: what, Fix: fix})
}

// said reports whether a finding of lint is among the problems in other words, or in
// the same.
func (j *judgement) said(f diag.Finding) bool {
	for _, p := range j.Problems {
		if p.What == f.What {
			return true
		}
	}
	for _, failed := range j.Failures {
		if strings.HasPrefix(f.What, "failures of "+failed.Resource+" ") { // the count of these
			return true
		}
	}
	return false
}

// withoutState says why there is nothing to say.
func (j *judgement) withoutState(err error) {
	switch {
	case errors.Is(err, pacemaker.ErrNoTool):
		j.fail("Pacemaker is not installed on this machine", "run this on a node of the cluster")
	case errors.Is(err, pacemaker.ErrNotConnected):
		j.fail("the cluster does not run on this node", j.howToStart())
	case errors.Is(err, pacemaker.ErrNotPermitted):
		j.fail("this user may not ask Pacemaker", "run this as root, or as a member of the group haclient, who sees less")
	default:
		j.fail("Pacemaker does not answer: its state is not known", "look at `systemctl status pacemaker corosync` and the logs of both, and ask on the other node")
	}
	for _, u := range j.Units {
		if u.Name == "opennebula.service" && u.Up && !j.up("pacemaker.service") {
			j.warn("oned runs on this node, and no cluster is in charge of it", "make sure that it runs on no other node; to hand it to the cluster stop it before the cluster is started: systemctl stop opennebula")
		}
	}
}

// up reports whether a unit of this machine is active.
func (j *judgement) up(unit string) bool {
	return slices.ContainsFunc(j.Units, func(u Unit) bool { return u.Name == unit && u.Up })
}

// howToStart is what to do about a node without a cluster, by its units.
func (j *judgement) howToStart() string {
	switch {
	case j.up("pacemaker.service") && !j.root:
		return "Pacemaker runs, and does not answer this user: run this as root"
	case j.up("pacemaker.service"):
		return "Pacemaker was just started: ask again in a moment; else see journalctl -u pacemaker"
	case j.up("corosync.service"):
		return "corosync runs and Pacemaker does not: see journalctl -u pacemaker, then systemctl start pacemaker"
	}
	return "if this node was fenced, find out why first; then: systemctl start pacemaker"
}

func (j *judgement) quorum() {
	if j.DC != "" && j.DCState == "" && !j.silent(j.DC) {
		j.warn("the DC "+j.DC+" does not answer: nothing is decided before it does, or is lost", "if it lasts, its node hangs: see it by its console; the others fence it when corosync loses it")
	}
	switch {
	case j.DC == "":
		j.fail("no DC is elected: nobody decides", "it takes some seconds after a start; else see journalctl -u corosync -u pacemaker on every node")
		if !slices.ContainsFunc(j.Services, func(s Service) bool { return s.Active }) { // it just started
			j.down = append(j.down, "no DC is elected yet: nothing runs here")
		}
	case j.Quorum:
	case j.status.NoQuorumPolicy == "ignore":
		j.warn("this partition has no quorum, and goes on without (no-quorum-policy=ignore)", "start the other nodes; see corosync-quorumtool -s")
	default:
		j.fail("this partition has no quorum: it runs nothing", "start the other nodes, or mend the network between them; see corosync-quorumtool -s")
		j.down = append(j.down, "no quorum here: this partition runs nothing")
	}
}

// nodes says what keeps nodes from taking part.
func (j *judgement) nodes() {
	for _, n := range j.Nodes {
		switch {
		case n.Unclean:
			j.unclean(n)
		case n.Pending:
			j.warn("node "+n.Name+" is joining", "if it lasts, see journalctl -u pacemaker there")
		case !n.Online:
			what, fix := "node "+n.Name+" is offline", "see whether it has power: oneha fence status "+n.Name+"; then systemctl start pacemaker there"
			if e, ok := j.fenced(n.Name); ok && e.Action == "reboot" && !e.Time.IsZero() {
				what += ": it was fenced " + within(j.Time.Sub(e.Time)) + " ago"
				fix = "it boots, and joins when Pacemaker starts there; if it does not, " + fix
			}
			j.warn(what, fix)
		case j.silent(n.Name):
			j.silence(n)
		case n.Shutdown:
			j.warn("node "+n.Name+" is leaving the cluster", "it hands over what it runs")
		}
		if n.Standby && !n.Pending { // one that is joining is shown so, too
			j.warn("node "+n.Name+" is in standby", "when the work is done, end it: crm_attribute --node "+n.Name+" --name standby --delete")
		}
		if n.Maintenance && !j.status.Maintenance {
			j.warn("node "+n.Name+" is in maintenance", "when the work is done, end it: crm_attribute --node "+n.Name+" --name maintenance --delete")
		}
	}
}

// fenced returns the last fencing of a node, if it succeeded.
func (j *judgement) fenced(node string) (pacemaker.FenceEvent, bool) {
	i := slices.IndexFunc(j.Fencing, func(e pacemaker.FenceEvent) bool { return e.Target == node })
	if i < 0 || j.Fencing[i].Status != pacemaker.FenceSuccess {
		return pacemaker.FenceEvent{}, false
	}
	return j.Fencing[i], true
}

// silence says that corosync does not hear a node: it is the cause of all that fails
// there, some seconds before the cluster calls it so.
func (j *judgement) silence(n Node) {
	what := n.Name + " does not answer: corosync reaches it over no link"
	const fix = "within seconds the cluster fences it, or this node if that is the one cut off; nothing is to be done before that has failed"
	needed := slices.ContainsFunc(j.Services, func(s Service) bool {
		return s.essential() && slices.Contains(s.Nodes, n.Name) && slices.ContainsFunc(s.Checks, func(c Check) bool { return c.By == ByVIP && !c.Works })
	})
	if !needed {
		j.warn(what, fix)
		return
	}
	j.fail(what, fix)
	j.down = append(j.down, n.Name+" does not answer; the cluster fences it within seconds")
}

// unclean says how far the fencing of a lost node is.
func (j *judgement) unclean(n Node) {
	what := "node " + n.Name + " is UNCLEAN: it has to be fenced before anything of it is taken over"
	for _, e := range j.Fencing {
		if e.Target != n.Name {
			continue
		}
		switch e.Status {
		case pacemaker.FencePending:
			j.fail("node "+n.Name+" is UNCLEAN and is being fenced ("+e.Action+")", "wait; a fence device may have a delay")
			j.down = append(j.down, n.Name+" is lost and is being fenced: takeover follows")
			return
		case pacemaker.FenceFailed:
			j.fail("node "+n.Name+" is UNCLEAN and fencing it has failed", "see its BMC: oneha fence test "+n.Name+"; when it surely has no power: stonith_admin --confirm "+n.Name)
			j.down = append(j.down, n.Name+" is lost and fencing it has failed: no takeover before it is fenced")
			return
		}
		break // the last one succeeded, and the node was lost again
	}
	if j.status.FencingDisabled {
		j.fail(what+", and fencing is disabled", "make sure that it has no power, then: stonith_admin --confirm "+n.Name)
		j.down = append(j.down, n.Name+" is lost and fencing is disabled: no takeover")
		return
	}
	if !j.Quorum {
		j.fail("node "+n.Name+" is UNCLEAN: this partition cannot tell what it does", "without quorum nothing is fenced from here; it is healthy, perhaps: ask there")
		j.down = append(j.down, n.Name+" is lost, and this partition has no quorum")
		return
	}
	j.fail(what, "if no fencing begins, see journalctl -u pacemaker on the DC")
	j.down = append(j.down, n.Name+" is lost and waits to be fenced")
}

// fencing says what keeps fencing from working when it is needed, or that it failed.
func (j *judgement) fencing() {
	if j.status.FencingDisabled {
		j.warn("fencing is disabled (stonith-enabled=false): no node that fails is taken over safely", "crm_attribute --name stonith-enabled --update true")
	} else if len(j.Devices) == 0 {
		j.warn("there is no fence device: a node that fails is not taken over", "configure one for every node")
	}
	for _, d := range j.Devices {
		switch {
		case j.silent(d.Nodes...):
		case j.failed(d.ID): // the failed action tells it
		case d.Failed:
			j.warn("fence device "+d.ID+" has failed", "try it: oneha fence probe; then: crm_resource --cleanup --resource "+d.ID)
		case !d.Active && d.Pending == "" && d.TargetRole == "Stopped":
			j.warn("fence device "+d.ID+" is switched off (target-role=Stopped): its node cannot be fenced", "crm_resource --resource "+d.ID+" --meta --delete-parameter target-role")
		case !d.Active && d.Pending == "" && j.complete() && !j.atWork():
			j.warn("fence device "+d.ID+" is stopped", "it fences all the same where Pacemaker may use it, but nobody watches it: see crm_resource --why --resource "+d.ID)
		}
	}
	seen := map[string]bool{}
	for _, e := range j.Fencing {
		if seen[e.Target] { // a later one of the same node counts
			continue
		}
		seen[e.Target] = true
		n, _ := j.status.Node(e.Target)
		if e.Status == pacemaker.FenceFailed && !n.Unclean {
			j.warn(fmt.Sprintf("the last fencing of %s failed (%s)", e.Target, e.Action), "try its device: oneha fence test "+e.Target+"; then forget it: stonith_admin --cleanup --history "+e.Target)
		}
	}
}

// complete reports whether all nodes are there. While one is not, the device that must
// avoid another one may have no place, which is no trouble of its own.
func (j *judgement) complete() bool {
	return !slices.ContainsFunc(j.Nodes, func(n Node) bool { return !n.Ready() })
}

func (j *judgement) properties() {
	if j.status.Maintenance {
		j.warn("the cluster is in maintenance mode: it recovers nothing", "when the work is done, end it: crm_attribute --name maintenance-mode --delete")
	}
	if j.status.StopAll {
		j.fail("all resources are told to stop (stop-all-resources=true)", "crm_attribute --name stop-all-resources --delete")
	}
}

// on names places, "" for none.
func on(nodes []string) string {
	if len(nodes) == 0 {
		return ""
	}
	return " on " + join(nodes)
}

// join lists words: "a, b and c".
func join(words []string) string {
	switch n := len(words); n {
	case 0:
		return "nowhere"
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}
