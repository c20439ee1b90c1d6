package chaos

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// mostNamed is how many faults that were not done are named; more are for -list.
const mostNamed = 20

// done says how many of the faults were done: those of which a round came to its end.
func (p *page) done(all []Result, of []field) {
	type pair struct{ field, fault string }
	pairs, kinds := map[pair]bool{}, map[string]bool{}
	for _, r := range all {
		if r.Error == "" {
			pairs[pair{r.Field, r.Fault}], kinds[r.Fault] = true, true
		}
	}
	var known, missing []string
	donePairs, knownPairs := 0, 0
	for _, f := range of {
		for _, fault := range f.faults() {
			knownPairs++
			if pairs[pair{f.name, fault}] {
				donePairs++
			}
			if slices.Contains(known, fault) {
				continue
			}
			known = append(known, fault)
			if !kinds[fault] {
				missing = append(missing, fault)
			}
		}
	}
	p.add(fmt.Sprintf("%d of %s of faults were done, in %d of %s of a fault and a cluster.", len(known)-len(missing), several(len(known), "kind"), donePairs, several(knownPairs, "combination")))
	switch {
	case len(missing) > mostNamed:
		p.add(fmt.Sprintf("%d kinds were not: these are too few rounds for all.", len(missing)))
	case len(missing) > 0:
		p.add("Not done: " + strings.Join(missing, "; ") + ".")
	}
	p.add("")
}

// nodes is the table of the clusters of nodes: seconds without an acknowledged write by
// fault, over all fields and in each.
func (p *page) nodes(all []Result) {
	of := slices.DeleteFunc(fields(), func(f field) bool { return f.extra || f.name == raft().name })
	all = slices.DeleteFunc(slices.Clone(all), func(r Result) bool {
		return !slices.ContainsFunc(of, func(f field) bool { return f.name == r.Field })
	})
	if len(all) == 0 {
		return
	}
	head, line := []any{"fault", "rounds", "min", "median", "p95", "max", "settled", "violations"}, slices.Concat([]any{"---"}, slices.Repeat([]any{"---:"}, 7))
	var abouts []string
	for _, f := range of {
		head, line, abouts = append(head, f.name), append(line, "---:"), append(abouts, fmt.Sprintf("%s (%s)", f.name, f.about))
	}
	p.add("## Clusters", "", "Min to max are the seconds without service over all clusters: the longest time between two acknowledged writes of a",
		"client that writes ten times a second, through the floating IP. Settled: the median of the seconds from the fault until",
		"everything ran again, with the time for which the fault was left in place. The last columns are the seconds without service",
		"by cluster: of one round, or the least and the most with the number of rounds (-: not done; empty: cannot be done there).",
		"The clusters: "+strings.Join(abouts, ", ")+".")
	if slices.ContainsFunc(all, func(r Result) bool { return r.CleanedUp }) {
		p.add("A star: failed actions had to be cleaned up first (`crm_resource --cleanup`), as an administrator does when the cause is gone.")
	}
	p.add("")
	p.row(head...)
	p.row(line...)
	for _, g := range append(groups(), unknown(all)) {
		begun := false
		for _, fault := range g.faults {
			t := timesOf(all, fault.Name)
			if t.rounds == 0 {
				continue
			}
			if !begun {
				begun = true
				p.row(slices.Concat([]any{"**" + g.name + "**"}, slices.Repeat([]any{""}, len(head)-1))...)
			}
			cells := t.row(fault.Name)
			for _, f := range of {
				one := timesOf(slices.DeleteFunc(slices.Clone(all), func(r Result) bool { return r.Field != f.name }), fault.Name)
				cells = append(cells, one.span(slices.Contains(fault.Fields, f.name)))
			}
			p.row(cells...)
		}
	}
	p.add("")
}

// unknown are faults that results have and the campaign has no more.
func unknown(all []Result) group {
	g := group{name: "of an earlier campaign"}
	known := faults()
	for _, r := range all {
		if !slices.ContainsFunc(slices.Concat(known, g.faults), func(f Fault) bool { return f.Name == r.Fault }) {
			g.faults = append(g.faults, Fault{Name: r.Fault})
		}
	}
	return g
}

