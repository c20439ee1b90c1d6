package status

import (
	"fmt"
	"strings"
)

// conclude puts the whole into a word and a sentence.
func (j *judgement) conclude(noState error) {
	if noState != nil {
		j.Verdict, j.Summary = Unknown, j.Problems[0].What
		return
	}
	active, ready, away := j.roles()
	share := runs(active, j.missing())
	j.Verdict, j.Summary = OK, share
	switch {
	case len(j.down) > 0:
		j.Verdict, j.Summary = Down, j.down[0]
		return
	case len(active) == 0 && len(j.Services)+len(j.Addresses) > 0:
		j.Verdict, j.Summary = Down, "nothing runs"
		return
	case len(j.Problems) > 0:
		j.Verdict = Degraded
	}
	stranded, broken := j.stranded(), j.unfenceable(active)
	switch {
	case j.status.Maintenance:
		j.Summary += "; maintenance mode: no takeover"
	case j.status.FencingDisabled && len(ready) > 0:
		j.Summary += "; fencing is disabled: no safe takeover"
	case len(stranded) > 0 && len(ready) > 0:
		j.Summary += "; " + join(ready) + " could not take over " + join(stranded)
	case len(stranded) > 0:
		j.Summary += "; no other node could take over " + join(stranded)
	case len(broken) > 0 && len(active)+len(ready) > 1:
		j.Summary += "; no safe takeover while " + join(broken) + map[bool]string{true: " fails", false: " fail"}[len(broken) == 1]
	case len(ready) > 0:
		j.Summary += "; " + join(ready) + map[bool]string{true: " is", false: " are"}[len(ready) == 1] + " ready to take over"
		if n := len(j.Problems); n > 0 {
			j.Summary += ", but " + attention(n)
		}
	case len(active) > 1:
		j.Summary += "; each can take over from the others"
	case len(away) > 0:
		j.Summary += "; " + strings.Join(away, ", ") + ": no takeover"
	}
}

func attention(n int) string {
	if n == 1 {
		return "one thing needs attention"
	}
	return fmt.Sprintf("%d things need attention", n)
}

// roles sorts the nodes: those that run something of the front-end, those that could
// take it over, and why the others could not.
func (j *judgement) roles() (active, ready, away []string) {
	runs := map[string]bool{}
	for _, s := range j.Services {
		for _, n := range s.Nodes {
			runs[n] = runs[n] || s.Active
		}
	}
	for _, a := range j.Addresses {
		for _, n := range a.Nodes {
			runs[n] = true
		}
	}
	for _, n := range j.Nodes {
		switch {
		case runs[n.Name]:
			active = append(active, n.Name)
		case n.Ready() && !n.Maintenance:
			ready = append(ready, n.Name)
		default:
			away = append(away, n.Name+" is "+n.state())
		}
	}
	return active, ready, away
}

// state is a node's state in a word.
func (n Node) state() string {
	switch {
	case n.Unclean:
		return "UNCLEAN"
	case n.Pending:
		return "joining"
	case !n.Online:
		return "offline"
	case n.Shutdown:
		return "leaving"
	case n.Standby:
		return "in standby"
	case n.Maintenance:
		return "in maintenance"
	}
	return "online"
}

// missing are the services that run nowhere.
func (j *judgement) missing() (ids []string) {
	for _, s := range j.Services {
		if !s.Active {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// runs says who runs what there is to run.
func runs(active, missing []string) string {
	what := map[bool]string{true: " runs everything", false: " share the work"}[len(active) == 1]
	switch {
	case len(active) == 0:
		return "nothing runs"
	case len(missing) > 0:
		what = map[bool]string{true: " runs all but ", false: " run all but "}[len(active) == 1] + join(missing)
	}
	return join(active) + what
}
