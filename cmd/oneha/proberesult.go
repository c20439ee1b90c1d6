package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oneha/oneha/internal/fencecheck"
	"github.com/oneha/oneha/internal/spec"
)

// probed is what a probe found.
type probed struct {
	self     string // the node that this machine is, "" when it is none
	nodes    int
	assumed  fencecheck.Assumption
	measured []fencecheck.Measurement
	verdicts []fencecheck.Verdict
	others   []spec.FenceDevice // that were not asked
}

// good reports whether every BMC answered every time and every setting fits.
func (p probed) good() bool {
	for _, m := range p.measured {
		if m.Err != nil {
			return false
		}
	}
	for _, v := range p.verdicts {
		if !v.Known || !v.Fits {
			return false
		}
	}
	return true
}

// table has one row for each BMC. Where it would be wider than 80 columns, the
// addresses get lines of their own.
func (p probed) table() string {
	rows := [][]string{{"NODE", "BMC", "REACHABLE", "LOGIN", "POWER", "LATENCY"}}
	for _, m := range p.measured {
		rows = append(rows, []string{m.Device.Node, kindOf(m) + " " + m.Device.Address(), reachable(m), logins(m), powerOf(m), latency(m)})
	}
	if text, wide := align(rows); !wide {
		return text
	}
	for i, m := range p.measured {
		rows[i+1][1] = kindOf(m)
	}
	text, _ := align(rows)
	var b strings.Builder
	for i, line := range strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n") {
		b.WriteString(strings.TrimSuffix(line, "\n") + "\n")
		if i > 0 {
			b.WriteString("  " + p.measured[i-1].Device.Address() + "\n")
		}
	}
	return b.String()
}

// align pads columns to the width of their longest cell, two spaces apart. It
// reports whether a line is wider than a terminal.
func align(rows [][]string) (text string, wide bool) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
		}
		line = strings.TrimRight(line, " ")
		wide = wide || utf8.RuneCountInString(line) > 80
		b.WriteString(line + "\n")
	}
	return b.String(), wide
}

// kindOf is the agent's name without what all of them have in common.
func kindOf(m fencecheck.Measurement) string {
	return strings.TrimPrefix(m.Device.Agent.Name, "fence_bmc_")
}

func reachable(m fencecheck.Measurement) string {
	switch {
	case !m.Asked:
		return "-"
	case m.Reachable:
		return "yes"
	}
	return "NO"
}

// logins is how many of the logins, each with a read of the power, succeeded.
func logins(m fencecheck.Measurement) string {
	if m.Tries == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d", len(m.Visits), m.Tries)
}

func powerOf(m fencecheck.Measurement) string {
	if m.Power == "" {
		return "-"
	}
	return string(m.Power)
}

// latency is the median and the worst time of a login with a read of the power.
func latency(m fencecheck.Measurement) string {
	if !m.LoggedIn() {
		return "-"
	}
	return fmt.Sprintf("%.0f / %.0f ms", millis(m.Median()), millis(m.Worst()))
}

// errors says what failed.
func (p probed) errors() string {
	var b strings.Builder
	for _, m := range p.measured {
		if m.Err == nil {
			continue
		}
		b.WriteString("\n" + hang(m.Device.Node+": ", m.Err.Error()))
		if m.Device.Node == p.self && m.Asked && !m.Reachable {
			b.WriteString(fold("  ", ownBMC))
		}
	}
	for _, o := range p.others {
		b.WriteString("\n" + hang(o.ID+": ", "not asked: it is a device of "+o.Agent+", whose place no agent of oneha takes"))
	}
	return b.String()
}

// judgement says whether the settings fit, and what that rests on.
func (p probed) judgement() string {
	var b strings.Builder
	about := ""
	for _, v := range p.verdicts {
		if v.About != about {
			about = v.About
			b.WriteString("\n" + strings.TrimSuffix(about+" "+seconds(v.Set), " 0s") + "\n") // 0 is not understood, or no delay
		}
		word := "fits: "
		switch {
		case !v.Known:
			word = ""
		case !v.Fits:
			word = "TOO SHORT: "
		}
		b.WriteString(hang("  "+v.Node+"  ", word+v.Text))
		if v.Advice != "" {
			b.WriteString(hang("  "+strings.Repeat(" ", len(v.Node))+"  ", v.Advice))
		}
	}
	if p.nodes > 2 {
		b.WriteString("\n" + fold("", fmt.Sprintf("fence_delay is not needed: of %d nodes only a majority fences.", p.nodes)))
	}
	b.WriteString("\n" + fold("", fmt.Sprintf("LATENCY is the median and the worst time of a login and a read of the power. "+
		"Assumed, because it cannot be measured without harm: a power command takes as long as a read, and the machine is off (on) %s later (--off-time).", seconds(p.assumed.Off))))
	return b.String()
}

// hang folds a text behind its first words.
func hang(head, text string) string {
	indent := strings.Repeat(" ", min(len(head), 24))
	folded := fold(indent, text)
	return head + strings.TrimPrefix(folded, indent)
}

// seconds writes a duration as descriptions do.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%gs", d.Seconds())
}
