package chaos

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// WriteReport writes the page of the results in files; found is the file with what was
// found on the way, in Markdown.
func WriteReport(w io.Writer, found string, files ...string) error {
	text, err := os.ReadFile(found)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	var all []Result
	for _, file := range files {
		results, err := ReadResults(file)
		if err != nil {
			return err
		}
		all = append(all, results...)
	}
	if len(all) == 0 {
		return errors.New("write report: there are no results: give the files of a campaign (-results)")
	}
	return report(w, all, string(text))
}

// report writes the page.
func report(w io.Writer, results []Result, found string) error {
	p := &page{}
	p.add("# Reliability", "",
		"Every fault below was done to running clusters that `oneha generate` had configured, in an order left",
		"to chance, while a client wrote through the floating IP. After each the auditors looked.",
		fmt.Sprintf("**%d rounds, %d violations.**", len(results), violations(results)), "",
		"`make reliability` does it again and writes this page (as root, on one machine, for hours); `make chaos ROUNDS=20` is a taste.",
		"A round that is not as it should be prints the command that does it once more, and keeps the logs.",
		"", "What is written lies in the memory of the machine, so that the nodes' power does not take it. That no write was lost",
		"says that no second oned wrote over it and that no failover lost what had been acknowledged; what a",
		"database keeps when its own machine loses power is not tried here.", "")
	p.campaigns(results)
	p.violations(results)
	p.add("Min to max: the longest time between two acknowledged writes of the client, in seconds. Settled: the median of the seconds",
		"from the fault until everything ran again, with the time for which the fault was left in place.")
	if slices.ContainsFunc(results, func(r Result) bool { return r.CleanedUp }) {
		p.add("A star: failed actions had to be cleaned up first (`crm_resource --cleanup`), as an administrator does when the cause is gone.")
	}
	p.add("")
	for _, f := range fields() {
		of := slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Field != f.name })
		if len(of) == 0 || f.extra {
			continue
		}
		p.add("## "+strings.ToUpper(f.about[:1])+f.about[1:], "")
		p.times(f, of)
	}
	p.splits(results)
	p.rules()
	p.add("## Found on the way", "", strings.TrimSpace(found))
	_, err := io.WriteString(w, strings.Join(p.lines, "\n")+"\n")
	return err
}

// page collects lines of Markdown.
type page struct{ lines []string }

func (p *page) add(lines ...string) { p.lines = append(p.lines, lines...) }

func (p *page) row(cells ...any) {
	var b strings.Builder
	for _, c := range cells {
		fmt.Fprintf(&b, "| %v ", c)
	}
	p.add(b.String() + "|")
}

// campaigns says by which seeds and from which commits the rounds are.
func (p *page) campaigns(results []Result) {
	type campaign struct {
		seed                     uint64
		version, commit, release string
	}
	rounds := map[campaign]int{}
	var order []campaign
	for _, r := range results {
		c := campaign{r.Seed, r.Version, r.Commit, r.Release}
		if rounds[c] == 0 {
			order = append(order, c)
		}
		rounds[c]++
	}
	p.row("seed", "rounds", "oneha", "commit", "Debian")
	p.row("---", "---", "---", "---", "---")
	for _, c := range order {
		p.row(c.seed, rounds[c], c.version, cmp.Or(shortened(c.commit), "-"), c.release)
	}
	p.add("")
}

func shortened(commit string) string { return commit[:min(len(commit), 12)] }

// violations lists what went wrong, if anything did.
func (p *page) violations(results []Result) {
	if violations(results) == 0 {
		return
	}
	p.add("## Violations", "")
	for _, r := range results {
		for _, what := range r.wrong() {
			p.add(fmt.Sprintf("- %s, %s (seed %d, round %d): %s", r.Field, r.Fault, r.Seed, r.Round, strings.Join(strings.Fields(what), " ")))
		}
	}
	p.add("")
}

// violations counts what went wrong.
func violations(results []Result) (n int) {
	for _, r := range results {
		n += len(r.wrong())
	}
	return n
}

// times is the table of a field: seconds without an acknowledged write by fault.
func (p *page) times(f field, results []Result) {
	p.row("fault", "rounds", "min", "median", "p95", "max", "settled", "violations")
	p.row("---", "---:", "---:", "---:", "---:", "---:", "---:", "---:")
	for _, fault := range f.faults() {
		var away, settled []float64
		var of []Result
		byHand := ""
		for _, r := range results {
			if r.Fault != fault {
				continue
			}
			of = append(of, r)
			if r.Error != "" {
				continue // its times say nothing
			}
			away, settled = append(away, r.Away), append(settled, r.Settled)
			if r.CleanedUp {
				byHand = " *"
			}
		}
		if len(of) == 0 {
			continue
		}
		p.row(fault, len(of), seconds(quantile(away, 0)), seconds(quantile(away, 0.5)), seconds(quantile(away, 0.95)), seconds(quantile(away, 1)),
			seconds(quantile(settled, 0.5))+byHand, violations(of))
	}
	p.add("")
}

// splits is the table of the fields whose nodes were cut apart.
func (p *page) splits(results []Result) {
	begun := false
	for _, f := range fields() {
		if !f.extra {
			continue
		}
		var after []float64
		rounds, predicted := 0, 0
		for _, r := range results {
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
			p.row("who decides", "rounds", "one survivor, the foretold one", "other one off after, median", "max")
			p.row("---", "---:", "---:", "---:", "---:")
		}
		p.row(f.about, rounds, predicted, seconds(quantile(after, 0.5))+" s", seconds(quantile(after, 1))+" s")
	}
	if begun {
		p.add("")
	}
}

// rules are what the auditors look for.
func (p *page) rules() {
	p.add("## What the auditors look for", "")
	for _, a := range auditors {
		p.add("- " + a.Rule)
	}
	p.add("")
}

// quantile is the smallest value that a part of all do not exceed, 0 of none.
func quantile(all []float64, part float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(0, int(math.Ceil(part*float64(len(sorted))))-1)]
}

func seconds(s float64) string { return fmt.Sprintf("%.1f", s) }
