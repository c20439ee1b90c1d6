package soak

import (
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/events"
)

// mostJournal is how many lines of ours a fault may bring into the journal of a node: a
// takeover starts, probes and announces five resources, some lines each.
const mostJournal = 60

// conclude judges what was seen.
func (s *soak) conclude() {
	run := time.Since(s.record.began)
	r := &s.result
	r.Minutes = run.Minutes()
	r.Rotated, r.Journal, r.Others, r.Output = map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	faults := 0
	for _, n := range r.Done {
		faults += n
	}
	trouble := func(format string, args ...any) { r.Troubles = append(r.Troubles, fmt.Sprintf(format, args...)) }
	for _, n := range s.cluster.nodes {
		r.Rotated[n.Name], r.Journal[n.Name], r.Others[n.Name] = n.rotated, n.lines.ours, n.lines.others
		if n.rotated == 0 {
			trouble("%s: the log of events was %d KiB below its limit and was never rotated", n.Name, logRoom>>10)
		}
		if n.lines.ours > mostJournal*faults {
			trouble("%s: %d lines of ours in the journal, for %d faults", n.Name, n.lines.ours, faults)
		}
	}
	r.Troubles = append(r.Troubles, s.zone.fell...)
	for name, out := range s.output {
		r.Output[name] = int(out.lines.Load())
		if r.Output[name] == 0 {
			trouble("%s has printed nothing", name)
		}
	}
	for _, load := range s.loads {
		r.Load += load / float64(len(s.loads))
	}
	for _, series := range s.record.series() {
		if f, shown := s.figure(series, run); shown {
			r.Figures = append(r.Figures, f)
		}
	}
}

// figure judges a series by what it is of. Not ours to judge is the software that the
// cluster is made of; not to be judged is what a fault ends, which does not live long
// enough to show anything.
func (s *soak) figure(series Series, run time.Duration) (f Figure, shown bool) {
	b, judged := bounds[series.Measure]
	fenced := series.Where == s.cluster.Nodes[1].Name
	switch {
	case series.What == events.Dir && series.Measure == size:
		b, judged = bound{most: logAll / 1024}, true
	case series.Measure == processes:
		judged = judged && ours(series.What) // what the cluster and systemd start is theirs
	case strings.HasPrefix(series.What, "oneha"):
		judged = judged && !fenced && (series.What != "oneha raft guard" || series.Where == serverName(steady))
	case !strings.HasPrefix(series.What, "/") && series.Measure != zombies:
		judged = false
	}
	f = judge(series, b, run)
	f.Judged = judged
	if judged && series.Lives > 1 && f.Flat {
		f.Flat, f.Why = false, fmt.Sprintf("it ended and was started again, %d times", series.Lives-1)
	}
	if !judged {
		f.Flat, f.Why, f.Bound = false, "", 0
	}
	// Of the many processes that are none of ours, those that show nothing are left out.
	return f, judged || series.Measure != processes || f.After > f.Before
}
