package foresight

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// budget collects, for each figure of the timing budget, what was measured of it.
type budget map[string]*figure

// figure is one of them.
type figure struct {
	foretold span
	measured []time.Duration
}

// add takes in what a failure has shown.
func (b budget) add(c comparison) error {
	m := c.after.measured
	var errs []error
	note := func(name string, took time.Duration, of string, phases ...string) {
		var sum span
		for _, phase := range phases {
			// Deciding is the scheduler's, whatever it is about.
			s, err := c.plan.figure(phase, map[bool]string{false: of}[phase == "decide"])
			errs = append(errs, err)
			sum = span{sum.Typical + s.Typical, sum.Worst + s.Worst}
		}
		if b[name] == nil {
			b[name] = &figure{foretold: sum}
		}
		b[name].measured = append(b[name].measured, took)
	}
	if m.lost > 0 {
		note("detect a lost node", m.lost, "", "detect")
	}
	if m.found > 0 {
		note("detect a failure of "+c.died, m.found, c.died, "detect")
	}
	// Where the node was fenced because it was lost, and not lost because it was fenced.
	if len(c.after.fenced) == 1 && m.lost > 0 && m.off > m.lost {
		n := c.after.fenced[0]
		note("decide, delay and fence "+n, m.off-m.lost, n, "decide", "delay", "fence")
	}
	for r := range c.predicted.Runs {
		if took, started := m.start[r]; started {
			note("start "+r, took, r, "recover")
		}
		if took, stopped := m.stop[r]; stopped {
			note("stop "+r, took, r, "stop")
		}
	}
	return errors.Join(errs...)
}

// exceeded are the figures that were measured above what is possible by the budget.
func (b budget) exceeded() (all []string) {
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if f := b[name]; slices.Max(f.measured).Seconds() > f.foretold.Worst {
			all = append(all, fmt.Sprintf("%s took %.1f s, the budget says %s", name, slices.Max(f.measured).Seconds(), f.foretold))
		}
	}
	return all
}

// write shows the budget beside what was measured.
func (b budget) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "budget\ttypical\tworst\tmeasured\ttimes")
	for _, name := range slices.Sorted(maps.Keys(b)) {
		f := b[name]
		low, high := slices.Min(f.measured).Seconds(), slices.Max(f.measured).Seconds()
		fmt.Fprintf(t, "%s\t%.1f s\t%.1f s\t%.1f to %.1f s\t%d\n", name, f.foretold.Typical, f.foretold.Worst, low, high, len(f.measured))
	}
	return t.Flush()
}
