package hypervisor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/remote"
	"github.com/oneha/oneha/internal/vmha/recovery"
)

// Gatherer finds out what the hypervisors and the front-ends know.
type Gatherer struct {
	Visitor
	Here       remote.Host // this front-end
	FrontEnds  []string    // others on which oned may have run before, by name
	Datastores string      // /var/lib/one/datastores, on all machines
	Incidents  string      // where the host error hook keeps what it did
	// Whole asks about one machine with all of its history, Stays about the records of all
	// that were not closed before since.
	Whole func(ctx context.Context, id int) (one.WholeVM, error)
	Stays func(ctx context.Context, since time.Time, do func(id int, s one.Stay)) error
}

// Look asks about machines that wait, and sets their facts. What could not be asked is
// in the notes, a line each, and unknown.
func (g Gatherer) Look(ctx context.Context, hosts []one.Host, cases []Case) (notes []string) {
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	for _, err := range g.histories(ctx, cases) {
		note("%v", err)
	}
	questions, front := map[string]Question{}, Question{}
	for i := range cases {
		cases[i].ask(questions, &front, g.Datastores)
	}
	// The other front-ends are visited beside the hosts; one may be both.
	for _, name := range g.FrontEnds {
		q := questions[name]
		questions[name] = q
	}
	var here Report
	var all sync.WaitGroup
	all.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, g.Limit)
		defer cancel()
		here = ask(ctx, g.Here, front)
	})
	reports := g.Visit(ctx, questions)
	all.Wait()
	fronts := []Report{here}
	if here.Err != nil {
		note("this machine: %v", here.Err)
	}
	for _, name := range g.FrontEnds {
		fronts = append(fronts, reports[name])
	}
	for _, name := range slices.Sorted(maps.Keys(reports)) {
		if err := reports[name].Err; err != nil {
			note("%v", err)
		}
	}
	power, problems := g.power(hosts, reports)
	notes = append(notes, problems...)
	for i := range cases {
		cases[i].learn(reports, fronts, power, g.Datastores)
	}
	slices.Sort(notes)
	return notes
}

// power is what is known of the hosts: that they answer; that they do not, neither to
// us nor to the monitoring; or, when the host error hook has seen it since the
// monitoring last heard of them, that they are off.
func (g Gatherer) power(hosts []one.Host, reports map[string]Report) (map[string]recovery.Power, []string) {
	power := map[string]recovery.Power{}
	var notes []string
	for _, h := range hosts {
		r, visited := reports[h.Name]
		switch {
		case visited && r.Err == nil:
			power[h.Name] = recovery.HostUp
		case !visited:
			power[h.Name] = Power(h.State)
		case !silent(r.Err):
			power[h.Name] = recovery.HostUnasked
		case Power(h.State) == recovery.HostSilent:
			power[h.Name] = recovery.HostSilent
			at, err := FencedAt(g.Incidents, h.ID, h.Name)
			if err != nil {
				notes = append(notes, err.Error())
			}
			if seen := h.Seen(); !at.IsZero() && !seen.IsZero() && at.After(seen) {
				power[h.Name] = recovery.HostOff
			}
		}
	}
	return power, notes
}

// silent reports that nothing at all came back from a host. One that refuses a
// connection or a key is alive.
func silent(err error) bool {
	return errors.Is(err, remote.ErrUnreachable) && slices.ContainsFunc([]string{"timed out", "No route to host", "Host is down", noAnswer},
		func(sign string) bool { return strings.Contains(err.Error(), sign) })
}

// Power is what oned's monitoring says of a host's power: that it answers, or that
// it does not. It never proves that a host is off.
func Power(s one.HostState) recovery.Power {
	switch s {
	case one.HostMonitored, 1:
		return recovery.HostUp
	case one.HostError, one.HostOffline, 5:
		return recovery.HostSilent
	}
	return recovery.HostUnasked
}

// Defaults of a visit.
const (
	Limit    = 20 * time.Second
	Parallel = 16
)
