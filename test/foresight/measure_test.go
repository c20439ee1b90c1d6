package foresight

import (
	"bufio"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// measured are the seconds of a failure, from the journals of the nodes that live, the
// lab's record of who had power when, and a client that calls oned all the time.
type measured struct {
	lost   time.Duration            // from a node's silence until corosync knew; 0 when none was lost
	found  time.Duration            // from a resource's failure until Pacemaker showed it; 0 for none
	off    time.Duration            // from the failure until the fenced node had no power for sure; 0 for none
	back   map[string]time.Duration // of each resource that was started again: from the failure until it was
	gone   map[string]time.Duration // and from when it was no longer there, which is later where the cluster stopped it
	start  map[string]time.Duration // how long the start itself took
	stop   map[string]time.Duration // and a stop
	answer time.Duration            // from the failure until oned answered again on the floating IP; 0 when it did all the time
}

// measure finds out the seconds that are not known yet.
func (s *stage) measure(ctx context.Context, h *happened) error {
	m := &h.measured
	for _, times := range []*map[string]time.Duration{&m.back, &m.gone, &m.start, &m.stop} {
		*times = map[string]time.Duration{}
	}
	asked, stopped := map[string]time.Time{}, map[string]time.Time{} // by operation and node; by resource
	var left time.Time
	for _, n := range s.Nodes {
		if !n.Powered() {
			continue
		}
		r, err := n.Exec(ctx, "journalctl", "--no-pager", "--output=short-unix", fmt.Sprintf("--since=@%d", s.at.Unix()),
			"--identifier=pacemaker-controld", "--identifier=corosync")
		if err != nil {
			return err
		}
		for _, e := range readJournal(r.Stdout) {
			op := e.operation + " " + e.resource + " " + n.Name
			switch {
			case e.at.Before(s.at):
			case e.left:
				if left.IsZero() {
					left = e.at
				}
			case !e.done:
				asked[op] = e.at
				if e.operation == "stop" {
					stopped[e.resource] = e.at
				}
			case asked[op].IsZero():
			case e.operation == "stop":
				m.stop[e.resource] = e.at.Sub(asked[op])
			case h.runs[e.resource] == n.Name:
				m.start[e.resource], m.back[e.resource] = e.at.Sub(asked[op]), e.at.Sub(s.at)
			}
		}
	}
	if !s.off.IsZero() && !left.IsZero() {
		m.off, m.lost = s.off.Sub(s.at), left.Sub(s.at)
		if s.off.Before(left) { // it was fenced for something else, and was silent only then
			m.lost = left.Sub(s.off)
		}
	}
	for r, back := range m.back {
		m.gone[r] = back
		if at, known := stopped[r]; known && r != s.died {
			m.gone[r] = back - at.Sub(s.at)
		}
	}
	if back, again := m.back["oned"]; again {
		first, err := s.watch.Oned.WaitAnswer(ctx, s.at.Add(back))
		if err != nil {
			return err
		}
		m.answer = first.Sub(s.at)
	}
	return nil
}

// entry is a line of the journal that tells something.
type entry struct {
	at                  time.Time
	operation, resource string // start or stop of a resource
	done                bool   // it succeeded; else it begins
	left                bool   // instead: a node left corosync's membership
}

// Words of Pacemaker 2.1 (execd and controld log the same before and after it in others)
// and of corosync 3.
var (
	askedForm = regexp.MustCompile(`Requesting local execution of (start|stop) operation for (\S+) on `)
	doneForm  = regexp.MustCompile(`Result of (start|stop) operation for (\S+) on \S+: ok`)
	leftForm  = regexp.MustCompile(`A new membership .* formed\. Members.* left:`)
)

// readJournal reads what journalctl --output=short-unix prints.
func readJournal(text string) (entries []entry) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		stamp, said, _ := strings.Cut(lines.Text(), " ")
		seconds, err := strconv.ParseFloat(stamp, 64)
		if err != nil {
			continue // not the beginning of a message
		}
		e := entry{at: time.UnixMicro(int64(seconds * 1e6)), left: leftForm.MatchString(said)}
		for _, form := range []*regexp.Regexp{askedForm, doneForm} {
			if m := form.FindStringSubmatch(said); m != nil {
				e.operation, e.resource, e.done = m[1], m[2], form == doneForm
			}
		}
		if e.left || e.operation != "" {
			entries = append(entries, e)
		}
	}
	return entries
}

// String lists what there is, in the order in which it came.
func (m measured) String() string {
	type figure struct {
		what string
		at   time.Duration
	}
	all := []figure{{"found", m.found}, {"fenced", m.off}, {"oned answers", m.answer}}
	for r, at := range m.back {
		if r != "oned" && !strings.HasPrefix(r, "fence-") {
			all = append(all, figure{r, at})
		}
	}
	all = slices.DeleteFunc(all, func(f figure) bool { return f.at == 0 })
	slices.SortFunc(all, func(a, b figure) int { return int(a.at - b.at) })
	var words []string
	for _, f := range all {
		words = append(words, fmt.Sprintf("%s %.1f", f.what, f.at.Seconds()))
	}
	return strings.Join(words, ", ")
}
