package ocf

import (
	"context"
	"sync"
	"time"
)

// deadline is a context that ends at a time, with a timer that is made when somebody
// waits for it. A timer keeps a second thread busy in the runtime's poller, and most
// monitors only ask and never wait: they take less CPU time without one.
type deadline struct {
	context.Context // the parent
	at              time.Time

	mu     sync.Mutex
	timed  context.Context // with the timer; nil as long as nobody has waited
	cancel context.CancelFunc
}

// withTimeout is context.WithTimeout, but for the timer.
func withTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	c := &deadline{Context: parent, at: time.Now().Add(d)}
	if at, ok := parent.Deadline(); ok && at.Before(c.at) {
		c.at = at
	}
	return c, func() { c.wait(); c.cancel() }
}

// wait returns the context with the timer.
func (d *deadline) wait() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed == nil {
		d.timed, d.cancel = context.WithDeadline(d.Context, d.at)
	}
	return d.timed
}

// now is the context that knows whether it has ended.
func (d *deadline) now() context.Context {
	d.mu.Lock()
	timed := d.timed
	d.mu.Unlock()
	if timed != nil || time.Now().Before(d.at) && d.Context.Err() == nil {
		return timed
	}
	return d.wait() // it has ended, so this makes no timer
}

func (d *deadline) Deadline() (time.Time, bool) { return d.at, true }

func (d *deadline) Done() <-chan struct{} { return d.wait().Done() }

func (d *deadline) Err() error {
	if c := d.now(); c != nil {
		return c.Err()
	}
	return nil
}

// Value also carries the cause of the end to context.Cause.
func (d *deadline) Value(key any) any {
	if c := d.now(); c != nil {
		return c.Value(key)
	}
	return d.Context.Value(key)
}
