package pacemaker

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// States of a FenceEvent.
const (
	FenceSuccess = "success"
	FenceFailed  = "failed"
	FencePending = "pending"
)

// FenceHistory asks this node's fencer what it remembers, newest first: since 2.0 of
// the whole cluster, before that what this node has seen. A node that was fenced
// learns it again from its peers.
//
// stonith_admin has a history from 1.1.9 on and prints it as XML from 2.0.3 on.
func (t Tools) FenceHistory(ctx context.Context) ([]FenceEvent, error) {
	out, err := t.run(ctx, nil, "stonith_admin", "--history", "*", "--verbose", "--output-as=xml")
	if err == nil {
		return ReadFenceHistory(out)
	}
	if ctx.Err() != nil || errors.Is(err, ErrNoTool) {
		return nil, fmt.Errorf("ask the fencer: %w", err)
	}
	if !strings.Contains(string(out), "<pacemaker-result") {
		if out, err = t.run(ctx, nil, "stonith_admin", "--history", "*", "--verbose"); err == nil {
			return readFenceText(string(out)), nil
		}
	}
	return nil, fmt.Errorf("ask the fencer: %w", notConnected(err))
}

// ReadFenceHistory reads what stonith_admin --history prints as XML.
func ReadFenceHistory(text []byte) ([]FenceEvent, error) {
	var events []FenceEvent
	err := walk(text, func(_ []string, e xml.StartElement) {
		if e.Name.Local == "fence_event" {
			events = append(events, fenceEvent(e))
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read fencing history: %w", err)
	}
	sortEvents(events)
	return events, nil
}

func fenceEvent(e xml.StartElement) FenceEvent {
	return FenceEvent{
		Target: value(e, "target"), Action: value(e, "action"), Status: value(e, "status"), Reason: value(e, "exit-reason"),
		Delegate: value(e, "delegate"), Origin: value(e, "origin"), Client: value(e, "client"), Time: ReadTime(value(e, "completed")),
	}
}

// sortEvents puts what is under way first, then the newest.
func sortEvents(events []FenceEvent) {
	slices.SortStableFunc(events, func(a, b FenceEvent) int {
		switch pending := a.Status == FencePending; {
		case pending == (b.Status == FencePending):
			return b.Time.Compare(a.Time)
		case pending:
			return -1
		}
		return 1
	})
}

// fenceLine is an operation in the words of releases before 2.0.3, such as
//
//	n2 was able to reboot node n1 on behalf of pacemaker-controld.42 from n2 at Sat Nov 21 21:39:57 2026
//	We were able to turn off node n1 on behalf of n2 at Sat Nov 21 21:39:57 2026
//	n2 failed to reboot node n1 on behalf of crmd.42 from n2 at Sat Nov 21 21:39:57 2026
//	n2 wishes to reboot node n1 - 1 0
var fenceLine = regexp.MustCompile(`^(We|This node|\S+) (was able|were able|failed|wishes|wanted) to (?:turn )?(\S+) node (\S+)(?: on behalf of (?:(\S+) from )?(\S+))?(?: at (.+)| - .*)?$`)

// readFenceText reads the history of releases without XML; lines of another form are
// passed over.
func readFenceText(text string) []FenceEvent {
	var events []FenceEvent
	for line := range strings.Lines(text) {
		m := fenceLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		e := FenceEvent{Delegate: m[1], Action: m[3], Target: m[4], Client: m[5], Origin: m[6], Status: FenceSuccess, Time: ReadTime(m[7])}
		switch m[2] {
		case "failed":
			e.Status = FenceFailed
		case "wishes", "wanted":
			e.Status, e.Origin, e.Delegate = FencePending, m[1], ""
		}
		if e.Delegate == "We" || e.Delegate == "This node" {
			e.Delegate = ""
		}
		if !slices.Contains(events, e) { // 1.1 repeats the last one
			events = append(events, e)
		}
	}
	sortEvents(events)
	return events
}
