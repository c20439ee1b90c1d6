package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/oneha/oneha/cib"
	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/preview"
)

// planReport is what plan --json prints.
type planReport struct {
	Changes  cib.Changes       `json:"changes"`        // never null
	Diff     string            `json:"diff,omitempty"` // with --diff
	Worries  []string          `json:"worries"`        // never null
	Budget   preview.Budget    `json:"budget"`
	Outcomes []preview.Outcome `json:"outcomes"`       // never null
	Note     string            `json:"note,omitempty"` // why there are no outcomes, or not all
}

func (p planned) report() planReport {
	r := planReport{Changes: append(cib.Changes{}, p.changes...), Worries: append([]string{}, p.worries()...), Budget: p.budget,
		Outcomes: append([]preview.Outcome{}, p.outcomes...), Note: p.note}
	if p.diff {
		r.Diff = p.changes.Diff()
	}
	return r
}

// showPlan writes a plan that foresee has completed: the changes, what to worry about in
// them, the timing budget, the failures. It shows no secret.
func (t tool) showPlan(_ context.Context, w io.Writer, p planned) error {
	width := widthOf(w)
	var b strings.Builder
	b.WriteString("CHANGES\n\n" + p.changesText(width))
	if p.diff && len(p.changes) > 0 {
		b.WriteString("\n" + p.changes.Diff())
	}
	if worries := p.worries(); len(worries) > 0 {
		b.WriteString("\nLOOK TWICE\n\n")
		for _, worry := range worries {
			b.WriteString(paragraph("  ", "  ", worry, width))
		}
	}
	if p.brief {
		_, err := io.WriteString(w, b.String())
		return err
	}
	b.WriteString("\nTIMING, in seconds\n\n" + budgetText(p.budget, p.outcomes, width))
	if len(p.outcomes) > 0 {
		b.WriteString("\nFAILURES\n\n" + healthyText(p.outcomes, width) + "\n" + failuresText(p.outcomes, width))
	}
	if p.note != "" {
		b.WriteString("\n" + paragraph("  ", "  ", p.note, width))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// widthOf is how many columns a text may have: those of a terminal, within reason, else 100.
func widthOf(w io.Writer) int {
	const least, most = 60, 100
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return max(least, min(columns, most))
		}
	}
	return most
}

// changesText says the changes; those of an empty configuration are only counted.
func (p planned) changesText(width int) string {
	switch {
	case len(p.changes) == 0 && p.cluster.Name == "":
		return "  none: this is the configuration as it is\n"
	case len(p.changes) == 0:
		return "  0 changes: the configuration is what the description says\n"
	case p.live == nil:
		counts, order := map[cib.Thing]int{}, []cib.Thing{}
		for _, c := range p.changes {
			if counts[c.Thing]++; counts[c.Thing] == 1 {
				order = append(order, c.Thing)
			}
		}
		var parts []string
		for _, thing := range order {
			parts = append(parts, countOf(counts[thing], string(thing)))
		}
		return paragraph("  ", "  ", "from an empty configuration: "+strings.Join(parts, ", ")+" (--diff shows them)", width)
	}
	var b strings.Builder
	sign := map[cib.Action]string{cib.Add: "+", cib.Remove: "-", cib.Modify: "~"}
	for _, c := range p.changes {
		b.WriteString(paragraph("  "+sign[c.Action]+" ", "    ", c.String(), width))
	}
	return b.String() + "\n  " + diag.Count(len(p.changes), "change") + "\n"
}

// countOf counts things whose plural is not only an s.
func countOf(n int, thing string) string {
	if n > 1 && strings.HasSuffix(thing, "y") {
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(thing, "y"))
	}
	return diag.Count(n, thing)
}

// worries are the changes that take something away from what runs now.
func (p planned) worries() (list []string) {
	if p.live == nil {
		return nil
	}
	var stops, restarts []string
	for _, c := range p.changes {
		stops, restarts = append(stops, c.Stops...), append(restarts, c.Restarts...)
		if c.Action == cib.Remove && c.Thing != cib.ThingResource {
			list = append(list, c.Sentence)
		}
	}
	slices.Sort(stops)
	slices.Sort(restarts)
	restarts = slices.DeleteFunc(slices.Compact(restarts), func(r string) bool { return slices.Contains(stops, r) })
	if stops = slices.Compact(stops); len(stops) > 0 {
		list = append(list, "stops for good: "+strings.Join(stops, ", "))
	}
	if len(restarts) > 0 {
		list = append(list, "restarts: "+strings.Join(restarts, ", "))
	}
	return list
}

// budgetText is a table of phases.
func budgetText(b preview.Budget, outcomes []preview.Outcome, width int) string {
	rows := [][]string{{"", "", "usual", "worst", "from"}}
	phase := ""
	for _, l := range b.Lines {
		shown := l.Phase
		if shown == phase {
			shown = ""
		}
		phase = l.Phase
		what := l.What
		if len(l.Of) > 0 {
			what = strings.Join(l.Of, ", ") + ": " + what
		}
		rows = append(rows, []string{shown, what, tenths(l.Time.Typical), tenths(l.Time.Worst), l.From})
	}
	for _, o := range outcomes {
		if node, lost := strings.CutPrefix(o.Failure, string(preview.NodeLost)+":"); lost && o.Seconds.Worst > 0 {
			rows = append(rows, []string{"in all", node + " lost: until everything runs again", tenths(o.Seconds.Typical), tenths(o.Seconds.Worst), "the phases, as they wait for each other"})
		}
	}
	return table(rows, []int{7, 0, -7, -7, 0}, width)
}

// tenths is a duration in seconds.
func tenths(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }

// healthyText says where everything runs before anything fails.
func healthyText(outcomes []preview.Outcome, width int) string {
	i := slices.IndexFunc(outcomes, func(o preview.Outcome) bool {
		return slices.ContainsFunc(sorted(o.Before), func(r string) bool { return o.Before[r] != "" })
	})
	if i < 0 {
		return "  in a healthy cluster: nothing runs\n"
	}
	on := map[string][]string{}
	for _, r := range sorted(outcomes[i].Before) {
		on[outcomes[i].Before[r]] = append(on[outcomes[i].Before[r]], r)
	}
	var parts []string
	for _, node := range sorted(on) {
		if node != "" {
			parts = append(parts, fmt.Sprintf("%s runs %s", node, strings.Join(on[node], ", ")))
		}
	}
	if off := on[""]; len(off) > 0 {
		parts = append(parts, strings.Join(off, ", ")+" stopped")
	}
	return paragraph("  ", "  ", "in a healthy cluster: "+strings.Join(parts, "; "), width)
}

// failuresText is the table of failures.
func failuresText(outcomes []preview.Outcome, width int) string {
	rows := [][]string{{"if", "then", "out of service", "at worst"}}
	for _, o := range together(outcomes) {
		then := o.Words
		if o.Why != "" {
			then += " (" + o.Why + ")"
		}
		usual, worst := people(o.Seconds.Typical), people(o.Seconds.Worst)
		switch {
		case o.Blocked && !o.Quorate:
			usual, worst = "until it has quorum", ""
		case o.Blocked && len(o.Stopped) > 0:
			usual, worst = "until a person acts", ""
		case o.Seconds.Worst == 0 && len(o.Stopped) > 0:
			usual, worst = "stays off", ""
		case o.Seconds.Worst == 0:
			usual, worst = "-", ""
		}
		rows = append(rows, []string{o.Title, then, usual, worst})
	}
	return table(rows, []int{width / 4, 0, 9, 8}, width)
}

// people writes a duration as one says it.
func people(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}
