package takeover

import (
	"fmt"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/diag"
	"github.com/oneha/oneha/internal/screen"
	"github.com/oneha/oneha/internal/vmha/recovery"
	"github.com/oneha/oneha/internal/vmha/survey"
)

// shown is how many of a kind are named one by one.
const shown = 10

// The commands that the lines name.
const (
	recoverCommand = "oneha recover --ssh"
	missedCommand  = "sudo -u oneadmin oneha hook missed"
	handleCommand  = missedCommand + " --handle"
)

// Lines are what was found, for a log: the counts, then the first ten of each kind, each
// with what is right for it and the command to use. Names are made harmless: others chose
// them. since is when the oned that was asked took over.
func (f Found) Lines(since time.Time) []string {
	head := "after the takeover of " + since.UTC().Format(time.RFC3339) + ": "
	if !f.Left() {
		return []string{head + "nothing waits for an answer that was lost with it; virtual machines looked at: " + fmt.Sprint(f.Total)}
	}
	lines := []string{head + f.counts()}
	for _, m := range f.Machines[:min(len(f.Machines), shown)] {
		lines = append(lines, machineLine(m))
	}
	lines = append(lines, more(len(f.Machines), "virtual machine", recoverCommand)...)
	for _, h := range f.Missed[:min(len(f.Missed), shown)] {
		lines = append(lines, fmt.Sprintf("host %d (%s) is in %s: %s: %s", h.ID, screen.Clean(h.Name), h.State, screen.Clean(h.Why), handleCommand))
	}
	lines = append(lines, more(len(f.Missed), "host that no hook has handled", missedCommand)...)
	for _, o := range f.Objects[:min(len(f.Objects), shown)] {
		lines = append(lines, fmt.Sprintf("%s %d (%s) is in %s: %s: %s", o.Kind, o.ID, screen.Clean(o.Name), o.State, o.Why, o.Look))
	}
	return append(lines, more(len(f.Objects), "image or host", recoverCommand)...)
}

// counts is the first line's.
func (f Found) counts() string {
	verdicts := map[recovery.Verdict]int{}
	for _, m := range f.Machines {
		verdicts[m.Proposal.Verdict]++
	}
	var words []string
	for _, v := range []recovery.Verdict{recovery.Safe, recovery.Handle, recovery.Ask, recovery.Wait} {
		if n := verdicts[v]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, v))
		}
	}
	text := fmt.Sprintf("%d of %s wait or have failed", len(f.Machines), diag.Count(f.Total, "virtual machine"))
	if len(words) > 0 {
		text += " (" + strings.Join(words, ", ") + ")"
	}
	kinds := map[string]int{}
	for _, o := range f.Objects {
		kinds[o.Kind]++
	}
	return fmt.Sprintf("%s; stuck: %s, %s; in ERROR and not handled: %s",
		text, diag.Count(kinds["image"], "image"), diag.Count(kinds["host"], "host"), diag.Count(len(f.Missed), "host"))
}

// machineLine says of a virtual machine where it is, what is right, and the command.
func machineLine(m survey.Machine) string {
	var b strings.Builder
	fmt.Fprintf(&b, "virtual machine %d (%s) is in %s", m.ID, screen.Clean(m.Name), m.State.Name)
	if m.Host != "" {
		fmt.Fprintf(&b, " on %s", screen.Clean(m.Host))
	}
	if !m.Since.IsZero() {
		fmt.Fprintf(&b, " since %s", m.Since.UTC().Format(time.RFC3339))
	}
	fmt.Fprintf(&b, ": %s: ", m.Proposal.Verdict)
	if len(m.Proposal.Choices) > 0 {
		var answers []string
		for _, c := range m.Proposal.Choices {
			answers = append(answers, c.String())
		}
		certainty := "likely "
		if m.Proposal.Verdict == recovery.Safe {
			certainty = ""
		}
		fmt.Fprintf(&b, "%s%s: ", certainty, strings.Join(answers, ", then "))
	}
	b.WriteString(m.Proposal.Why + ": ")
	switch m.Proposal.Verdict {
	case recovery.Handle:
		b.WriteString(missedCommand)
	default:
		fmt.Fprintf(&b, "%s --vm %d", recoverCommand, m.ID)
	}
	return b.String()
}

// more says how many were not named.
func more(n int, what, command string) []string {
	if n <= shown {
		return nil
	}
	return []string{fmt.Sprintf("%d more (%s): %s", n-shown, what, command)}
}
