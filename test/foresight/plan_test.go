package foresight

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/test/lab"
)

// description is where the nodes have the file that the cluster was made from.
const description = "/etc/oneha/cluster.yaml"

// plan is what oneha plan --json says of a cluster, as far as it is compared.
type plan struct {
	Budget struct {
		Lines []line `json:"lines"`
	} `json:"budget"`
	Outcomes []outcome `json:"outcomes"`
}

// line is a figure of the timing budget, of a node, of resources, or of neither.
type line struct {
	Phase   string   `json:"phase"`
	Of      []string `json:"of"`
	Seconds span     `json:"seconds"`
}

// outcome is what a failure will do.
type outcome struct {
	Failure string            `json:"failure"`
	Fenced  []string          `json:"fenced"`
	Before  map[string]string `json:"before"`
	Runs    map[string]string `json:"runs"`
	Restart []string          `json:"restart"`
	Moved   []string          `json:"moved"`
	Stopped []string          `json:"stopped"`
	Blocked bool              `json:"blocked"`
	Seconds span              `json:"seconds"`
	Down    map[string]span   `json:"down"`
}

// span is a time in seconds.
type span struct {
	Typical float64 `json:"typical"`
	Worst   float64 `json:"worst"`
}

func (s span) String() string { return fmt.Sprintf("%.1f, at worst %.1f", s.Typical, s.Worst) }

// foretell asks the installed command on a node what will become of the running cluster.
func foretell(ctx context.Context, n *lab.Node) (p plan, err error) {
	r, err := n.Exec(ctx, "oneha", "plan", description, "--cib", "live", "--json")
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal([]byte(r.Stdout), &p); err != nil {
		return p, fmt.Errorf("read what oneha plan says: %w", err)
	}
	return p, nil
}

// of returns what is foretold of a failure.
func (p plan) of(failure string) (outcome, error) {
	var known []string
	for _, o := range p.Outcomes {
		if o.Failure == failure {
			return o, nil
		}
		known = append(known, o.Failure)
	}
	return outcome{}, fmt.Errorf("oneha plan does not foretell %s, only %s", failure, strings.Join(known, ", "))
}

// figure is the first line of a phase for a node or a resource, "" for neither: the usual
// case comes before others.
func (p plan) figure(phase, of string) (span, error) {
	for _, l := range p.Budget.Lines {
		if l.Phase == phase && (slices.Contains(l.Of, of) || of == "" && len(l.Of) == 0) {
			return l.Seconds, nil
		}
	}
	return span{}, fmt.Errorf("the budget has no line of phase %s for %q", phase, of)
}
