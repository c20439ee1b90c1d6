package health

import (
	"fmt"
	"slices"
	"strings"
)

// Settled is nil when every guard that answers counts the servers that the zone has and
// votes, those of the named servers left aside: the membership may then be changed again
// at no cost. Otherwise the error is an Unsettled.
func (p Picture) Settled(except ...int) error {
	v := p.view()
	if !p.Guarded || v.list == nil {
		return nil
	}
	want := ids(v.list)
	var wrong Unsettled
	for _, s := range v.of() {
		g := s.Guard.State
		switch {
		case g == nil || slices.Contains(except, s.ID):
		case g.Idle != "":
			wrong.Wait = append(wrong.Wait, fmt.Sprintf("the guard of %s takes no part: %s", s.Name, g.Idle))
		case len(g.Pending) > 0 || !slices.Equal(slices.Sorted(slices.Values(g.Servers)), want):
			wrong.Disagree = append(wrong.Disagree, fmt.Sprintf("the guard of %s counts the servers %s, and the zone has %s", s.Name, words(g.Servers), words(want)))
		case g.Lease.QuietMS > 0:
			wrong.Wait = append(wrong.Wait, fmt.Sprintf("the guard of %s started a moment ago and does not vote yet", s.Name))
		}
	}
	if len(wrong.Wait) == 0 && len(wrong.Disagree) == 0 {
		return nil
	}
	return wrong
}

// Unsettled is why a zone had better not be changed again.
type Unsettled struct {
	Wait     []string // it costs the floating IP
	Disagree []string // guards that differ by two servers do not share a majority
}

func (u Unsettled) Error() string {
	return strings.Join(append(slices.Clone(u.Disagree), u.Wait...), "; ") + ": see oneha raft status"
}
