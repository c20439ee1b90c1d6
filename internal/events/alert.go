package events

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// AlertName is the name of the alert agent.
const AlertName = "alert_oneha"

// Called reports whether Pacemaker runs the program: what a person or a test does with an
// agent is no event of the cluster. pacemakerd sets the variable for all that it starts, in
// 1.1 to 3.0.
func Called(get func(name string) string) bool { return get("HA_cluster_type") != "" }

// Probe is the action of a monitor that looks once, before anything is started.
const Probe = "probe"

// FromAlert reads what Pacemaker tells an alert agent (Pacemaker Administration, Alert
// Agents): get returns variables such as CRM_alert_kind. ok is false when it was not
// Pacemaker that called, or for what says nothing: an operation that was cancelled,
// and an attribute that is not Pacemaker's own. Those may hold anything, and some agents
// set one every few seconds, which would push the failovers out of the log.
func FromAlert(get func(name string) string, host string, now time.Time) (e Event, ok bool) {
	of := func(name string) string { return get("CRM_alert_" + name) }
	e = Event{Time: alertTime(of, now), Host: host, From: "pacemaker", Node: of("node"), Action: of("task"), Text: of("desc")}
	if code, err := strconv.Atoi(of("rc")); err == nil {
		e.Code = &code
	}
	switch kind := of("kind"); kind {
	case "":
		return Event{}, false
	case "node":
		e.What, e.Subject, e.Node, e.Code = Alert, e.Node, "", nil
		switch e.Text {
		case "member":
			e.What = NodeMember
		case "lost":
			e.What = NodeLost
		}
	case "fencing":
		// The task is that of a notification; what was done is in the text alone.
		e.What, e.Subject, e.Node, e.Action = Fencing, e.Node, "", ""
		if words := strings.Fields(e.Text); len(words) > 1 && words[0] == "Operation" {
			e.Action = words[1]
		}
	case "resource":
		e.What, e.Subject = Operation, of("rsc")
		if ms, err := strconv.Atoi(of("exec_time")); err == nil && ms > 0 {
			e.Took = float64(ms) / 1000
		}
		if e.Action == "monitor" && of("interval") == "0" {
			e.Action = Probe
		}
		if e.Text == "Cancelled" || e.Subject == "" {
			return Event{}, false
		}
		if expected := of("target_rc"); expected != "" && expected == of("rc") && e.Code != nil && e.Action != Probe {
			*e.Code = 0 // such as 8 of the monitor of a promoted resource
		}
	case "attribute":
		e.What, e.Subject, e.Text = Attribute, of("attribute_name"), of("attribute_value")
		if !pacemakersOwn(e.Subject) {
			return Event{}, false
		}
	default:
		e.What, e.Subject = Alert, kind
	}
	return e, true
}

// alertTime is when it happened. Pacemaker 1.1 tells only a time of day.
func alertTime(of func(string) string, now time.Time) time.Time {
	seconds, err := strconv.ParseInt(of("timestamp_epoch"), 10, 64)
	const year9999 = 253402300799 // JSON has no later ones (RFC 3339)
	if err != nil || seconds <= 0 || seconds > year9999 {
		return now
	}
	micro, err := strconv.ParseInt(cmp.Or(of("timestamp_usec"), "0"), 10, 64)
	if err != nil || micro < 0 || micro >= 1e6 {
		micro = 0
	}
	return time.Unix(seconds, micro*1000)
}

// pacemakersOwn reports whether an attribute of a node is one that Pacemaker itself sets
// or reads.
func pacemakersOwn(name string) bool {
	switch name {
	case "standby", "maintenance", "shutdown", "terminate", "probe_complete":
		return true
	}
	return strings.HasPrefix(name, "fail-count-") || strings.HasPrefix(name, "last-failure-")
}
