package main

import (
	"fmt"
	"io"
	"time"

	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/ocf"
)

// alert is the alert agent: it writes down what Pacemaker tells in get, and returns the
// exit code. That is 0 also when the line cannot be written, since Pacemaker does nothing
// about it; it logs what stands in stderr.
func alert(get func(string) string, host string, log events.Log, stderr io.Writer) int {
	e, ok := events.FromAlert(get, host, time.Now())
	switch {
	case !ok && get("CRM_alert_kind") == "":
		fmt.Fprintf(stderr, "%s: Pacemaker calls this, as an alert agent: pcs alert create path=/usr/share/pacemaker/alerts/%s\n", events.AlertName, events.AlertName)
		return int(ocf.ArgsCode)
	case !ok:
		return 0
	}
	if err := log.Append(e); err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", events.AlertName, err)
	}
	return 0
}

// record writes down what an agent did. When that fails, the agent's log says it.
func record(log events.Log, host string) func(*ocf.Request, events.Event) {
	write := log.Appender()
	return func(req *ocf.Request, e events.Event) {
		e.Host = host
		if err := write(e); err != nil {
			req.Log.Warn("the event is not written down", "because", err)
		}
	}
}

// prepare makes the directory of the log, so that the alert agent, which is not root, can
// write.
func prepare(log events.Log) func(*ocf.Request) {
	return func(req *ocf.Request) {
		if err := log.Prepare(); err != nil {
			req.Log.Warn("events will not be written down", "because", err)
		}
	}
}
