package fence

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// errStuck says that a driver did not return when its context ended. What it was
// called on is lost: it may still be in use.
var errStuck = stuck{}

type stuck struct{}

func (stuck) Error() string { return "the driver did not stop at its time limit" }

// Is makes it one of the errors that say that time was up.
func (stuck) Is(target error) bool { return target == context.DeadlineExceeded }

// How long a driver may take to notice that its context has ended.
const (
	hurry    = 300 * time.Millisecond  // it was cancelled: somebody waits for the end
	patience = 2200 * time.Millisecond // its time was up: a driver may still close a session that was granted late
)

// bounded calls a driver and returns soon after the context ends in any case:
// some protocols' libraries do not look at it. A fault of the driver is an error
// like others, so that the session with the device is still closed.
func bounded[T any](ctx context.Context, call func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() { // ends with the call, at the latest with the process
		var r result
		defer func() {
			if p := recover(); p != nil {
				r.err = fault(p)
			}
			done <- r
		}()
		r.value, r.err = call()
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
	}
	grace := hurry
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		grace = patience
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case r := <-done:
		return r.value, r.err
	case <-late.C:
		var none T
		return none, errStuck
	}
}

// boundedCall is bounded for calls without a value.
func boundedCall(ctx context.Context, call func() error) error {
	_, err := bounded(ctx, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

// fault is what a panic said, as an error. Only the words of the Go runtime are
// shown: others may hold anything.
func fault(p any) error {
	if err, ok := p.(runtime.Error); ok {
		return fmt.Errorf("internal error, please report it: %w", err)
	}
	return fmt.Errorf("internal error, please report it (%T)", p)
}
