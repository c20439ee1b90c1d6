package timeline

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Episode is a time in which things happened, with quiet before and after.
type Episode struct {
	Title string    `json:"title"`          // what it was, in words
	Zero  time.Time `json:"zero"`           // what all seconds are counted from
	Lost  string    `json:"lost,omitempty"` // the node that was lost, "" when none was
	Steps []Step    `json:"steps"`
	Bars  []Bar     `json:"bars"` // the steps that last, for a picture
	Back  []Back    `json:"back"` // when each resource served again
	Note  string    `json:"note,omitempty"`
}

// What ends an episode: quiet, or more of it while a fencing or a start is not done.
const (
	quiet     = 2 * time.Minute
	longQuiet = 30 * time.Minute
)

// settled is how long after the end of one thing a failure is another one.
const settled = 3 * time.Second

// Episodes divides facts, of several logs in any order, into episodes, the oldest first.
func Episodes(facts []Fact, promised Promise) (all []Episode) {
	facts = slices.DeleteFunc(once(withSilence(facts)), ofDevice)
	var current []Fact
	now := newPending()
	flush := func() {
		if slices.ContainsFunc(current, func(f Fact) bool { return f.Kind != Joined && f.Kind != Suspected && f.Kind != Silent }) {
			all = append(all, episode(current, promised))
		}
		current, now = nil, newPending()
	}
	for _, f := range facts {
		if n := len(current); n > 0 && now.another(current[n-1], f) {
			flush()
		}
		current = append(current, f)
		now.note(f)
	}
	flush()
	return all
}

// pending is what has begun in an episode and not ended.
type pending struct {
	silence   bool              // corosync misses a node
	fencing   map[string]bool   // of nodes
	fenced    map[string]bool   // nodes that have not come back
	healed    bool              // one has: the loss is over, and another one is another thing
	resources map[string]string // that are started or stopped, and where
}

func newPending() pending {
	return pending{fencing: map[string]bool{}, fenced: map[string]bool{}, resources: map[string]string{}}
}

func (p *pending) note(f Fact) {
	switch f.Kind {
	case Silent, Suspected:
		p.silence = true
	case Lost:
		p.silence = false
	case Asked:
		p.fencing[f.Subject] = true
	case Starting, Stopping:
		p.resources[f.Subject] = f.Node
	case Started, StartFailed, Stopped, StopFailed:
		delete(p.resources, f.Subject)
	case Joined:
		p.healed = p.healed || p.fenced[f.Subject]
		delete(p.fenced, f.Subject)
	case Fenced: // what was about to happen there, does not
		delete(p.fencing, f.Subject)
		p.fenced[f.Subject] = true
		maps.DeleteFunc(p.resources, func(_, node string) bool { return node == f.Subject })
	}
}

// another reports whether f belongs to another episode than what was before it.
func (p *pending) another(before, f Fact) bool {
	gap := f.At.Sub(before.At)
	if len(p.fencing) > 0 {
		return gap > longQuiet
	}
	switch f.Kind {
	case Silent, Suspected, Lost: // also when the lost node's log, which would end a start, is missing
		if !p.silence && before.Kind != Lost {
			return gap > settled || p.healed && len(p.fenced)+len(p.resources) == 0
		}
	case Failed, Asked:
		switch before.Kind {
		case Started, StartFailed, Stopped, StopFailed, Joined:
			if len(p.resources) == 0 {
				return gap > settled
			}
		}
	}
	if len(p.resources) > 0 {
		return gap > longQuiet
	}
	return gap > quiet
}

// ofDevice reports whether a fact is of a fence device that is started or stopped, which
// Pacemaker runs as resources too. Its logs do not say what a resource is, so its name has to.
func ofDevice(f Fact) bool {
	if aboutNodes(f.Kind) || f.Agent != "" || f.Kind == Failed {
		return false
	}
	name := strings.ToLower(f.Subject)
	return strings.HasPrefix(name, "fence") || strings.HasPrefix(name, "stonith")
}