// zone is the table of the zone under Raft, in which nobody writes.
func (p *page) zone(all []Result) {
	f := raft()
	all = slices.DeleteFunc(slices.Clone(all), func(r Result) bool { return r.Field != f.name })
	if len(all) == 0 {
		return
	}
	p.add("## "+strings.ToUpper(f.about[:1])+f.about[1:], "",
		"Min to max: the longest time, in seconds, in which no leader answered at the floating IP: ten times a second a client asks",
		"the server that has it whether it leads. It asks past all cuts, so that a leader that was cut off counts until it steps",
		"down, and it writes nothing: these figures are not about writes.", "")
	p.row("fault", "rounds", "min", "median", "p95", "max", "settled", "violations")
	p.row("---", "---:", "---:", "---:", "---:", "---:", "---:", "---:")
	names := f.faults()
	for _, r := range all {
		if !slices.Contains(names, r.Fault) {
			names = append(names, r.Fault)
		}
	}
	for _, name := range names {
		if t := timesOf(all, name); t.rounds > 0 {
			p.row(t.row(name)...)
		}
	}
	p.add("")
}

// taken are what the rounds of a fault took, in seconds. A round that has an error counts,
// and its times do not, since they say nothing.
type taken struct {
	rounds, violations int
	away, settled      []float64
	cleanedUp          bool
}

func timesOf(all []Result, fault string) (t taken) {
	for _, r := range all {
		if r.Fault != fault {
			continue
		}
		t.rounds++
		t.violations += len(r.wrong())
		if r.Error != "" {
			continue
		}
		t.away, t.settled = append(t.away, r.Away), append(t.settled, r.Settled)
		t.cleanedUp = t.cleanedUp || r.CleanedUp
	}
	return t
}

// row is what is said of every fault: how often it was done, min, median, p95 and max, when
// it had settled, and what was wrong.
func (t taken) row(fault string) []any {
	settled := part(t.settled, 0.5)
	if t.cleanedUp {
		settled += " *"
	}
	return []any{fault, t.rounds, part(t.away, 0), part(t.away, 0.5), part(t.away, 0.95), part(t.away, 1), settled, t.violations}
}

// span is what a cell says of one field, to which the fault can be done or not.
func (t taken) span(can bool) string {
	switch {
	case t.rounds == 0 && can:
		return "-"
	case t.rounds == 0:
		return ""
	case len(t.away) == 0:
		return "failed"
	case len(t.away) == 1:
		return part(t.away, 1)
	default:
		return fmt.Sprintf("%s to %s (%d)", part(t.away, 0), part(t.away, 1), len(t.away))
	}
}

// splits is the table of the fields whose nodes were cut apart.
func (p *page) splits(all []Result) {
	begun := false
	for _, f := range fields() {
		if !f.extra {
			continue
		}
		var after []float64
		rounds, predicted := 0, 0
		for _, r := range all {
			if r.Field != f.name {
				continue
			}
			rounds++
			if r.Error == "" && len(r.Fenced) > 0 {
				after = append(after, r.FencedAfter)
			}
			if !r.Bad() && len(r.Fenced) == 1 && r.Fenced[0] != r.Expected && r.After == r.Expected {
				predicted++
			}
		}
		if rounds == 0 {
			continue
		}
		if !begun {
			begun = true
			p.add("## Split brain", "", "The link between two living nodes is cut, at the one or the other, by chance. One of them has to survive,",
				"the one of which `oneha plan` said so just before.", "")
			p.row("who decides", "rounds", "one survivor, the foretold one", "seconds until the other one was off, median", "max")
			p.row("---", "---:", "---:", "---:", "---:")
		}
		p.row(f.about, rounds, predicted, part(after, 0.5), part(after, 1))
	}
	if begun {
		p.add("")
	}
}

// part is a quantile of seconds, for a cell.
func part(all []float64, of float64) string {
	if len(all) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", quantile(all, of))
}

// quantile is the smallest value that a part of all do not exceed. Of one value or more.
func quantile(all []float64, part float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(0, int(math.Ceil(part*float64(len(sorted))))-1)]
}

// several is a number of things.
func several(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
