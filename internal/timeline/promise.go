package timeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/oneha/oneha/internal/preview"
)

// Promise is what `oneha plan` says of how long things take. The zero value promises
// nothing.
type Promise struct {
	Budget   preview.Budget    `json:"budget"`
	Outcomes []preview.Outcome `json:"outcomes"`
}

// ReadPromise reads what `oneha plan --json` printed.
func ReadPromise(text []byte) (p Promise, err error) {
	if err := json.Unmarshal(text, &p); err != nil {
		return Promise{}, fmt.Errorf("it is not what oneha plan --json prints: %w", err)
	}
	if len(p.Budget.Lines) == 0 {
		return Promise{}, errors.New("it has no budget: make it with oneha plan --json")
	}
	return p, nil
}

// line is the sum of the budget's lines of the phases for a node or a resource; ok is
// false when there is none.
func (p Promise) line(of string, phases ...string) (sum preview.Span, ok bool) {
	for _, l := range p.Budget.Lines {
		if !slices.Contains(phases, l.Phase) || len(l.Of) > 0 && !slices.Contains(l.Of, of) || strings.HasPrefix(l.What, "more,") {
			continue
		}
		sum.Typical, sum.Worst, ok = sum.Typical+l.Time.Typical, sum.Worst+l.Time.Worst, true
	}
	return sum, ok
}

// noticed is how long a lost node goes unnoticed.
func (p Promise) noticed() (preview.Span, bool) {
	i := slices.IndexFunc(p.Budget.Lines, func(l preview.Line) bool {
		return l.Phase == preview.Detect && len(l.Of) == 0 && strings.HasPrefix(l.What, "node ")
	})
	if i < 0 {
		return preview.Span{}, false
	}
	return p.Budget.Lines[i].Time, true
}

// back is how long a resource is out of service when the node is lost. A plan that was made
// after the failover says it of the other node, where the resource is now: then the
// difference is how long the two take to be fenced.
func (p Promise) back(resource, lost string) (preview.Span, bool) {
	var other preview.Span
	found := false
	for _, o := range p.Outcomes {
		node, is := strings.CutPrefix(o.Failure, string(preview.NodeLost)+":")
		s, has := o.Down[resource]
		switch {
		case !is || !has:
		case node == lost:
			return s, true
		default:
			theirs, _ := p.line(node, preview.Delay, preview.Fence)
			own, ok := p.line(lost, preview.Delay, preview.Fence)
			other = preview.Span{Typical: s.Typical - theirs.Typical + own.Typical, Worst: s.Worst - theirs.Worst + own.Worst}
			found = ok
		}
	}
	return other, found
}

// Expected is a promise beside a figure, in seconds.
type Expected struct {
	Usual float64 `json:"usual"`
	Worst float64 `json:"worst"`
}

// expected is the promise as it is shown; nil when there is none.
func expected(s preview.Span, ok bool) *Expected {
	if !ok {
		return nil
	}
	return &Expected{round(s.Typical), round(s.Worst)}
}

// round is a duration in seconds, to the millisecond.
func round(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }

// Promised reports whether any of the steps, and any of what served again, has a promise to
// be shown beside it.
func (e Episode) Promised() (steps, back bool) {
	return slices.ContainsFunc(e.Steps, func(s Step) bool { return s.Plan != nil }), slices.ContainsFunc(e.Back, func(b Back) bool { return b.Plan != nil })
}