// withSilence adds since when corosync has heard nothing, where it says how long it has
// waited.
func withSilence(facts []Fact) []Fact {
	out := slices.Clone(facts)
	for _, f := range facts {
		if f.Kind != Suspected {
			continue
		}
		if waited, err := time.ParseDuration(f.Text); err == nil {
			out = append(out, Fact{At: f.At.Add(-waited), Kind: Silent, Node: f.Node, Source: f.Source})
		}
	}
	return out
}

// episode tells the facts of one, which are sorted.
func episode(facts []Fact, promised Promise) Episode {
	e := Episode{}
	facts = slices.DeleteFunc(facts, func(f Fact) bool {
		// A node that comes back says of all the others that they are members.
		return f.Kind == Joined && !slices.ContainsFunc(facts, func(o Fact) bool {
			return o.Subject == f.Subject && o.At.Before(f.At) && (o.Kind == Lost || o.Kind == Fenced)
		})
	})
	first := func(k Kind) (Fact, bool) {
		i := slices.IndexFunc(facts, func(f Fact) bool { return f.Kind == k })
		if i < 0 {
			return Fact{}, false
		}
		return facts[i], true
	}
	lost, isLost := first(Lost)
	silent, isSilent := first(Silent)
	if asked, ok := first(Asked); ok && !isLost {
		lost, isLost = asked, true // fenced by command, or for a failed stop
	}
	if isLost {
		e.Lost = lost.Subject
	}
	// A silence long before a loss is another one: links blink.
	if !isSilent || !isLost || silent.At.After(lost.At) || lost.At.Sub(silent.At) > quiet {
		facts = slices.DeleteFunc(facts, func(f Fact) bool { return f.Kind == Silent || f.Kind == Suspected && !isLost })
	}
	e.Zero = facts[0].At
	t := teller{facts: facts, zero: e.Zero, lost: e.Lost, promised: promised}
	e.Steps, e.Bars, e.Back = t.tell()
	e.Title = title(facts, e.Lost)
	e.Note = note(facts)
	return e
}

// note says how exact the seconds are, where they are not.
func note(facts []Fact) string {
	coarse := slices.DeleteFunc(slices.Clone(facts), func(f Fact) bool { return f.Source != SecondsLog })
	switch {
	case len(coarse) == 0:
		return ""
	case slices.ContainsFunc(coarse, func(f Fact) bool { return f.Kind != Silent && f.Kind != Suspected }):
		return "some of this is from logs that have whole seconds: the alert agent writes down more, see docs/timeline.md"
	}
	// Nobody but corosync knows these.
	return "corosync's log has whole seconds: what it says of the silence may have been up to a second later"
}

// title is what an episode was.
func title(facts []Fact, lost string) string {
	has := func(k Kind) bool { return slices.ContainsFunc(facts, func(f Fact) bool { return f.Kind == k }) }
	node := func(k Kind) bool {
		return slices.ContainsFunc(facts, func(f Fact) bool { return f.Kind == k && f.Subject == lost })
	}
	switch {
	case lost != "" && node(Lost) && node(Fenced):
		return lost + " was lost and fenced"
	case lost != "" && node(Fenced):
		return lost + " was fenced"
	case lost != "" && node(FenceFailed):
		return "the fencing of " + lost + " failed"
	case lost != "" && node(Asked):
		return "the fencing of " + lost + " did not end"
	case lost != "":
		return lost + " left"
	case has(Failed), has(StartFailed), has(StopFailed):
		i := slices.IndexFunc(facts, func(f Fact) bool { return f.Kind == Failed || f.Kind == StartFailed || f.Kind == StopFailed })
		return cmp.Or(facts[i].Subject, "a resource") + " failed on " + facts[i].Node
	case has(Stopped) && has(Started), has(Stopping) && has(Starting):
		return "resources were moved or restarted"
	case has(Started), has(Starting):
		return "resources were started"
	case has(Stopped), has(Stopping):
		return "resources were stopped"
	}
	return "something happened"
}
