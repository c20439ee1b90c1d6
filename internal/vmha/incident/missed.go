package incident

import (
	"context"
	"fmt"
	"time"

	"github.com/oneha/oneha/internal/one"
)

// Missed is a host in ERROR that no hook has come to an end with, nor is at work with: its
// event was lost with the oned or the hook manager that saw it, or the hook was broken off.
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
		open := len(steps) > 0 && !ended(steps)
		_, fenced := lastOf(steps, stepFenced)
		switch dead := isDead(h.State); {
		case atWork(w.Dir, h.ID):
		case err != nil && dead:
			list = append(list, Missed{Host: h, Why: line(denied(err, w.Dir).Error())})
		case dead && isNew(steps, Event{Before: -1}, one.HostDetail{Host: h}, time.Now()):
			list = append(list, Missed{Host: h, Why: "no hook has handled it"})
		case open && (dead || fenced):
			list = append(list, Missed{Host: h, Began: steps[0].At, Why: fmt.Sprintf("a hook was broken off, or left something: its last step was %q", steps[len(steps)-1].Step)})
		}
	}
	return list, nil
}
