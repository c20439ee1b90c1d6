package main

import (
	"github.com/oneha/oneha/fence"
	"github.com/oneha/oneha/internal/events"
)

// stages are the names that the log has for them.
var stages = map[fence.Stage]events.What{
	fence.Begun: events.PowerBegun, fence.Asked: events.PowerAsked, fence.Seen: events.PowerSeen, fence.Failed: events.PowerFailed,
}

// record returns what writes down the changes of power of an agent. That a line cannot
// be written is for failed to say: a fencing goes on.
func record(agent, host string, log events.Log, failed func(error)) func(fence.Change) {
	write := log.Appender()
	return func(c fence.Change) {
		e := events.Event{Time: c.Time, Host: host, From: agent, What: stages[c.Stage], Subject: c.Node, Action: c.Action}
		if c.Want != "" { // a reboot is an off and an on
			e.Action = string(c.Want)
		}
		if c.Err != nil {
			e.Text = c.Err.Error()
		}
		if err := write(e); err != nil {
			failed(err)
		}
	}
}
