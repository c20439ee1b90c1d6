package ocf

import (
	"context"
	"errors"
	"testing"
	"time"
)

// It behaves as context.WithTimeout does, whether anybody has waited or not.
func TestDeadlineIsAContext(t *testing.T) {
	type key struct{}
	why := errors.New("why")
	for _, waited := range []bool{false, true} {
		parent, cancelParent := context.WithCancelCause(context.WithValue(context.Background(), key{}, 1))
		fresh := func(d time.Duration) (context.Context, context.CancelFunc) {
			ctx, cancel := withTimeout(parent, d)
			if waited {
				ctx.Done()
			}
			return ctx, cancel
		}
		ctx, cancel := fresh(time.Hour)
		if at, ok := ctx.Deadline(); !ok || time.Until(at) < 59*time.Minute || ctx.Err() != nil || ctx.Value(key{}) != 1 {
			t.Errorf("waited %v: deadline %v %v, error %v, value %v", waited, at, ok, ctx.Err(), ctx.Value(key{}))
		}
		cancel()
		cancel()
		if <-ctx.Done(); ctx.Err() != context.Canceled {
			t.Errorf("waited %v: after its end the error is %v", waited, ctx.Err())
		}

		ctx, cancel = fresh(10 * time.Millisecond)
		defer cancel()
		time.Sleep(20 * time.Millisecond)
		if ctx.Err() != context.DeadlineExceeded || context.Cause(ctx) != context.DeadlineExceeded {
			t.Errorf("waited %v: after the time the error is %v, the cause %v", waited, ctx.Err(), context.Cause(ctx))
		}
		<-ctx.Done()

		ctx, cancel = fresh(time.Hour)
		defer cancel()
		nearer, cancelNearer := withTimeout(ctx, 2*time.Hour)
		defer cancelNearer()
		if at, _ := nearer.Deadline(); time.Until(at) > time.Hour {
			t.Errorf("waited %v: the parent's nearer deadline is not kept: %v", waited, at)
		}
		cancelParent(why)
		if ctx.Err() != context.Canceled || context.Cause(ctx) != why || nearer.Err() != context.Canceled {
			t.Errorf("waited %v: after the parent's end the error is %v, the cause %v", waited, ctx.Err(), context.Cause(ctx))
		}
		<-nearer.Done()
	}
}

func TestDeadlineMakesNoTimerForNobody(t *testing.T) {
	ctx, cancel := withTimeout(context.Background(), time.Hour)
	defer cancel()
	if ctx.Err() != nil || ctx.Value("x") != nil {
		t.Error("it has ended already")
	}
	if ctx.(*deadline).timed != nil {
		t.Error("asking has made a timer")
	}
}
