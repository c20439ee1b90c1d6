package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// line is a line of the result.
type line struct {
	What, Ours, Beside, Its, Ratio, Target string
	Met                                    bool
}

// table collects the lines.
type table []line

// alone adds a figure of ours that stands alone.
func (t *table) alone(what, figure, target string, met bool) {
	*t = append(*t, line{What: what, Ours: figure, Target: target, Met: met})
}

// beside adds one figure of a contest, of ours beside that of other.
func (t *table) beside(what string, of func(cost) time.Duration, ours []cost, other string, others []cost, l limit) {
	figure, ratio := medianOf(ours, of), ratioOf(ours, others, of)
	shown := fmt.Sprintf("%.2f", ratio)
	if ratio < 0.5 {
		shown = fmt.Sprintf("1/%.1f", 1/ratio)
	}
	*t = append(*t, line{what, ms(figure), other, ms(medianOf(others, of)), shown, l.text, l.met != nil && l.met(figure, ratio)})
}

// limit is what a figure of ours, or its ratio to another, should be; the zero
// value is none.
type limit struct {
	text string
	met  func(figure time.Duration, ratio float64) bool
}

func within(most time.Duration) limit {
	return limit{"at most " + ms(most), func(figure time.Duration, _ float64) bool { return figure <= most }}
}

func atMost(times float64) limit {
	return limit{fmt.Sprintf("at most %g times", times), func(_ time.Duration, ratio float64) bool { return ratio <= times }}
}

func below(times float64) limit {
	return limit{fmt.Sprintf("%g times below", times), func(_ time.Duration, ratio float64) bool { return ratio*times <= 1 }}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }

func mb(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

// print writes the table.
func (t table) print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "what\tours\tbeside\tits\tratio\ttarget\t")
	for _, l := range t {
		verdict := ""
		switch {
		case l.Target == "":
		case l.Met:
			verdict = "met"
		default:
			verdict = "missed"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.What, l.Ours, l.Beside, l.Its, l.Ratio, l.Target, verdict)
	}
	return tw.Flush()
}
