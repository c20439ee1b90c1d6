package guard

import (
	"context"
	"time"
)

// reign is a term in which the local oned leads.
type reign struct {
	Term  uint64    `json:"term"`
	Since time.Time `json:"since"` // when this guard, or one before it, first heard of it
	// Looked: what the takeover has left was looked at, or that was given up.
	Looked bool `json:"looked"`
}

// The look after a takeover: its length, the pause after one that did not come to its
// end, and how many there are. A oned that has only begun to lead may hang for a while.
const (
	takeoverWithin = 30 * time.Second
	takeoverPause  = time.Minute
	takeoverTries  = 3
)

// reigns notes that the local oned leads in a term. A guard that is started anew in the
// same term knows of it from its file.
func (g *Guard) reigns(term uint64) {
	if r := g.memory.Reign; r.Term == term && !r.Since.IsZero() {
		return
	}
	g.memory.Reign, g.lookTries, g.lookNext = reign{Term: term, Since: time.Now().Round(0)}, 0, time.Time{}
	g.keep()
}

// lookAfterTakeover has somebody look what the oned that led before has left between two
// states, once in a reign, when the addresses are set. That is another process, which
// nothing here waits for: it brings an event back, and is ended when its time is over.
func (g *Guard) lookAfterTakeover() {
	r := g.memory.Reign
	if g.c.Look == nil || r.Since.IsZero() || r.Looked || g.looking || time.Now().Before(g.lookNext) {
		return
	}
	g.looking = true
	g.lookTries++
	ctx := g.working
	go func() {
		within, cancel := context.WithTimeout(ctx, takeoverWithin)
		lines, err := g.c.Look(within, r.Since)
		cancel()
		g.event(ctx, func() { g.lookedAfterTakeover(r.Term, lines, err) })
	}()
}

// lookedAfterTakeover logs what was found. A look that did not come to its end is made
// again; the last one tells how far it came.
func (g *Guard) lookedAfterTakeover(term uint64, lines []string, err error) {
	g.looking = false
	last := g.lookTries >= takeoverTries
	if g.memory.Reign.Term != term { // there was another takeover since, which has its own look
		last = true
	} else if err == nil || last {
		g.memory.Reign.Looked = true
		g.keep()
	} else {
		g.lookNext = time.Now().Add(takeoverPause)
	}
	if err == nil || last {
		for _, line := range lines {
			g.said.line(line)
		}
	}
	if err != nil {
		g.said.line("what the takeover has left is not known, or not all of it: oneha recover: " + err.Error())
	}
}
