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
	{"growth", "Larger clusters", "Beside the smallest of its kind. How the monitor of a floating IP grows with the addresses of its interface is above."},
	{"size", "Size", ""},
	{"memory", "Memory", "The most that one call has resident."},
}

// page is docs/benchmarks.md.
func (r result) page() string {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(intro) + "\n")
	r.failoverSection(&b)
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

// failoverSection tells of the failovers.
func (r result) failoverSection(b *strings.Builder) {
	if len(r.Failovers) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## Failover\n\n%s\n\nAgain: `make bench ONLY=failover PAIRS=20`\n\n", failoverText)
	failoverLines(r.Failovers).markdown(b)
	for _, fault := range failover.Faults {
		c := failover.Compare(r.Failovers, fault, failover.OnedAnswers)
		if c.Pairs == 0 {
			continue
		}
		fmt.Fprintf(b, "\n### When %s: oned answers\n\n%d pairs of rounds; ours was faster in %d. Seconds:\n\n", fault, c.Pairs, c.Faster)
		b.WriteString("| | least | quarter | median | three quarters | most |\n|---|---|---|---|---|---|\n")
		for _, side := range []struct {
			name string
			d    failover.Distribution
		}{{"ours", c.Ours}, {"stock agents", c.Stock}} {
			fmt.Fprintf(b, "| %s | %.2f | %.2f | %.2f | %.2f | %.2f |\n", side.name, side.d.Min, side.d.Low, side.d.Median, side.d.High, side.d.Max)
		}
		b.WriteString("\n```\n" + histogram(c.OursAll, c.StockAll) + "```\n")
		b.WriteString("\nWhere the seconds go (medians of the parts):\n\n| part | ours | stock agents |\n|---|---|---|\n")
		for _, p := range failover.PartsOf(r.Failovers, fault) {
			fmt.Fprintf(b, "| %s | %.2f | %.2f |\n", p.Name, p.Ours, p.Stock)
		}
	}
	b.WriteString("\n" + r.failed() + "\n\n" + strings.TrimSpace(partsText) + "\n")
}

// failed says how many rounds went wrong, and what the load was.
func (r result) failed() string {
	var loads []float64
	failed := map[string]int{}
	for _, round := range r.Failovers {
		loads = append(loads, round.Load)
		if round.Error != "" {
			failed[round.Side]++
		}
	}
	d := failover.DistributionOf(loads)
	return fmt.Sprintf("Rounds that went wrong and were repeated: %d with our agents, %d with the stock ones. "+
		"Load of the machine at the beginning of a round, processes that wanted to run for each core: %.1f to %.1f, median %.1f.",
		failed[failover.Ours], failed[failover.Stock], d.Min, d.Max, d.Median)
}

// runsSection says when the parts were measured.
func (r result) runsSection(b *strings.Builder) {
	b.WriteString("\n## When and where\n\n| part | day | version | cores | Linux |\n|---|---|---|---|---|\n")
	for _, run := range r.Runs {
		fmt.Fprintf(b, "| %s | %s | %s | %d | %s |\n", run.Part, run.Time.Format("2006-01-02"), run.Commit, run.Cores, run.Kernel)
	}
}

const failoverText = "Two clusters of two nodes on one machine, with real Pacemaker, corosync and BMCs that switch the nodes' power: one with our agents and one " +
	"with `agents: stock` (IPaddr2, class systemd, fence_ipmilan), from descriptions that differ in nothing else. Their active nodes die in turn; " +
	"who begins takes turns, too. It is always the node that no fencing delay protects. oned and its services are stand-ins that start in no time: " +
	"what a real oned takes comes on top of both. Seconds count from the fault, as seen from the switch, where clients are."

const partsText = `
What the parts are, and what was done to those that are ours:

- **Until the node counts as lost** is corosync's token and consensus, and the same for both: 3 s times 2.2, since a
  cluster that is too quick takes a hiccup for a death.
- **Until fencing is asked for** is Pacemaker's scheduler, the same for both.
- **Fencing** is the fence agent: ours logs in once, switches off, looks until it sees the machine off, and switches on;
  fence_ipmilan starts Python, and ipmitool for each question, and sleeps two seconds after each switching (its default of
  ` + "`power_wait`" + `).
- **Until the floating IP is started**: ours is one program that speaks netlink; IPaddr2 is a shell script that starts
  42 programs.
- **Between that and the start of oned** should be nothing: Pacemaker starts oned and the first monitor of the floating IP
  side by side (4 ms apart in the lab, unloaded). But when a node's load over a minute is above 1.6 for each core, Pacemaker
  throttles itself to one action at a time in a cluster of two (` + "`throttle_get_total_job_limit`" + ` in its controld_throttle.c;
  its log says "High CPU load detected"), and oned waits for that monitor: ours sends the rest of the announcements in it, 0.6 s, as
  [decision 6](decisions/0006-no-background-announcements.md) has it, where IPaddr2 leaves a process behind. Where servers are
  that busy, ` + "`properties: {load-threshold: 1000%}`" + ` in the description raises Pacemaker's bar.
- **Start of oned**: ours waits for systemd's job and then until oned answers on its port, and returns at once then. For
  class systemd Pacemaker looks whether the unit is active, and when it is not yet, again after two seconds
  (execd_commands.c); that oned answers is not asked. The same happens to each further service.
- **Stops** are the same: ours return when the unit has stopped, class systemd is looked at every two seconds.
`
