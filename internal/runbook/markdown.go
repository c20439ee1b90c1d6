package runbook

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/spec"
)

// Markdown writes the runbook for people.
func (r Runbook) Markdown() []byte {
	var b strings.Builder
	what, machine := "cluster", "node"
	if r.Mode == string(spec.Raft) {
		what, machine = "zone", "server"
	}
	fmt.Fprintf(&b, "# Runbook: the %s %s on %s\n\n", what, r.Cluster, r.On)
	b.WriteString("Every command is for root. A step says where it is done; go on when what it expects is there. Steps that stop or move services, or switch power, say **interrupts**.\n")
	if len(r.Notes) > 0 {
		b.WriteString("\nKnow before you begin:\n\n")
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "- %s\n", n)
	}
	everywhere := r.everywhere()
	n := 0
	for i, c := range r.Chapters {
		fmt.Fprintf(&b, "\n## %d. %s\n", i+1, c.Title)
		for _, s := range c.Steps {
			n++
			fmt.Fprintf(&b, "\n### Step %d: %s\n\n", n, s.Title)
			on := "**On** " + and(s.On)
			switch {
			case s.Where != "":
				on = "**At** " + s.Where
			case len(s.On) > 1 && slices.Equal(s.On, everywhere):
				on = "**On every " + machine + "**"
			}
			if s.Optional {
				on += ", optional"
			}
			if s.Interrupt {
				on += ", **interrupts**"
			}
			b.WriteString(on + ".")
			if s.Why != "" {
				b.WriteString(" " + s.Why)
			}
			b.WriteString("\n\n")
			if len(s.Commands) > 0 {
				b.WriteString("```sh\n" + strings.Join(s.Commands, "\n") + "\n```\n\n")
			}
			fmt.Fprintf(&b, "*Expect:* %s\n\n*Otherwise:* %s\n", s.Expect, s.Otherwise)
		}
	}
	return []byte(b.String())
}

// everywhere is the longest list of machines of a step: all nodes.
func (r Runbook) everywhere() (all []string) {
	for _, c := range r.Chapters {
		for _, s := range c.Steps {
			if len(s.On) > len(all) {
				all = s.On
			}
		}
	}
	return all
}

// JSON writes the runbook for programs.
func (r Runbook) JSON() ([]byte, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return nil, fmt.Errorf("encode runbook: %w", err)
	}
	return []byte(b.String()), nil
}
