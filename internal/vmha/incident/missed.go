package incident

import (
	"context"
	"fmt"
	"time"

	"github.com/oneha/oneha/internal/one"
)

// Missed is a host in ERROR that no hook has come to an end with: its event was lost
// with the oned or the hook manager that saw it, or the hook was broken off.
type Missed struct {
	one.Host
	Began time.Time // of the hook that was broken off, zero if there was none
	Why   string
}

// FindMissed asks oned for its hosts and compares them with the records, in one call.
func FindMissed(ctx context.Context, w Work) ([]Missed, error) {
	var hosts []one.Host
	err := w.retry(ctx, func(ctx context.Context) (err error) {
		hosts, err = one.Hosts(ctx, w.Endpoint, w.Credentials)
		return err
	})
	if err != nil {
		return nil, err
	}
	var list []Missed
	for _, h := range hosts {
		steps, _, err := readSteps(recordFile(w.Dir, h.ID))
		if err != nil {
			return list, err
		}
		open := len(steps) > 0 && !ended(steps)
		_, fenced := lastOf(steps, stepFenced)
		switch dead := h.State == one.HostError || h.State == 5; {
		case dead && isNew(steps, Event{Before: -1}, one.HostDetail{Host: h}):
			list = append(list, Missed{Host: h, Why: "no hook has handled it"})
		case open && (dead || fenced):
			list = append(list, Missed{Host: h, Began: steps[0].At, Why: fmt.Sprintf("a hook was broken off, or left something: its last step was %q", steps[len(steps)-1].Step)})
		}
	}
	return list, nil
}
