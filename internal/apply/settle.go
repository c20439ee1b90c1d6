package apply

import (
	"context"
	"fmt"
	"time"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/pacemaker"
)

// settlePause is how often the cluster is asked while it settles.
const settlePause = 500 * time.Millisecond

// Settle waits until the cluster is at rest: its DC idle, no operation under way, and
// nothing left that the scheduler would do about the CIB as it is. Asking the
// scheduler makes that true from the very moment of a change on, which the DC
// notices later. seen is called with each state and what is still waited for.
//
// It returns the last state that it saw, and when ctx ended first what was still
// waited for, otherwise "".
func Settle(ctx context.Context, tools pacemaker.Tools, seen func(s pacemaker.Status, waits string)) (last pacemaker.Status, waits string) {
	waits = "the cluster was not asked yet"
	for rests := 0; ; {
		s, err := tools.Status(ctx)
		if ctx.Err() != nil {
			return last, waits
		}
		still := ""
		if err != nil {
			still = err.Error()
		} else {
			last = s
			_, still = s.Settled()
			if still == "" {
				still = pending(ctx, tools)
			}
		}
		if ctx.Err() != nil {
			return last, waits
		}
		rests++
		if waits = still; still != "" {
			rests = 0
		}
		if rests == 2 { // between two questions a first monitor may have failed
			return last, ""
		}
		if seen != nil {
			seen(last, waits)
		}
		select {
		case <-ctx.Done():
			if waits == "" {
				waits = "it had only just come to rest"
			}
			return last, waits
		case <-time.After(settlePause):
		}
	}
}

// pending says what the scheduler would still do, "" for nothing.
func pending(ctx context.Context, tools pacemaker.Tools) string {
	live, err := tools.Query(ctx)
	if err != nil {
		return err.Error()
	}
	s, err := tools.Simulate(ctx, live, pacemaker.Injection{})
	if err != nil {
		return "" // no crm_simulate here, or no room for its files: then the DC's word has to do
	}
	graph := etree.NewDocument()
	if err := graph.ReadFromBytes(s.Graph); err != nil {
		return fmt.Sprintf("read what crm_simulate wrote: %v", err)
	}
	if action := graph.FindElement("//action_set/rsc_op"); action != nil {
		id := ""
		if p := action.SelectElement("primitive"); p != nil {
			id = p.SelectAttrValue("id", "")
		}
		return fmt.Sprintf("%s of %s on %s is still to come", action.SelectAttrValue("operation", ""), id, action.SelectAttrValue("on_node", ""))
	}
	if event := graph.FindElement("//action_set/crm_event"); event != nil {
		return fmt.Sprintf("%s of %s is still to come", event.SelectAttrValue("operation", ""), event.SelectAttrValue("on_node", ""))
	}
	return ""
}
