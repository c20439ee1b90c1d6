package hypervisor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/oneha/oneha/internal/one"
)

// alone is how many machines are asked about one by one, those that have been in their
// place for the longest first. The records of all others come in one answer, which is the
// larger the older the oldest of them is.
const alone = 8

// histories finds the record before the last for those that need it, in never more than
// alone calls and one. What could not be asked is an error each, and unknown.
func (g Gatherer) histories(ctx context.Context, cases []Case) (failed []error) {
	var open []*Case
	for i := range cases {
		c := &cases[i]
		c.know(c.Inside)
		if c.needsBefore() {
			open = append(open, c)
		}
	}
	slices.SortFunc(open, func(a, b *Case) int {
		return cmp.Or(cmp.Compare(a.last.Begin, b.last.Begin), cmp.Compare(a.VM.ID, b.VM.ID))
	})
	few := open[:min(len(open), alone)]
	errs := make([]error, len(few)+1)
	var all sync.WaitGroup
	for i, c := range few {
		all.Go(func() {
			whole, err := g.Whole(ctx, c.VM.ID)
			if err != nil {
				errs[i] = fmt.Errorf("virtual machine %d: %w", c.VM.ID, err)
				return
			}
			c.know(whole)
		})
	}
	if rest := open[len(few):]; len(rest) > 0 {
		all.Go(func() { errs[len(few)] = g.stays(ctx, rest) })
	}
	all.Wait()
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

// stays finds the records of many in one answer. A record was closed at the earliest
// when the next was begun.
func (g Gatherer) stays(ctx context.Context, rest []*Case) error {
	byID := map[int]*Case{}
	for _, c := range rest {
		byID[c.VM.ID] = c
	}
	return g.Stays(ctx, time.Unix(rest[0].last.Begin-1, 0), func(id int, s one.Stay) {
		if c := byID[id]; c != nil && s.Seq == c.VM.Seq-1 {
			c.prev = s
		}
	})
}
