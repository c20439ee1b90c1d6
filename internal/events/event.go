// Package events is the log of what happens to a cluster: one line of JSON for each
// event. The alert agent writes what Pacemaker tells it, the resource agents and fence
// agents what they do themselves; internal/timeline reads it.
//
// The log is told of a failover, it has no part in it: a line that cannot be written is
// an error for somebody's log, and never more.
package events

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What is the kind of an event.
type What string

// Events that Pacemaker tells of, through its alerts.
const (
	NodeMember What = "node-member" // a node is a member of the cluster
	NodeLost   What = "node-lost"   // and is not any more
	Fencing    What = "fencing"     // a fencing has ended: 0 is a success
	Operation  What = "operation"   // an operation of a resource has ended
	Attribute  What = "attribute"   // an attribute of a node that is Pacemaker's own has changed
	Alert      What = "alert"       // something that this program does not know
)

// Events that agents tell of themselves.
const (
	Begun      What = "begun"       // an action has begun
	AddressSet What = "address-set" // the floating IP is on an interface, not announced yet
	Ended      What = "ended"       // an action has ended: 0 is a success

	PowerBegun  What = "power-begun"  // a fence agent is about to ask the BMC
	PowerAsked  What = "power-asked"  // the BMC is asked to change the power
	PowerSeen   What = "power-seen"   // and was seen to have done so
	PowerFailed What = "power-failed" // or was not
)

// Event is one line of the log.
type Event struct {
	Time    time.Time `json:"time"`              // UTC
	Host    string    `json:"host"`              // the machine that writes the line
	From    string    `json:"from"`              // pacemaker, or the type of the agent, such as vip
	What    What      `json:"what"`              //
	Subject string    `json:"subject,omitempty"` // the node, resource or attribute
	Node    string    `json:"node,omitempty"`    // where the subject is, when it is no node
	Action  string    `json:"action,omitempty"`  // start, stop, monitor; off, on, reboot
	Code    *int      `json:"code,omitempty"`    // exit code; 0 also for what was expected; nil when there is none
	Took    float64   `json:"took,omitempty"`    // seconds; 0 when unknown
	Text    string    `json:"text,omitempty"`    // for people
}

// Longest values, in bytes. With every character escaped a line stays below 4 KiB, which
// one write puts into the file whole.
const (
	longestName = 128
	longestText = 512
)

// Line is the event as the log has it, with its newline. Names and texts come from the
// configuration and from programs: control characters and what is too long are cut out.
func (e Event) Line() []byte {
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
	for _, name := range []*string{&e.Host, &e.From, (*string)(&e.What), &e.Subject, &e.Node, &e.Action} {
		*name = Plain(*name, longestName)
	}
	e.Text = Plain(e.Text, longestText)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil { // a year beyond 9999, a Took that is no number
		e.Time, e.Took = time.Time{}, 0
		b.Reset()
		_ = enc.Encode(e) // nothing is left that JSON does not know
	}
	return b.Bytes()
}

// Plain is a text without what could disturb a terminal, of at most limit bytes.
func Plain(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if text = strings.TrimSpace(text); len(text) <= limit {
		return text
	}
	end := limit
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.TrimSpace(text[:end])
}

// Parse reads a line of the log. A line that a full disk has cut off has no newline, so
// that the next one is behind it: then that one is read.
func Parse(line []byte) (Event, bool) {
	for {
		var e Event
		if err := json.Unmarshal(line, &e); err == nil && e.What != "" && !e.Time.IsZero() {
			return e, true
		}
		next := bytes.LastIndex(line, []byte(`{"time":`))
		if next <= 0 {
			return Event{}, false
		}
		line = line[next:]
	}
}
