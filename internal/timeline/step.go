package timeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/preview"
)

// Step is one line of a timeline.
type Step struct {
	At      time.Time `json:"at"`
	After   float64   `json:"after"` // seconds since the episode's zero
	Kind    Kind      `json:"kind"`
	Subject string    `json:"subject,omitempty"`
	Node    string    `json:"node,omitempty"`
	Words   string    `json:"words"`
	Took    *float64  `json:"took,omitempty"` // seconds, of what this ends; nil when it ends nothing
	Plan    *Expected `json:"plan,omitempty"` // what was promised for that
	Bad     bool      `json:"bad,omitempty"`  // a failure
	Source  Source    `json:"source"`
}

// Bar is something that lasted, for the picture.
type Bar struct {
	Lane  string    `json:"lane"`  // what it is of
	Kind  string    `json:"kind"`  // detect, fence, stop, start
	Begin float64   `json:"begin"` // seconds since zero
	End   float64   `json:"end"`
	Plan  *Expected `json:"plan,omitempty"`
	Bad   bool      `json:"bad,omitempty"`
	Words string    `json:"words"`
}

// Back is when a resource served again.
type Back struct {
	Resource string    `json:"resource"`
	Node     string    `json:"node"`
	After    float64   `json:"after"` // seconds since zero
	Plan     *Expected `json:"plan,omitempty"`
}

// teller makes the steps of an episode.
type teller struct {
	facts    []Fact
	zero     time.Time
	lost     string
	promised Promise
}

func (t teller) tell() (steps []Step, bars []Bar, back []Back) {
	steps, bars, back = []Step{}, []Bar{}, []Back{}
	for i, f := range t.facts {
		if t.implied(f) {
			continue
		}
		s := Step{At: f.At, After: round(f.At.Sub(t.zero)), Kind: f.Kind, Subject: f.Subject, Node: f.Node, Words: t.words(f), Source: f.Source}
		s.Bad = f.Kind == Failed || f.Kind == StartFailed || f.Kind == StopFailed || f.Kind == FenceFailed
		begin, plan, kind := t.ends(i)
		if begin != nil {
			s.Plan = plan
			took := round(cmp.Or(f.Took, f.At.Sub(begin.At))) // by one clock, where it is told
			s.Took = &took
			if kind != "" {
				bars = append(bars, Bar{Lane: f.Subject, Kind: kind, Begin: round(begin.At.Sub(t.zero)), End: s.After, Plan: plan, Bad: s.Bad, Words: s.Words})
			}
		}
		steps = append(steps, s)
		if f.Kind == Started {
			back = slices.DeleteFunc(back, func(b Back) bool { return b.Resource == f.Subject })
			back = append(back, Back{Resource: f.Subject, Node: f.Node, After: s.After, Plan: t.backPlan(f.Subject)})
		}
	}
	return steps, bars, back
}

// backPlan is what was promised for the return of a resource after a node was lost. It
// counts from the loss, which corosync's log knows; without that the seconds begin when the
// loss was noticed.
func (t teller) backPlan(resource string) *Expected {
	s, ok := t.promised.back(resource, t.lost)
	switch t.facts[0].Kind {
	case Silent:
		return expected(s, ok)
	case Lost:
		noticed, known := t.promised.noticed()
		return expected(preview.Span{Typical: s.Typical - noticed.Typical, Worst: s.Worst - noticed.Worst}, ok && known)
	}
	return nil
}

// implied reports whether another step says the same better: that a start has begun, when
// its end is known.
func (t teller) implied(f Fact) bool {
	switch f.Kind {
	case Starting, Stopping:
		return slices.ContainsFunc(t.facts, func(o Fact) bool {
			done := o.Kind == Started || o.Kind == StartFailed
			if f.Kind == Stopping {
				done = o.Kind == Stopped || o.Kind == StopFailed
			}
			return done && o.Subject == f.Subject && o.Node == f.Node && !o.At.Before(f.At)
		})
	}
	return false
}

