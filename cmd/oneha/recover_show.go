package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/diag"
	tty "github.com/oneha/oneha/internal/screen"
	"github.com/oneha/oneha/internal/vmha/recovery"
	"github.com/oneha/oneha/internal/vmha/survey"
)

// recoverTable is what was found as text: a table, the reasons that its rows name by
// number, and what to do next. applied says that --apply is given already.
func recoverTable(r survey.Report, notes []string, outcomes []survey.Outcome, width int, verbose, applied bool) string {
	var b strings.Builder
	done := map[int]survey.Outcome{}
	for _, o := range outcomes {
		done[o.ID] = o
	}
	if len(r.Machines) > 0 {
		rows := [][]string{{"ID", "NAME", "STATE", "SINCE", "HOST", "VERDICT", "WHAT TO DO"}}
		reasons := &reasons{below: verbose}
		for _, m := range r.Machines {
			verdict, do := m.Proposal.Verdict.String(), advice(m.Proposal, reasons)
			if o, was := done[m.ID]; was {
				if verdict, do = "done", "is in "+o.State.Name; o.Err != nil {
					verdict, do = "failed", tty.Clean(o.Err.Error())
				}
			}
			rows = append(rows, []string{fmt.Sprint(m.ID), tty.Clean(m.Name), m.State.Name, sinceWords(r.At, m.Since), tty.Clean(m.Host), verdict, do})
		}
		columns := []int{-7, 0, 17, 6, 9, 7, 0} // fit into 80
		if width >= 110 {
			columns = []int{-9, 0, 31, 9, 0, 7, 0}
		}
		b.WriteString(table(rows, columns, width))
		for i, text := range reasons.texts {
			if i == 0 {
				b.WriteString("\n")
			}
			number := fmt.Sprintf("(%d) ", i+1)
			b.WriteString(paragraph(number, strings.Repeat(" ", len(number)), text, width))
		}
		b.WriteString("\n")
	}
	if verbose {
		for _, m := range r.Machines {
			b.WriteString(recoverDetails(m, width))
		}
	}
	for _, o := range r.Objects {
		b.WriteString(paragraph("", "    ", fmt.Sprintf("%s %d %s is in %s: %s. To do: %s", o.Kind, o.ID, tty.Clean(o.Name), o.State, o.Why, o.Look), width))
	}
	for _, id := range r.Missing {
		fmt.Fprintf(&b, "There is no virtual machine %d, or it is DONE.\n", id)
	}
	for _, n := range slices.Concat(notes, r.Notes) {
		b.WriteString(paragraph("Note: ", "      ", tty.Clean(n), width))
	}
	b.WriteString(paragraph("", "", recoverSummary(r, outcomes, applied), width))
	return b.String()
}

// reasons are texts that rows name by their number, each once.
type reasons struct {
	texts []string
	below bool // all is said below of each anyhow
}

// see says where the reason of a proposal stands.
func (r *reasons) see(p recovery.Proposal) string {
	if r.below {
		return "see below"
	}
	text := p.Why + ": " + p.Look
	i := slices.Index(r.texts, text)
	if i < 0 {
		r.texts = append(r.texts, text)
		i = len(r.texts) - 1
	}
	return fmt.Sprintf("see (%d)", i+1)
}

// advice is a proposal in a few words.
func advice(p recovery.Proposal, all *reasons) string {
	var words []string
	for _, c := range p.Choices {
		words = append(words, c.String())
	}
	answer := strings.Join(words, ", then ")
	switch {
	case p.Verdict == recovery.Safe:
		return answer
	case answer == "":
		return all.see(p)
	}
	return "likely " + answer + ": " + all.see(p)
}

// recoverDetails is all about one virtual machine.
func recoverDetails(m survey.Machine, width int) string {
	var b strings.Builder
	say := func(head, text string) {
		b.WriteString(paragraph("    "+head, "    "+strings.Repeat(" ", len(head)), text, width))
	}
	b.WriteString(paragraph("", "    ", fmt.Sprintf("%d %s: %s", m.ID, tty.Clean(m.Name), m.State.Doing), width))
	if words := m.Facts.Words(); len(words) > 0 {
		say("found:   ", strings.Join(words, "; "))
	} else {
		say("found:   ", "nothing")
	}
	say(fmt.Sprintf("%-9s", m.Proposal.Verdict.String()+":"), m.Proposal.Why)
	if m.Proposal.Look != "" {
		say("look:    ", m.Proposal.Look)
	}
	for _, c := range m.Proposal.Choices {
		say("answer:  ", fmt.Sprintf("onevm recover %d %s", m.ID, c.Flag()))
	}
	for _, refusal := range m.Proposal.Refused {
		say("refused: ", refusal.Choice.Flag()+": "+refusal.Why)
	}
	return b.String() + "\n"
}

// sinceWords is how long ago that was.
func sinceWords(now, since time.Time) string {
	switch d := now.Sub(since); {
	case since.IsZero():
		return "?"
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(now.Sub(since).Hours()/24))
}

// recoverSummary is how much there is, and what to do about it.
func recoverSummary(r survey.Report, outcomes []survey.Outcome, applied bool) string {
	text := diag.Count(r.Total, "virtual machine")
	counts := map[recovery.Verdict]int{}
	ended := map[int]bool{}
	done, failed := 0, 0
	for _, o := range outcomes {
		if ended[o.ID] = true; o.Err == nil {
			done++
		} else {
			failed++
		}
	}
	for _, m := range r.Machines {
		if !ended[m.ID] {
			counts[m.Proposal.Verdict]++
		}
	}
	if len(r.Machines) == 0 {
		text += "; none waits for what does not come"
	} else {
		var parts []string
		for _, v := range []recovery.Verdict{recovery.Safe, recovery.Ask, recovery.Handle, recovery.Wait} {
			if counts[v] > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", counts[v], v))
			}
		}
		if done > 0 {
			parts = append(parts, fmt.Sprintf("%d done", done))
		}
		if failed > 0 {
			parts = append(parts, fmt.Sprintf("%d went wrong", failed))
		}
		text += fmt.Sprintf("; %d waited or had failed: %s", len(r.Machines), strings.Join(parts, ", "))
	}
	if r.Driven > 0 {
		text += fmt.Sprintf("; %d are being driven by oned", r.Driven)
	}
	text += "."
	switch {
	case len(outcomes) > 0, len(r.Machines) == 0:
	case counts[recovery.Safe] > 0 && !applied:
		text += fmt.Sprintf(" What is safe can be done: oneha recover %s--apply", map[bool]string{true: "--ssh "}[r.Asked])
	case counts[recovery.Safe] == 0 && !r.Asked:
		text += " Nothing is safe to answer, because the hypervisors were not asked: oneha recover --ssh"
	case counts[recovery.Safe] == 0:
		text += " Nothing is safe to answer: what was found proves nothing yet."
	}
	return text
}
