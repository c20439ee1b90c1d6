package fakeoned

import (
	"context"
	"fmt"
	"log"
	"time"
)

// The scheduler asks every schedule, and again after retry when oned was not
// there, as one with SCHED_INTERVAL 5 was seen to do; a call takes callTime at
// most.
const (
	schedule = 5 * time.Second
	retry    = 2 * time.Second
	callTime = 60 * time.Second
)

// runScheduler is the scheduler: it has no port and asks oned for virtual
// machines to place, with or without success.
func runScheduler(ctx context.Context, c Config, ready func(string), log *log.Logger) error {
	session, err := readSession(c.Auth)
	if err != nil {
		return err
	}
	ready("asks " + c.Endpoint)
	for last := "unasked"; ; {
		wait, now := schedule, "answers"
		switch ok, err := askInTime(ctx, c.Endpoint, session, "one.vmpool.info", -2, -1, -1, 1); {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			wait, now = retry, err.Error()
		case !ok:
			now = "refuses"
		}
		if now != last {
			log.Printf("oned: %s", now)
			last = now
		}
		if !pause(ctx, wait) {
			return nil
		}
	}
}

// runShowback is the calculation that the timer starts: one call, which makes
// oned write to its database.
func runShowback(ctx context.Context, c Config, ready func(string), _ *log.Logger) error {
	session, err := readSession(c.Auth)
	if err != nil {
		return err
	}
	ready("asks " + c.Endpoint)
	ok, err := askInTime(ctx, c.Endpoint, session, "one.vmpool.calculateshowback", -1, -1, -1, -1)
	if err == nil && !ok {
		err = fmt.Errorf("calculate showback: oned at %s refuses", c.Endpoint)
	}
	return err
}

func askInTime(ctx context.Context, endpoint, session, method string, params ...int) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return ask(ctx, endpoint, session, method, params...)
}
