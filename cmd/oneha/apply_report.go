package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/beevik/etree"

	"github.com/oneha/oneha/internal/pacemaker"
)

// progress returns a function that shows what a cluster is still at: on a terminal
// in one line that it writes over, elsewhere a line for each change of it. erase
// ends the line.
func (run *changing) progress() (seen func(pacemaker.Status, string), erase func()) {
	const eraseLine = "\r\x1b[K" // ECMA-48, 8.3.41
	began, before := time.Now(), ""
	seen = func(s pacemaker.Status, waits string) {
		active := 0
		for _, r := range s.Resources {
			if r.Active {
				active++
			}
		}
		if waits == "" {
			return
		}
		line := fmt.Sprintf("%d of %d resources run; %s", active, len(s.Resources), waits)
		switch {
		case run.terminal:
			line = fmt.Sprintf("%3.0f s  %s", time.Since(began).Seconds(), line)
			if len(line) > 78 {
				line = line[:75] + "..."
			}
			fmt.Fprint(run.stderr, eraseLine+line)
		case line != before:
			fmt.Fprintf(run.stderr, "waiting: %s\n", line)
		}
		before = line
	}
	return seen, func() {
		if run.terminal {
			fmt.Fprint(run.stderr, eraseLine)
		}
	}
}

// printTable says what runs where.
func printTable(w io.Writer, s pacemaker.Status) {
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "\nRESOURCE\tRUNS ON\tSTATE")
	for _, r := range s.Resources {
		on := strings.Join(r.Nodes, " ")
		if !r.Active || on == "" {
			on = "-"
		}
		state := strings.ToLower(r.Role)
		for _, is := range []struct {
			so   bool
			word string
		}{{r.Failed, "FAILED"}, {r.Blocked, "BLOCKED"}, {r.Orphaned, "no longer configured"}, {!r.Managed, "unmanaged"}, {r.Pending != "", strings.ToLower(r.Pending)}} {
			if is.so {
				state += ", " + is.word
			}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", strings.Join(append(slices.Clone(r.In), r.ID), "/"), on, state)
	}
	table.Flush()
	for _, n := range s.Nodes {
		if !n.Ready() {
			fmt.Fprintf(w, "node %s takes no resources: %s\n", n.Name, nodeState(n))
		}
	}
}

func nodeState(n pacemaker.NodeStatus) string {
	switch {
	case n.Unclean:
		return "it waits to be fenced"
	case !n.Online:
		return "offline"
	case n.Standby:
		return "standby"
	case n.Pending:
		return "it is joining"
	}
	return "it is shutting down"
}

// notRunning are the primitives that a CIB configures, that are not meant to be
// stopped, and of which no instance is active.
func notRunning(s pacemaker.Status, data []byte) (idle []string) {
	doc := etree.NewDocument()
	if doc.ReadFromBytes(data) != nil {
		return nil
	}
	stopped := map[string]bool{}
	for _, r := range s.Resources {
		id, _, _ := strings.Cut(r.ID, ":")
		stopped[id] = stopped[id] || strings.EqualFold(r.TargetRole, "Stopped")
	}
	for _, p := range doc.FindElements("/cib/configuration/resources//primitive") {
		if id := p.SelectAttrValue("id", ""); len(s.On(id)) == 0 && !stopped[id] {
			idle = append(idle, id)
		}
	}
	return idle
}
