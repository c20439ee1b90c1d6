package soak

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Markdown is the section of docs/reliability.md about the runs, the last one in full.
func Markdown(all []Result) string {
	if len(all) == 0 {
		return ""
	}
	r := all[len(all)-1]
	var b strings.Builder
	b.WriteString("## Soak\n\nA cluster of two nodes and a Raft zone with guards, with a light fault a minute and a fencing every ten minutes, while the\n" +
		"commands that administrators leave open run. What lives long may not grow: `make soak MINUTES=30` does it again.\n\n")
	fmt.Fprintf(&b, "%.0f minutes, %s, seed %d, commit %s, Debian %s, load of the computer %.1f. Done meanwhile: %s.\n\n",
		r.Minutes, r.At.Format("2006-01-02"), r.Seed, cmp.Or(short(r.Commit), "-"), r.Release, r.Load, counted(r.Done))
	b.WriteString("KiB are medians of the second and of the last quarter; the rise is that of a line fitted to the second half (Theil and Sen).\n" +
		"What a fault ends is started again, as on the node that is fenced: it has no past (-), and is not judged.\n\n")
	b.WriteString("| what | where | memory of its own, KiB | rise | allowed | descriptors | threads |\n|---|---|---|---|---|---|---|\n")
	for _, p := range parts(r.Figures) {
		allowed := "-"
		if p.memory.Judged {
			allowed = number(p.memory.Bound)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", p.What, p.Where, change(p.memory), rise(p.memory), allowed, change(p.descriptors), change(p.threads))
	}
	b.WriteString("\n| what is left on disks | where | KiB | at most | files |\n|---|---|---|---|---|\n")
	for _, f := range r.Figures {
		if f.Measure == size {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", f.What, f.Where, change(f), number(f.Most), change(find(r.Figures, Key{f.Where, f.What, files})))
		}
	}
	b.WriteString("\n| node | processes of ours that stayed | zombies | journal, lines of ours | of others | rotations of the log of events |\n|---|---|---|---|---|---|\n")
	for _, node := range slices.Sorted(maps.Keys(r.Journal)) {
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %d |\n", node, stayed(r.Figures, node), number(find(r.Figures, Key{node, "all processes", zombies}).After), r.Journal[node], r.Others[node], r.Rotated[node])
	}
	if bad := r.Bad(); len(bad) > 0 {
		b.WriteString("\nNot flat:\n\n")
		for _, why := range bad {
			fmt.Fprintf(&b, "- %s\n", strings.ReplaceAll(why, "\n", " "))
		}
	} else {
		b.WriteString("\nFlat: nothing grew by more than it may, and nothing was left behind.\n")
	}
	return b.String()
}

// WriteTable writes every figure of a run for people.
func (r Result) WriteTable(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "where\twhat\tmeasure\tbefore\tafter\tmost\trise\tallowed\t")
	for _, f := range r.Figures {
		allowed, verdict := "", ""
		switch {
		case f.Within > 0:
			allowed = "most " + number(f.Within)
		case f.Judged:
			allowed = number(f.Bound)
		}
		switch {
		case f.Judged && f.Flat:
			verdict = "flat"
		case f.Judged:
			verdict = "GROWS: " + f.Why
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", f.Where, f.What, f.Measure, number(f.Before), number(f.After), number(f.Most), signed(f.Rise), allowed, verdict)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%.1f minutes, seed %d; %s; journal lines of ours %s, of others %s; log of events rotated %s; lines printed %s; load %.1f\n",
		r.Minutes, r.Seed, counted(r.Done), counted(r.Journal), counted(r.Others), counted(r.Rotated), counted(r.Output), r.Load)
	return err
}

// part is what is said of a program in one line.
type part struct {
	Key
	memory, descriptors, threads Figure
}

// parts are the programs of which the memory is known, those that are judged first.
func parts(figures []Figure) []part {
	var judged, others []part
	for _, f := range figures {
		if f.Measure != anonymous {
			continue
		}
		p := part{f.Key, f, find(figures, Key{f.Where, f.What, descriptors}), find(figures, Key{f.Where, f.What, threads})}
		if f.Judged {
			judged = append(judged, p)
		} else {
			others = append(others, p)
		}
	}
	return append(judged, others...)
}

// find is the figure of a key, an empty one when there is none.
func find(figures []Figure, k Key) Figure {
	for _, f := range figures {
		if f.Key == k {
			return f
		}
	}
	return Figure{Key: k}
}

// stayed names the processes of ours that were there in the last quarter.
func stayed(figures []Figure, node string) string {
	var all []string
	for _, f := range figures {
		if f.Where == node && f.Measure == processes && ours(f.What) && f.After > 0 {
			all = append(all, fmt.Sprintf("%s (%s)", f.What, change(f)))
		}
	}
	if all == nil {
		return "none"
	}
	return strings.Join(all, ", ")
}

// late reports whether it was not there yet in the second quarter of the run: nothing
// that lives has no memory, no descriptor or no thread.
func late(f Figure) bool {
	return f.Before == 0 && (f.Measure == anonymous || f.Measure == descriptors || f.Measure == threads)
}

// rise is by how much it rose, and that it was started again; of what was late it is not known.
func rise(f Figure) string {
	switch {
	case late(f):
		return "restarted"
	case f.Lives > 1:
		return signed(f.Rise) + ", restarted"
	default:
		return signed(f.Rise)
	}
}

// change is what it was and what it became, once when that is the same.
func change(f Figure) string {
	if f.Looks == 0 {
		return "-"
	}
	before, after := number(f.Before), number(f.After)
	if late(f) {
		before = "-"
	}
	if before == after {
		return after
	}
	return before + " → " + after
}

func signed(v float64) string {
	if text := number(v); v > 0 && text != "0" {
		return "+" + text
	} else {
		return text
	}
}

// counted lists how often things were done.
func counted(done map[string]int) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(done)) {
		all = append(all, fmt.Sprintf("%s %d", name, done[name]))
	}
	return strings.Join(all, ", ")
}

// short is a commit as people write it.
func short(commit string) string { return commit[:min(len(commit), 12)] }