// ends is what a fact ends, with what was promised for it, and the kind of its bar; "" for
// none.
func (t teller) ends(i int) (begin *Fact, plan *Expected, kind string) {
	f := t.facts[i]
	before := func(same func(Fact) bool, kinds ...Kind) *Fact {
		for j := i - 1; j >= 0; j-- {
			if slices.Contains(kinds, t.facts[j].Kind) && same(t.facts[j]) {
				return &t.facts[j]
			}
		}
		return nil
	}
	anybody := func(Fact) bool { return true }
	itself := func(o Fact) bool { return o.Subject == f.Subject && (aboutNodes(f.Kind) || o.Node == f.Node) }
	switch f.Kind {
	case Lost:
		if begin = before(anybody, Silent, Suspected); begin != nil {
			begin = t.earliest(begin, Silent, Suspected)
		}
		if begin != nil && begin.Kind == Silent {
			plan = expected(t.promised.noticed())
		}
		return begin, plan, "detect"
	case Asked:
		return before(itself, Lost), expected(t.promised.line("", preview.Decide)), "decide"
	case Off:
		return before(itself, Switching), nil, ""
	case Fenced, FenceFailed:
		if begin = before(itself, Asked); begin != nil {
			return begin, expected(t.promised.line(f.Subject, preview.Delay, preview.Fence)), "fence"
		}
		// Who asked is in Pacemaker's log alone.
		return before(itself, Lost), expected(t.promised.line(f.Subject, preview.Decide, preview.Delay, preview.Fence)), "fence"
	case Started, StartFailed:
		return before(itself, Starting), expected(t.promised.line(f.Subject, preview.Recover)), "start"
	case Stopped, StopFailed:
		return before(itself, Stopping), expected(t.promised.line(f.Subject, preview.Stop)), "stop"
	}
	return nil, nil, ""
}

// earliest is the first fact of the best of the kinds that there is.
func (t teller) earliest(or *Fact, kinds ...Kind) *Fact {
	for _, k := range kinds {
		if i := slices.IndexFunc(t.facts, func(f Fact) bool { return f.Kind == k }); i >= 0 {
			return &t.facts[i]
		}
	}
	return or
}

// words tell a fact to a person.
func (t teller) words(f Fact) string {
	why := ""
	if f.Text != "" && f.Kind != Delayed && f.Kind != Suspected {
		why = ": " + f.Text
	}
	action := cmp.Or(f.Action, "fencing")
	switch f.Kind {
	case Silent:
		return "nothing is heard of a node any more (by corosync's clock)"
	case Suspected:
		return "corosync on " + f.Node + " misses a node"
	case Lost:
		return f.Subject + " is lost to the cluster"
	case Joined:
		return f.Subject + " is a member again"
	case Asked:
		return fmt.Sprintf("fencing of %s is started (%s)", f.Subject, action)
	case Delayed:
		return fmt.Sprintf("its device waits %s first, to protect %s in a race", f.Text, f.Subject)
	case Switching:
		return "the BMC of " + f.Subject + " is asked, by " + f.Node
	case Off:
		return f.Subject + " is seen off"
	case Fenced:
		return "fencing of " + f.Subject + " is confirmed"
	case FenceFailed:
		return "fencing of " + f.Subject + " failed" + why
	case Failed:
		return f.Subject + " failed on " + f.Node + why
	case Stopping:
		return f.Subject + " is being stopped on " + f.Node
	case Stopped:
		return f.Subject + " is stopped on " + f.Node
	case StopFailed:
		return f.Subject + " does not stop on " + f.Node + why
	case Starting:
		return f.Subject + " is being started on " + f.Node
	case AddressSet:
		return f.Subject + " is set on " + f.Node
	case StartFailed:
		return f.Subject + " does not start on " + f.Node + why
	case Started:
		switch {
		case isVIP(f):
			return "floating IP " + f.Subject + " is on " + f.Node + " and announced"
		case cmp.Or(f.Agent, f.Subject) == "oned":
			return "oned answers on " + f.Node
		}
		return f.Subject + " is back on " + f.Node
	}
	return string(f.Kind)
}

// isVIP reports whether the resource is a floating IP: by its agent, or where only a log of
// Pacemaker's is left, by its name.
func isVIP(f Fact) bool {
	if f.Agent != "" {
		return f.Agent == "vip"
	}
	return strings.HasPrefix(strings.ToLower(f.Subject), "vip")
}
