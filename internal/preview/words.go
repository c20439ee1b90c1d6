package preview

import (
	"fmt"
	"slices"
	"strings"
)

// times says how often.
func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// words says an outcome.
func (p *play) words(f Failure, o *Outcome) {
	o.Blocked = o.Blocked || !f.Quorate && len(o.Fenced) == 0 && idle(o.Runs) || p.leftFailed(f, o)
	if f.Kind == LinkCut && len(f.Nodes) == 0 {
		o.Words, o.Why = p.raceWords(f)
		return
	}
	var says []string
	says = append(says, p.fencingWords(f, o)...)
	for _, m := range byNode(o.Runs, o.inOrder(o.Moved)) {
		if len(o.Fenced) == 1 && len(says) == 1 && m.node == p.survivor(f, o) {
			says[0] += " and takes over " + and(m.names)
			continue
		}
		says = append(says, fmt.Sprintf("%s %s to %s", and(m.names), verb(len(m.names), "move"), m.node))
	}
	says = append(says, p.restartWords(f, o)...)
	var started []string
	for _, r := range p.cluster.services() {
		if o.Before[r.id] == "" && o.Runs[r.id] != "" {
			started = append(started, r.id)
		}
	}
	for _, m := range byNode(o.Runs, o.inOrder(started)) {
		says = append(says, fmt.Sprintf("%s %s on %s", and(m.names), verb(len(m.names), "start"), m.node))
	}
	if promoted := o.promoted(); len(promoted) > 0 {
		says = append(says, and(promoted))
	}
	switch stopped := p.ids(o.Stopped); {
	case len(stopped) == 0:
	case o.Blocked && !f.Quorate:
		says = append(says, fmt.Sprintf("%s %s stopped", and(stopped), are(len(stopped))))
	case o.Blocked:
		says = append(says, fmt.Sprintf("%s %s down", and(stopped), verb(len(stopped), "stay")))
	default:
		says = append(says, fmt.Sprintf("%s %s stopped", and(stopped), verb(len(stopped), "stay")))
	}
	if p.leftFailed(f, o) {
		says = append(says, f.Subject+" is left as it is, failed")
	}
	var same []string
	for _, r := range p.cluster.services() {
		if r.id == f.Subject && o.Blocked {
			continue
		}
		if o.Runs[r.id] != "" && o.Runs[r.id] == o.Before[r.id] && !o.starts(r.id) {
			same = append(same, r.id)
		}
	}
	switch {
	case len(says) == 0 && idle(o.Runs):
		says = append(says, "nothing starts")
	case len(says) == 0:
		says = append(says, "nothing changes")
	case len(same) > 0:
		says = append(says, "the rest is not touched")
	}
	o.Words, o.Why = strings.Join(says, "; "), p.why(f, o)
}

// leftFailed reports whether a resource that cannot be stopped stays like that.
func (p *play) leftFailed(f Failure, o *Outcome) bool {
	return f.Kind == StopFailed && len(o.Fenced) == 0 && len(o.transitions) > 0 && o.Runs[f.Subject] != ""
}

// raceWords says what a cut link does when no delay decides.
func (p *play) raceWords(f Failure) (words, why string) {
	switch {
	case f.Device:
		return "the quorum device keeps one of them, which fences the other", "which one, it chooses"
	case !p.cluster.fences():
		return "both go on, each with everything", "fencing is off: two write at the same time"
	case !f.Quorate:
		return "both stop everything", "neither has a majority"
	}
	return "each fences the other: one survives, or none", "no delay decides the race"
}

// fencingWords says who is fenced by whom.
func (p *play) fencingWords(f Failure, o *Outcome) []string {
	if len(o.Fenced) == 0 {
		if lost := p.unfenced(f, o); len(lost) > 0 && o.Blocked && f.Quorate {
			return []string{"nobody can fence " + and(lost)}
		}
		return nil
	}
	by := ""
	if methods := p.cluster.methods(o.Fenced[0]); f.Kind == BMCDead && len(methods) > 1 {
		by = " by " + and(methods[1])
	}
	if s := p.survivor(f, o); s != "" && len(o.Fenced) == 1 {
		return []string{s + " fences " + o.Fenced[0] + by}
	}
	return []string{fmt.Sprintf("%s %s fenced%s", and(o.Fenced), are(len(o.Fenced)), by)}
}

// survivor is the node that is left when one is.
func (p *play) survivor(f Failure, o *Outcome) string {
	var left []string
	for _, n := range p.cluster.nodes {
		gone := slices.Contains(o.Fenced, n)
		switch f.Kind {
		case NodeLost, NodesLost, BMCDead, LinkCut:
			gone = gone || slices.Contains(f.Nodes, n)
		case IsolatedBoot:
			gone = gone || n != f.Subject
		}
		if !gone {
			left = append(left, n)
		}
	}
	if len(left) != 1 {
		return ""
	}
	return left[0]
}

// unfenced are the lost nodes that nobody switches off.
func (p *play) unfenced(f Failure, o *Outcome) []string {
	if f.Kind != NodeLost && f.Kind != NodesLost && f.Kind != BMCDead && f.Kind != LinkCut {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(f.Nodes), func(n string) bool { return slices.Contains(o.Fenced, n) })
}

