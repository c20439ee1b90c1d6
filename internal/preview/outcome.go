package preview

import (
	"slices"
	"time"
)

// Outcome is what one failure does, by Pacemaker's own scheduler. Fence devices are not
// among its resources: where they are started means nothing for what they can do.
type Outcome struct {
	Failure string            `json:"failure"`       // id of the Failure, such as node-lost:one-server1
	Title   string            `json:"title"`         // what fails, in words
	Words   string            `json:"words"`         // what happens, in words
	Fenced  []string          `json:"fenced"`        // nodes, sorted; never nil
	Before  map[string]string `json:"before"`        // node of each resource before the failure, "" when it is stopped; of a clone all nodes, with commas
	Runs    map[string]string `json:"runs"`          // and when the cluster has settled
	Restart []string          `json:"restart"`       // resources that are started again where they ran, sorted; never nil
	Moved   []string          `json:"moved"`         // resources that run elsewhere than before, sorted; never nil
	Stopped []string          `json:"stopped"`       // resources that ran and do not any more, sorted; never nil
	Quorate bool              `json:"quorate"`       // what is left of the cluster has quorum
	Blocked bool              `json:"blocked"`       // the cluster cannot act, and waits for a person or a node
	Why     string            `json:"why,omitempty"` // why something is blocked or stays stopped, in words

	// Seconds is how long a service is missing at most, of those that are started again; zero
	// when none is. Down is the same for each. Budget.Time sets both.
	Seconds Span            `json:"seconds"`
	Down    map[string]Span `json:"down,omitempty"`

	failure     Failure
	transitions []transition // one after the other
	agents      map[string]primitive
	rank        map[string]int // of resources in the CIB
}

// Span is a duration as it usually is and as the limits of time allow at worst.
type Span struct{ Typical, Worst time.Duration }

// complete compares before with after, and says it in words.
func (p *play) complete(f Failure, o *Outcome) {
	o.Quorate, o.failure, o.transitions, o.agents = f.Quorate, f, p.transitions, map[string]primitive{}
	o.rank = map[string]int{}
	for i, r := range p.cluster.primitives {
		o.agents[r.id], o.rank[r.id] = r, i
	}
	o.Fenced, o.Restart, o.Moved, o.Stopped = []string{}, []string{}, []string{}, []string{}
	for _, t := range p.transitions {
		o.Fenced = append(o.Fenced, t.fenced()...)
	}
	o.Fenced = unique(o.Fenced)
	for _, r := range p.cluster.services() {
		before, after := o.Before[r.id], o.Runs[r.id]
		switch {
		case before == "":
		case after == "":
			o.Stopped = append(o.Stopped, r.id)
		case before != after:
			o.Moved = append(o.Moved, r.id)
		case o.starts(r.id):
			o.Restart = append(o.Restart, r.id)
		}
	}
	for _, list := range [][]string{o.Restart, o.Moved, o.Stopped} {
		slices.Sort(list)
	}
	p.words(f, o)
}

// starts reports whether any transition starts a resource.
func (o *Outcome) starts(resource string) bool {
	for _, t := range o.transitions {
		if t.has("start", resource, "") {
			return true
		}
	}
	return false
}
