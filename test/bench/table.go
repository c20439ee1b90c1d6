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
	Spread                                 string // quartiles of the ratio, "" for none
	Part                                   string // which part measured it; set outside
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
	low, high := spreadOf(ours, others, of)
	*t = append(*t, line{
		What: what, Ours: ms(figure), Beside: other, Its: ms(medianOf(others, of)), Ratio: shownRatio(ratio), Spread: shownRatio(low) + " to " + shownRatio(high),
		Target: l.text, Met: l.met != nil && l.met(figure, ratio),
	})
}

// memory adds what one program of ours had resident at most, in bytes, beside another of ours.
func (t *table) memory(what string, bytes int64, other string, others int64) {
	*t = append(*t, line{What: what, Ours: mb(bytes), Beside: other, Its: mb(others), Ratio: shownRatio(float64(bytes) / float64(others))})
}

// figure adds one figure of ours that has nothing beside it and no limit.
func (t *table) figure(what string, of func(cost) time.Duration, ours []cost) {
	*t = append(*t, line{What: what, Ours: ms(medianOf(ours, of))})
}

// day adds what a day costs; where the other side has no process, there is no ratio.
func (t *table) day(what string, ours, theirs time.Duration) {
	l := line{What: what, Ours: seconds(ours), Beside: "stock agents", Its: "no process"}
	if theirs > 0 {
		l.Its, l.Ratio = seconds(theirs), shownRatio(float64(ours)/float64(theirs))
	}
	*t = append(*t, l)
}

// shownRatio is a ratio for people.
func shownRatio(ratio float64) string {
	if ratio < 0.5 {
		return fmt.Sprintf("1/%.1f", 1/ratio)
	}
	return fmt.Sprintf("%.2f", ratio)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

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
