package chaos

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// auditPower compares who lost and got power with what the fault wants, and with what
// Pacemaker says of it. It asks again for a while: a node that was fenced has forgotten
// the history until its peers tell it.
func auditPower(ctx context.Context, r *Round, want Want) ([]string, error) {
	var nodes []string
	for _, n := range r.Cluster.Nodes {
		nodes = append(nodes, n.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, historyLimit)
	defer cancel()
	for {
		fencings, err := r.Cluster.Fencings(ctx)
		if err != nil {
			return nil, err
		}
		found := judgePower(r.Cluster.Events(r.Start), fencings, want, nodes, r.Start)
		if holder, err := r.Cluster.Active(); err != nil {
			found = append(found, err.Error())
		} else if want.Active != "" && holder.Name != want.Active {
			found = append(found, fmt.Sprintf("%s has the floating IP, want %s", holder.Name, want.Active))
		}
		if len(found) == 0 {
			return nil, nil
		}
		select {
		case <-ctx.Done():
			return found, nil
		case <-time.After(time.Second):
		}
	}
}

// historyLimit is more than peers take to tell a node what it has forgotten (30 s).
const historyLimit = 40 * time.Second

// judgePower is pure: events are those since start.
func judgePower(events []lab.Event, fencings []lab.Fencing, want Want, nodes []string, start time.Time) (found []string) {
	off, on := map[string]int{}, map[string]int{}
	for _, e := range events {
		switch {
		case e.Kind == lab.PoweredOff && byBMC(e):
			off[e.Node]++
		case e.Kind == lab.PoweredOn && byBMC(e):
			on[e.Node]++
		case e.By == lab.ByNode && !slices.Contains(want.Ended, e.Node):
			found = append(found, fmt.Sprintf("%s %s by itself", e.Node, e.Kind))
		}
	}
	told := map[string]int{}
	for _, f := range fencings {
		switch {
		case f.Status == "pending":
			found = append(found, fmt.Sprintf("Pacemaker says that a fencing of %s is under way", f.Target))
		case f.Status == "failed" && !want.Unfenced && f.Completed.After(start): // whole seconds: not before it
			found = append(found, fmt.Sprintf("a fencing of %s failed", f.Target))
		case f.Status == "success" && f.Completed.After(start.Truncate(time.Second).Add(-time.Second)): // the history has whole seconds
			told[f.Target]++
		}
	}
	for _, node := range names(off, told, want) {
		fenced, dead := count(want.Fenced, node), count(want.Dead, node)
		if off[node] != fenced {
			found = append(found, fmt.Sprintf("%s lost its power by its BMC %s, want %s", node, times(off[node]), times(fenced)))
		}
		if got := on[node] - off[node]; dead > 0 && got != dead {
			found = append(found, fmt.Sprintf("%s got back the power that it had lost %s, want %s", node, times(got), times(dead)))
		}
		if told[node] > fenced+dead || told[node] < fenced+dead && !want.Unnoted && !forgotten(events, nodes, node) {
			found = append(found, fmt.Sprintf("Pacemaker says that it fenced %s %s, want %s", node, times(told[node]), times(fenced+dead)))
		}
	}
	return found
}

// forgotten reports whether nobody can know that a node was fenced: all others have lost
// their power, or their PID 1, since.
func forgotten(events []lab.Event, nodes []string, fenced string) bool {
	last := map[string]int{} // index of the last event that cost a node its memory
	at := -1                 // of the fencing
	for i, e := range events {
		switch e.Kind {
		case lab.PoweredOff, lab.Crashed, lab.Rebooted:
			last[e.Node] = i
		}
		if e.Node == fenced && byBMC(e) {
			at = i
		}
	}
	return at >= 0 && !slices.ContainsFunc(nodes, func(n string) bool { return n != fenced && last[n] <= at })
}

// names are all nodes that somebody says something of, sorted.
func names(off, told map[string]int, want Want) []string {
	all := slices.Concat(want.Fenced, want.Dead)
	for _, m := range []map[string]int{off, told} {
		for name := range m {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

func times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