// restartWords says what is started again where it ran: first what failed, then what
// needs it.
func (p *play) restartWords(f Failure, o *Outcome) (says []string) {
	with := o.inOrder(o.Restart)
	if i := slices.Index(with, f.Subject); i >= 0 {
		with = slices.Delete(with, i, i+1)
		says = append(says, fmt.Sprintf("%s is restarted on %s", f.Subject, o.Runs[f.Subject]))
		if len(with) > 0 {
			says[0] += ", and with it " + and(with)
		}
		return says
	}
	if len(with) > 0 {
		says = append(says, fmt.Sprintf("%s %s restarted", and(with), are(len(with))))
	}
	return says
}

// promoted says which resources are promoted where.
func (o *Outcome) promoted() (says []string) {
	for _, t := range o.transitions {
		for _, a := range t {
			if a.op == "promote" {
				says = append(says, fmt.Sprintf("%s is promoted on %s", a.resource, a.node))
			}
		}
	}
	return unique(says)
}

// why gives the reason where an outcome is not what one hopes for.
func (p *play) why(f Failure, o *Outcome) string {
	res, _ := p.cluster.primitive(f.Subject)
	onResource := res.id != ""
	policy := p.cluster.property("no-quorum-policy")
	unfenced := p.unfenced(f, o)
	switch {
	case f.Kind == LinkCut && len(o.Fenced) > 0:
		return "the fencing of " + p.other(o.Fenced[0]) + " waits longer"
	case onResource && o.Before[f.Subject] == "":
		return f.Subject + " does not run in a healthy cluster"
	case onResource && len(res.monitors()) == 0:
		return f.Subject + " has no recurring monitor: nobody notices"
	case f.Kind == BothBoot && !idle(o.Runs):
		return "counted from when Pacemaker starts on them"
	case isTrue(p.cluster.property("maintenance-mode")):
		return "maintenance-mode is on: the cluster looks on"
	case f.Kind == IsolatedBoot && len(o.Fenced) > 0 && !f.Quorate:
		return fmt.Sprintf("no-quorum-policy is %s: a node that sees nobody fences its healthy %s", policy, plural(len(o.Fenced), "peer"))
	case f.Kind == IsolatedBoot && len(o.Fenced) > 0:
		return "the quorum device votes for it, and whom it does not see, it fences"
	case f.Kind == IsolatedBoot && !f.Quorate && !idle(o.Runs):
		return "without quorum and without fencing, the other nodes may run the same"
	case f.Kind == IsolatedBoot && o.Blocked:
		return f.Subject + " has no quorum until it has seen " + or(slices.DeleteFunc(slices.Clone(p.cluster.nodes), func(n string) bool { return n == f.Subject }))
	case f.Kind == NodesLost && o.Blocked:
		return "what is left is no majority, and waits for a node to come back"
	case p.leftFailed(f, o):
		reason := "its stop may only block"
		if !p.cluster.fences() {
			reason = "fencing is off"
		}
		return fmt.Sprintf("%s: what cannot be stopped is started nowhere else, until a person has stopped it and says `crm_resource --cleanup --resource %s`", reason, f.Subject)
	case o.Blocked:
		return fmt.Sprintf("nothing is started until %s is seen off, or a person has made sure of it and says `stonith_admin --confirm %s`", and(unfenced), strings.Join(unfenced, " "))
	case len(unfenced) > 0 && !p.cluster.fences() && len(o.Moved) > 0:
		return fmt.Sprintf("fencing is off: nobody makes sure that %s is off, and two may write", and(unfenced))
	case f.Kind == BMCDead && len(o.Fenced) > 0 && len(p.cluster.methods(f.Subject)) > 1:
		return and(p.cluster.methods(f.Subject)[0]) + " is tried first, and does not answer"
	case onResource && slices.Contains(o.Stopped, f.Subject):
		if t := res.meta["failure-timeout"]; t != "" && t != "0" {
			return fmt.Sprintf("%s may run nowhere else; it is tried again when its failures are forgotten, after %s", f.Subject, t)
		}
		return fmt.Sprintf("%s may run nowhere else, until somebody says `crm_resource --cleanup --resource %s`", f.Subject, f.Subject)
	case f.Kind == StopFailed && len(o.Fenced) > 0:
		return "only switching the node off proves that " + f.Subject + " is stopped"
	}
	return ""
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// idle reports whether nothing runs.
func idle(runs map[string]string) bool {
	for _, nodes := range runs {
		if nodes != "" {
			return false
		}
	}
	return true
}

// placed are resources on a node.
type placed struct {
	node  string
	names []string
}

// byNode groups resources by their node, in the order of the resources.
func byNode(runs map[string]string, resources []string) (list []placed) {
	for _, r := range resources {
		node := and(split(runs[r]))
		i := slices.IndexFunc(list, func(p placed) bool { return p.node == node })
		if i < 0 {
			i, list = len(list), append(list, placed{node: node})
		}
		list[i].names = append(list[i].names, r)
	}
	return list
}

// inOrder sorts resources as they are started, those at the same time by their place
// in the CIB.
func (o *Outcome) inOrder(resources []string) []string {
	depth := map[string]int{}
	for _, t := range o.transitions {
		for i, d := range t.depths() {
			if t[i].op == "start" {
				depth[t[i].resource] = max(depth[t[i].resource], d)
			}
		}
	}
	list := slices.Clone(resources)
	slices.SortStableFunc(list, func(a, b string) int {
		if depth[a] != depth[b] {
			return depth[a] - depth[b]
		}
		return o.rank[a] - o.rank[b]
	})
	return list
}

// ids sorts resources by their place in the CIB.
func (p *play) ids(resources []string) (list []string) {
	for _, r := range p.cluster.services() {
		if slices.Contains(resources, r.id) {
			list = append(list, r.id)
		}
	}
	return list
}
