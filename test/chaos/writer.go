package chaos

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/oneha/oneha/test/fakezone"
	"github.com/oneha/oneha/test/lab"
)

// callLimit ends a call that hangs, so that a hanging owner of the address does not
// hide its successor for long.
const callLimit = time.Second

// caller is a client that calls all the time, each call after the last was answered or
// given up, and remembers what was acknowledged. Each has a number. One that was not
// acknowledged may have been carried out or not; its number is not used again.
type caller struct {
	do    func(ctx context.Context, number int) (id int, err error)
	every time.Duration // between the begins of two calls, and so the smallest gap that is seen
	stop  context.CancelFunc
	wg    sync.WaitGroup

	mu    sync.Mutex
	acks  []ack // in order
	fault error // of the last call that failed
}

// ack is a call that was acknowledged.
type ack struct {
	begun, at  time.Time
	number, id int
}

func startCaller(do func(ctx context.Context, number int) (int, error), every time.Duration) *caller {
	ctx, stop := context.WithCancel(context.Background())
	w := &caller{do: do, every: every, stop: stop}
	w.wg.Go(func() { w.run(ctx) })
	return w
}

// Writer is a client that writes documents through the floating IP all the time.
type Writer struct {
	*caller
	to   documentStore
	mark time.Time // begin of the last reading
}

// StartWriter starts writing to a cluster. The caller must Stop it.
func StartWriter(c *lab.Cluster) *Writer {
	return startWriter(documentStore{fakezone.Calls(impatient(c.Dial)), c.URL(), c.Session()}, 100*time.Millisecond)
}

func startWriter(to documentStore, every time.Duration) *Writer {
	return &Writer{caller: startCaller(to.write, every), to: to}
}

// Stop ends the calls. It may be called again.
func (w *caller) Stop() {
	w.stop()
	w.wg.Wait()
}

func (w *caller) run(ctx context.Context) {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for number := 1; ; number++ {
		a, err := w.call(ctx, number)
		w.mu.Lock()
		if err == nil {
			w.acks = append(w.acks, a)
		} else if ctx.Err() == nil {
			w.fault = err
		}
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// call makes one call.
func (w *caller) call(ctx context.Context, number int) (ack, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	begun := time.Now()
	id, err := w.do(ctx, number)
	return ack{begun: begun, at: time.Now(), number: number, id: id}, err
}

// Gap is the longest time without an acknowledged call between two times, and when it began.
func (w *caller) Gap(from, to time.Time) (longest time.Duration, begin time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := from
	note := func(at time.Time) {
		if gap := at.Sub(last); gap > longest {
			longest, begin = gap, last
		}
		last = at
	}
	for _, a := range w.acks {
		if a.at.After(from) && a.at.Before(to) {
			note(a.at)
		}
	}
	note(to)
	return longest, begin
}

// WaitAcknowledged waits for a call that was begun after t to be acknowledged, and
// returns when it was.
func (w *caller) WaitAcknowledged(ctx context.Context, t time.Time) (time.Time, error) {
	for {
		w.mu.Lock()
		fault := w.fault
		for _, a := range w.acks {
			if a.begun.After(t) {
				w.mu.Unlock()
				return a.at, nil
			}
		}
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("wait for a call to be acknowledged: %w (last: %v)", ctx.Err(), fault)
		case <-time.After(w.every / 2):
		}
	}
}
