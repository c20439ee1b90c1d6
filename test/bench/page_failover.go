package main

import (
	"fmt"
	"strings"

	"github.com/oneha/oneha/test/failover"
)

// failoverSections tell of the parts that consist of rounds.
var failoverSections = []section{
	{failoverPart, "Failover", failoverText},
	{largePart, "Failover with many floating IPs", largeText},
}

// write tells of the failovers of a part, if there are any.
func (s section) write(b *strings.Builder, rounds []failover.Round) {
	if len(rounds) == 0 {
		return
	}
	pairs := 20
	if s.part == largePart {
		pairs = largePairs
	}
	fmt.Fprintf(b, "\n## %s\n\n%s\n\nAgain: `make bench ONLY=%s PAIRS=%d`\n\n", s.title, s.text, s.part, pairs)
	failoverLines(s.part, rounds).markdown(b)
	for _, fault := range failover.Faults {
		distribution(b, rounds, fault, ofPart(s.part))
	}
	b.WriteString("\n" + failed(rounds) + "\n")
	if s.part == failoverPart {
		b.WriteString("\n" + strings.TrimSpace(partsText) + "\n")
	}
}

// distribution tells when oned answered after a fault, and where the seconds went;
// of is which clusters' rounds they are, "" for the usual ones'.
func distribution(b *strings.Builder, rounds []failover.Round, fault, of string) {
	c := failover.Compare(rounds, fault, failover.OnedAnswers)
	if c.Pairs == 0 {
		return
	}
	fmt.Fprintf(b, "\n### When %s%s: oned answers\n\n%d pairs of rounds; ours was faster in %d. Seconds:\n\n", fault, of, c.Pairs, c.Faster)
	b.WriteString("| | least | quarter | median | three quarters | most |\n|---|---|---|---|---|---|\n")
	for _, side := range []struct {
		name string
		d    failover.Distribution
	}{{"ours", c.Ours}, {"stock agents", c.Stock}} {
		fmt.Fprintf(b, "| %s | %.2f | %.2f | %.2f | %.2f | %.2f |\n", side.name, side.d.Min, side.d.Low, side.d.Median, side.d.High, side.d.Max)
	}
	b.WriteString("\n```\n" + histogram(c.OursAll, c.StockAll) + "```\n")
	b.WriteString("\nWhere the seconds go (medians of the parts):\n\n| part | ours | stock agents |\n|---|---|---|\n")
	for _, p := range failover.PartsOf(rounds, fault) {
		fmt.Fprintf(b, "| %s | %.2f | %.2f |\n", p.Name, p.Ours, p.Stock)
	}
}

// failed says how many rounds went wrong, and what the load was.
func failed(rounds []failover.Round) string {
	failed := map[string]int{}
	for _, round := range rounds {
		if round.Error != "" {
			failed[round.Side]++
		}
	}
	d := failover.DistributionOf(loads(rounds))
	return fmt.Sprintf("Rounds that went wrong and were repeated: %d with our agents, %d with the stock ones. "+
		"Load of the machine at the beginning of a round, processes that wanted to run for each core: %.1f to %.1f, median %.1f.",
		failed[failover.Ours], failed[failover.Stock], d.Min, d.Max, d.Median)
}

func loads(rounds []failover.Round) (all []float64) {
	for _, r := range rounds {
		all = append(all, r.Load)
	}
	return all
}

const failoverText = "Two clusters of two nodes on one machine, with real Pacemaker, corosync and BMCs that switch the nodes' power: one with our agents and one " +
	"with `agents: stock` (IPaddr2, class systemd, fence_ipmilan), from descriptions that differ in nothing else. Their active nodes die in turn; " +
	"who begins takes turns, too. It is always the node that no fencing delay protects. oned and its services are stand-ins that start in no time: " +
	"what a real oned takes comes on top of both. Seconds count from the fault, as seen from the switch, where clients are."

// largeText has to say moreIPs in words.
const largeText = "The same clusters with twenty floating IPs more, as a server with many networks has; only the hang. All floating IPs and oned are in one group, " +
	"which Pacemaker starts one after the other and stops in the opposite order: what one address costs is there 20 times more before oned starts, " +
	"in the part between the first floating IP and oned."

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
