package timeline

import (
	"cmp"
	"time"

	"github.com/oneha/oneha/internal/events"
)

// FromEvent is the fact that an event tells; ok is false for one that is no step of a
// failover, such as an attribute.
func FromEvent(e events.Event) (f Fact, ok bool) {
	// A log may come from anywhere: what its writer cuts, the reader cuts too.
	name := func(s string) string { return events.Plain(s, 128) }
	f = Fact{At: e.Time, Subject: name(e.Subject), Node: name(cmp.Or(e.Node, e.Host)), Action: name(e.Action), Source: AgentLog}
	if e.Took > 0 && e.Took < 1e6 {
		f.Took = time.Duration(e.Took * float64(time.Second))
	}
	good := e.Code != nil && *e.Code == 0
	switch e.What {
	case events.NodeLost:
		f.Kind, f.Source = Lost, AlertLog
	case events.NodeMember:
		f.Kind, f.Source = Joined, AlertLog
	case events.Fencing:
		f.Kind, f.Source = Fenced, AlertLog
		if !good {
			f.Kind, f.Text = FenceFailed, events.Plain(e.Text, 512)
		}
	case events.Operation:
		f.Source, f.Action = AlertLog, ""
		f.Kind = ended(e.Action, good)
	case events.Begun:
		f.Agent, f.Action = name(e.From), ""
		f.Kind = map[string]Kind{"start": Starting, "stop": Stopping}[e.Action]
	case events.Ended:
		f.Agent, f.Action = name(e.From), ""
		f.Kind = ended(e.Action, good)
	case events.AddressSet:
		f.Agent, f.Kind, f.Action = name(e.From), AddressSet, ""
	case events.PowerBegun:
		f.Kind = switchedOff(e.Action, Switching)
	case events.PowerSeen:
		f.Kind = switchedOff(e.Action, Off)
	}
	if f.Kind == StartFailed || f.Kind == StopFailed || f.Kind == Failed {
		f.Text = events.Plain(e.Text, 512)
	}
	return f, f.Kind != "" && f.Subject != ""
}

// ended is the kind of an operation that has ended. A probe and a monitor that found no
// failure say nothing.
func ended(operation string, good bool) Kind {
	switch {
	case operation == "start" && good:
		return Started
	case operation == "start":
		return StartFailed
	case operation == "stop" && good:
		return Stopped
	case operation == "stop":
		return StopFailed
	case operation == "monitor" && !good:
		return Failed
	}
	return ""
}

// switchedOff is the kind for an agent that switches off; when it switches on afterwards,
// nobody waits for it.
func switchedOff(action string, k Kind) Kind {
	if action == "off" || action == "reboot" {
		return k
	}
	return ""
}
