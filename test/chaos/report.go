package chaos

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/oneha/oneha/test/results"
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
		more, err := results.Read[Result](file)
		if err != nil {
			return err
		}
		all = append(all, more...)
	}
	if len(all) == 0 {
		return errors.New("write report: there are no results: give the files of a campaign (-results)")
	}
	return report(w, all, string(text))
}

// report writes the page.
func report(w io.Writer, all []Result, found string) error {
	p := &page{}
	p.add("# Reliability", "",
		"Every fault below was done to running clusters that `oneha generate` had configured, in an order left",
		"to chance, while a client wrote through the floating IP. After each the auditors looked.",
		fmt.Sprintf("**%s, %s.**", several(len(all), "round"), several(violations(all), "violation")), "")
	p.done(all, fields())
	p.add("`make reliability` does it again and writes this page (as root, on one machine, half an hour with `AT_ONCE=6`, hours without); `make chaos ROUNDS=20` is a taste.",
		"A round that is not as it should be prints the command that does it once more, and keeps the logs.",
		"", "What is written lies in the memory of the machine, so that the nodes' power does not take it. That no write was lost",
		"says that no second oned wrote over it and that no failover lost what had been acknowledged; what a",
		"database keeps when its own machine loses power is not tried here.", "")
	p.campaigns(all)
	p.violations(all)
	p.nodes(all)
	p.zone(all)
	p.splits(all)
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
func (p *page) campaigns(all []Result) {
	type campaign struct {
		seed                     uint64
		version, commit, release string
	}
	rounds := map[campaign]int{}
	var order []campaign
	for _, r := range all {
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
func (p *page) violations(all []Result) {
	if violations(all) == 0 {
		return
	}
	p.add("## Violations", "")
	for _, r := range all {
		for _, what := range r.wrong() {
			p.add(fmt.Sprintf("- %s, %s (seed %d, round %d): %s", r.Field, r.Fault, r.Seed, r.Round, strings.Join(strings.Fields(what), " ")))
		}
	}
	p.add("")
}

// violations counts what went wrong.
func violations(all []Result) (n int) {
	for _, r := range all {
		n += len(r.wrong())
	}
	return n
}

// rules are what the auditors look for.
func (p *page) rules() {
	p.add("## What the auditors look for", "")
	for _, a := range auditors {
		p.add("- " + a.Rule)
	}
	p.add("")
}
