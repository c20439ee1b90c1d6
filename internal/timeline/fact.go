// Package timeline says what happened in a failover, step by step, from what the nodes
// have written down: the log of internal/events, and where that is missing the logs of
// Pacemaker and corosync.
package timeline

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Kind is what a fact says.
type Kind string

// The kinds, in the order in which those of one moment are told.
const (
	Silent      Kind = "silent"       // corosync has heard nothing since then
	Suspected   Kind = "suspected"    // corosync gives somebody up
	Lost        Kind = "lost"         // Subject is a member no more
	Failed      Kind = "failed"       // a monitor of Subject found a failure
	Stopping    Kind = "stopping"     // a stop of Subject has begun
	Stopped     Kind = "stopped"      //
	StopFailed  Kind = "stop-failed"  //
	Asked       Kind = "asked"        // the cluster wants Subject fenced
	Delayed     Kind = "delayed"      // by the delay of its device
	Switching   Kind = "switching"    // the fence agent has begun with Subject's BMC
	Off         Kind = "off"          // and has seen the power off
	Fenced      Kind = "fenced"       // the cluster knows that Subject is off
	FenceFailed Kind = "fence-failed" //
	Starting    Kind = "starting"     // a start of Subject has begun
	AddressSet  Kind = "address-set"  // Subject, a floating IP, is on an interface
	Started     Kind = "started"      // Subject serves
	StartFailed Kind = "start-failed" //
	Joined      Kind = "joined"       // Subject is a member again
)

var order = []Kind{Silent, Suspected, Lost, Failed, Stopping, Stopped, StopFailed, Asked, Delayed, Switching, Off, Fenced, FenceFailed, Starting, AddressSet, Started, StartFailed, Joined}

// Fact is one thing that one log says.
type Fact struct {
	At      time.Time
	Kind    Kind
	Subject string        // a node or a resource
	Node    string        // where the resource is; of a fencing, who did it
	Action  string        // of a fencing: reboot, off
	Agent   string        // type of the resource's agent, such as vip; "" when the log does not say it
	Text    string        // why, of a failure
	Took    time.Duration // what this ends, by who did it; 0 when nobody says it
	Source  Source
}

// Source is what said it, the better the larger.
type Source int

// The sources.
const (
	SecondsLog Source = iota // a log with whole seconds
	FineLog                  // a log with milliseconds
	AlertLog                 // Pacemaker, through the alert agent
	AgentLog                 // who did it
)

// String is a source for people.
func (s Source) String() string {
	return [...]string{"log (whole seconds)", "log", "alert", "agent"}[s]
}

// MarshalText writes it for JSON.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// sortFacts puts facts in the order of time.
func sortFacts(facts []Fact) {
	slices.SortStableFunc(facts, func(a, b Fact) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)),
			strings.Compare(a.Subject, b.Subject), strings.Compare(a.Node, b.Node))
	})
}

// sameMoment is how far two reports of one thing are apart at most: nodes' clocks differ,
// and the daemons of a node notice one after the other.
const sameMoment = 5 * time.Second

// once leaves of several reports of one thing the best. What it leaves out is not lost:
// the type of an agent, which only some logs have, goes to the report that stays.
func once(facts []Fact) []Fact {
	sortFacts(facts)
	agents := map[string]string{}
	for _, f := range facts {
		if f.Agent != "" {
			agents[f.Subject] = f.Agent
		}
	}
	type key struct {
		kind          Kind
		subject, node string
	}
	last := map[key]int{} // index in kept
	told := map[int]int{} // by index in kept: which sources have told of it, a bit each
	type telling struct {
		key
		source Source
	}
	again := map[telling]bool{} // since it told of that, the source has told of the opposite
	var kept []Fact
	for _, f := range facts {
		f.Agent = cmp.Or(f.Agent, agents[f.Subject])
		k := key{f.Kind, f.Subject, f.Node}
		if aboutNodes(f.Kind) {
			k.node = "" // who says it
		}
		for _, o := range opposites(f.Kind) {
			again[telling{key{o, k.subject, k.node}, f.Source}] = true
		}
		i, known := last[k]
		another := again[telling{k, f.Source}] && told[i]&(1<<f.Source) != 0
		delete(again, telling{k, f.Source})
		if known && !another && f.At.Sub(kept[i].At) <= sameMoment {
			told[i] |= 1 << f.Source
			if f.Source > kept[i].Source {
				f.Text, f.Action, f.Took = cmp.Or(f.Text, kept[i].Text), cmp.Or(f.Action, kept[i].Action), cmp.Or(f.Took, kept[i].Took)
				kept[i] = f
			}
			continue
		}
		last[k], told[len(kept)] = len(kept), 1<<f.Source
		kept = append(kept, f)
	}
	sortFacts(kept)
	return kept
}

// opposites are the kinds that may come once more after one of kind k, which is no second
// report of the same then. Only of one source that is known: those of two are not in order.
func opposites(k Kind) []Kind {
	switch k {
	case Starting, AddressSet, Started, StartFailed:
		return []Kind{Failed, Stopping, Stopped, StopFailed}
	case Failed, Stopping, Stopped, StopFailed:
		return []Kind{Starting, AddressSet, Started, StartFailed}
	case Asked:
		return []Kind{FenceFailed}
	case FenceFailed:
		return []Kind{Asked}
	}
	return nil
}

// aboutNodes reports whether the subject of the kind is a node.
func aboutNodes(k Kind) bool {
	switch k {
	case Silent, Suspected, Lost, Asked, Delayed, Switching, Off, Fenced, FenceFailed, Joined:
		return true
	}
	return false
}
