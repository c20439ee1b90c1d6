package recovery

import (
	"fmt"
	"strings"
)

// Explain is what `oneha recover explain` prints of a state: what it is, what each
// choice would do, and what is right by what is found.
func Explain(s State) string {
	var b strings.Builder
	wrap(&b, "", fmt.Sprintf("%s, in onevm list %q: %s.", s.Key(), s.Short, s.Doing))
	if s.Since != "" {
		fmt.Fprintf(&b, "Since OpenNebula %s.\n", s.Since)
	}
	if s.Until != "" {
		fmt.Fprintf(&b, "Until OpenNebula %s.\n", s.Until)
	}
	fmt.Fprintf(&b, "%s\n\nonevm recover\n", waiting[s.Kind])
	for _, c := range Choices {
		o := s.Outcome(c)
		wrap(&b, fmt.Sprintf("  %-12s ", c.Flag()), o.String())
		if o.Trap != "" {
			wrap(&b, fmt.Sprintf("  %-12s ", ""), "TRAP: "+o.Trap)
		}
	}
	if notes := releases[s.LCM]; s.State == Active && len(notes) > 0 {
		b.WriteString("\nBy release\n")
		for _, note := range notes {
			wrap(&b, fmt.Sprintf("  %-12s ", note.when), note.what)
		}
	}
	b.WriteString("\nWhat is right after a failover\n")
	for _, c := range Situations(s) {
		wrap(&b, "  "+c.When+"\n      ", line(c.Proposal))
	}
	return b.String()
}

// columns is how wide an explanation gets: what every terminal has.
const columns = 79

// wrap writes a text behind a head, its further lines as far in as the head's last
// line is long.
func wrap(b *strings.Builder, head, text string) {
	b.WriteString(head)
	indent := len(head[strings.LastIndex(head, "\n")+1:])
	at := indent
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case at+1+len(word) > columns:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteString(" ")
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	b.WriteString("\n")
}

var waiting = map[Kind]string{
	Rest:      "It waits for nothing: a failover does not touch it.",
	Waits:     "It waits for the answer of a driver. When oned dies the answer is lost, and\nthe next oned never asks again: it stays so for ever.",
	Failed:    "It waits for a person.",
	Monitored: "It waits for the monitoring, which comes again by itself.",
}

// line is a proposal in a line.
func line(p Proposal) string {
	if p.Verdict == Leave {
		return "leave it"
	}
	var flags []string
	for _, c := range p.Choices {
		flags = append(flags, c.Flag())
	}
	answer := strings.Join(flags, ", then ")
	switch p.Verdict {
	case Safe:
		return answer
	case Wait:
		return "wait: " + p.Look
	case Handle:
		return "with its host, by the host error hook"
	}
	if answer == "" {
		return "a person: " + p.Look
	}
	return answer + ", by a person: " + p.Look
}

// Situation is a set of facts that a reader understands, with what is right in it.
type Situation struct {
	When     string
	Facts    Facts
	Proposal Proposal
}

// twoHosts are the states in which the host before the last one matters.
var twoHosts = map[int]bool{4: true, 7: true, 8: true, 35: true, 37: true, 38: true, 43: true, 44: true, 45: true, 46: true, 60: true, 61: true}

// cases are the situations of a state on one host or, when it is moved, on two.
func cases(s State) []Situation {
	well := func(domain Presence) Facts { return Facts{Host: HostUp, Domain: domain, Worker: Absent} }
	with := func(f Facts, change func(*Facts)) Facts { change(&f); return f }
	if !twoHosts[s.LCM] {
		return []Situation{
			{When: "host well, its domain runs, nothing works on it", Facts: well(There)},
			{When: "host well, its domain does not run, nothing works on it", Facts: well(Absent)},
			{When: "the same, with a checkpoint", Facts: with(well(Absent), func(f *Facts) { f.Checkpoint = There })},
			{When: "the same, with all disks where they are taken from", Facts: with(well(Absent), func(f *Facts) { f.Disks = There })},
			{When: "the same, with some disks not there any more", Facts: with(well(Absent), func(f *Facts) { f.Disks = Absent })},
		}
	}
	both := func(domain, source Presence) Facts {
		return Facts{Host: HostUp, Source: HostUp, Domain: domain, OnSource: source, Worker: Absent}
	}
	return []Situation{
		{When: "hosts well, runs on the one that it goes to, nothing works on it", Facts: both(There, Absent)},
		{When: "hosts well, runs on the one that it comes from, nothing works on it", Facts: both(Absent, There)},
		{When: "hosts well, runs on none, nothing works on it", Facts: both(Absent, Absent)},
		{When: "the same, with a checkpoint", Facts: with(both(Absent, Absent), func(f *Facts) { f.Checkpoint = There })},
		{When: "the same, with all disks where they are taken from", Facts: with(both(Absent, Absent), func(f *Facts) { f.Disks = There })},
		{When: "the same, with some disks not there any more", Facts: with(both(Absent, Absent), func(f *Facts) { f.Disks = Absent })},
		{When: "the host that it comes from seen without power, does not run, nothing works on it", Facts: Facts{Host: HostUp, Source: HostOff, Domain: Absent, Worker: Absent}},
	}
}

// Situations are those that make a difference in a state.
func Situations(s State) (list []Situation) {
	all := append([]Situation{{When: "nothing is known"}}, cases(s)...)
	all = append(all,
		Situation{When: "attach or make, and it is there", Facts: Facts{Host: HostUp, Domain: There, Operation: Add, Thing: There, Worker: Absent}},
		Situation{When: "attach or make, and it is not there", Facts: Facts{Host: HostUp, Domain: There, Operation: Add, Thing: Absent, Worker: Absent}},
		Situation{When: "detach or delete, and it is gone", Facts: Facts{Host: HostUp, Domain: There, Operation: Remove, Thing: Absent, Worker: Absent}},
		Situation{When: "detach or delete, and it is there", Facts: Facts{Host: HostUp, Domain: There, Operation: Remove, Thing: There, Worker: Absent}},
		Situation{When: "no device is marked in its record", Facts: Facts{Host: HostUp, Domain: There, Operation: Update, Worker: Absent}},
		Situation{When: "a script still works on it", Facts: Facts{Worker: There}},
		Situation{When: "host does not answer", Facts: Facts{Host: HostSilent, Source: HostUp}},
		Situation{When: "host seen without power", Facts: Facts{Host: HostOff, Source: HostUp, Worker: Absent}})
	seen := map[string]bool{}
	for _, c := range all {
		c.Facts.State, c.Facts.LCM = s.State, s.LCM
		c.Proposal = Propose(c.Facts)
		text := line(c.Proposal)
		if c.Facts.Operation != OperationUnknown {
			blind := c.Facts
			blind.Operation, blind.Thing = OperationUnknown, Unasked
			if Propose(blind).Why == c.Proposal.Why {
				continue // a device says nothing in this state
			}
			text = c.When // what is right for an attach and for a detach alike is told twice
		}
		if !seen[text] {
			seen[text] = true
			list = append(list, c)
		}
	}
	return list
}
