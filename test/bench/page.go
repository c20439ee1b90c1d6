package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/test/failover"
)

// intro is what the page says before the figures, sections what it says of each part.
//
//go:embed page.md
var intro string

// section is a part of the page.
type section struct {
	part, title, text string
}

// sections are in the order of the page.
var sections = []section{
	{"vip", "Floating IP", "Beside IPaddr2 of Debian, and beside a Go program that only asks the kernel for its links and addresses."},
	{"fence", "Fence agents", "Beside the stock agent for the same simulated BMC, whose machine is off and on at once; IPMI also beside a Go program that does nothing but log in, ask and log out. `wall` is left out where the stand-in has to pause for the stock agent. fence_ipmilan sleeps two seconds after each switching unless `power_wait` says otherwise: off and on have that once, reboot twice."},
	{"service", "Monitor of a service", "Beside a Go program that asks systemd for one property."},
	{"actions", "Every action of every service", "Stock clusters run these as class systemd, without a program: `systemctl` is beside ours because it can be measured. It asks systemd and nothing else, where ours asks the service too: a start waits until it answers."},
	{"day", "A day of monitoring", "CPU time of both nodes together, computed: the measured CPU time of one call, times the calls of a day at the intervals that `oneha generate` writes. Services of class systemd count nothing, since Pacemaker asks systemd itself; ours are asked more often (oned every 15 s instead of 60 s), and for an answer."},
	{"config", "Configuration", "Beside the crm shell and pcs, from a description of the same cluster. The script for pcs is estimated from below: the number of its commands times the cheapest."},
	{"growth", "Larger clusters", "Beside the smallest of its kind. `recover` is `oneha recover --json` in a cloud of so many virtual machines, 3 of 50 left between two states; the cloud is a stand-in, whose answers are in `wall`, and the hypervisors are not asked. How a floating IP's actions grow with the addresses of its interface is above."},
	{"size", "Size", ""},
	{"memory", "Memory", "The most that one call has resident."},
}

// page is docs/benchmarks.md.
func (r result) page() string {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(intro) + "\n")
	for _, s := range failoverSections {
		s.write(&b, *r.rounds(s.part))
	}
	for _, s := range sections {
		lines := r.of(s.part)
		if len(lines) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n", s.title)
		if s.text != "" {
			b.WriteString(s.text + "\n\n")
		}
		fmt.Fprintf(&b, "Again: `make bench ONLY=%s`\n\n", s.part)
		lines.markdown(&b)
	}
	r.runsSection(&b)
	return b.String()
}

// markdown writes the table, without the columns that are empty.
func (t table) markdown(b *strings.Builder) {
	columns := []struct {
		title string
		of    func(line) string
	}{
		{"what", func(l line) string { return l.What }},
		{"ratio", func(l line) string { return l.Ratio }},
		{"half of the rounds", func(l line) string { return l.Spread }},
		{"ours", func(l line) string { return l.Ours }},
		{"beside", func(l line) string { return l.Beside }},
		{"its", func(l line) string { return l.Its }},
		{"target", func(l line) string {
			switch {
			case l.Target == "":
				return ""
			case l.Met:
				return l.Target + ": met"
			}
			return l.Target + ": **missed**"
		}},
	}
	columns = slices.DeleteFunc(columns, func(c struct {
		title string
		of    func(line) string
	}) bool {
		return !slices.ContainsFunc(t, func(l line) bool { return c.of(l) != "" })
	})
	for _, c := range columns {
		b.WriteString("| " + c.title + " ")
	}
	b.WriteString("|\n" + strings.Repeat("|---", len(columns)) + "|\n")
	for _, l := range t {
		for _, c := range columns {
			b.WriteString("| " + c.of(l) + " ")
		}
		b.WriteString("|\n")
	}
}

// runsSection says when the parts were measured, and how busy the machine was.
func (r result) runsSection(b *strings.Builder) {
	b.WriteString("\n## When and where\n\n" + whereText + "\n\n| part | day | version | cores | Linux | load | took |\n|---|---|---|---|---|---|---|\n")
	for _, run := range r.Runs {
		load, took := r.load(run), ""
		if run.Seconds > 0 {
			took = fmt.Sprintf("%.1f min", run.Seconds/60)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %d | %s | %s | %s |\n", run.Part, run.Time.Format("2006-01-02"), run.Commit, run.Cores, run.Kernel, shownLoad(load), took)
	}
}

// load is how busy the machine was; where it was noted for each round, the median of them.
func (r result) load(of run) float64 {
	rounds := r.rounds(of.Part)
	if rounds == nil || len(*rounds) == 0 {
		return of.Load
	}
	return failover.DistributionOf(loads(*rounds)).Median
}

// shownLoad says so where the load was too much for quiet figures.
func shownLoad(load float64) string {
	switch {
	case load == 0:
		return "not noted"
	case load > busy:
		return fmt.Sprintf("**%.1f: busy**", load)
	}
	return fmt.Sprintf("%.1f", load)
}

const whereText = "Load: processes that wanted to run, over a minute, for each core, when a part began or when it ended, whichever was more; of failovers the median of the rounds. " +
	"What is measured counts in it: a contest adds up to one process, two clusters more. At more than 1 the machine was busy: take the ratios of such a part, those of CPU time before all, and not its seconds."
