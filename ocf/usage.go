package ocf

import (
	"fmt"
	"strings"
)

// usage is for a person who runs the agent by hand.
func (a Agent) usage() string {
	var b strings.Builder
	names := make([]string, 0, len(a.Actions)+2)
	for _, act := range a.listed() {
		if act.Depth == 0 {
			names = append(names, act.Name)
		}
	}
	fmt.Fprintf(&b, "usage: %s {%s}\n\n%s: an OCF resource agent. Pacemaker runs it; parameters come from the environment:\n\n",
		a.Name, strings.Join(names, "|"), a.Short)
	width := 0
	for _, p := range a.Params {
		width = max(width, len(p.Name))
	}
	for _, p := range a.Params {
		must := ""
		if p.Required {
			must = " (required)"
		}
		fmt.Fprintf(&b, "  %s%-*s  %s%s\n", paramPrefix, width, p.Name, p.Short, must)
	}
	return b.String()
}
