package guard

import (
	"context"
	"sync"
	"time"
)

// want is where the services belong.
type want uint8

const (
	nothing want = iota // nobody said yet
	started
	stopped
)

func (w want) String() string { return [...]string{"", "started", "stopped"}[w] }

// wanted is where the services belong, and whether they are there. The last word
// counts.
type wanted struct {
	mu      sync.Mutex
	want    want
	reached bool
	trouble string
	changed chan struct{} // closed and made anew with every change
}

func newWanted() *wanted { return &wanted{changed: make(chan struct{})} }

func (w *wanted) get() (want, bool, string, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.want, w.reached, w.trouble, w.changed
}

func (w *wanted) set(to want) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.want != to {
		w.want, w.reached, w.trouble = to, false, ""
		close(w.changed)
		w.changed = make(chan struct{})
	}
}

// found takes the outcome of a look.
func (w *wanted) found(for_ want, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.want != for_ {
		return
	}
	reached, trouble := err == nil, ""
	if err != nil {
		trouble = err.Error()
	}
	if w.reached != reached {
		close(w.changed)
		w.changed = make(chan struct{})
	}
	w.reached, w.trouble = reached, trouble
}

// wait waits until the services are where they belong.
func (w *wanted) wait(ctx context.Context) {
	for {
		_, reached, _, changed := w.get()
		if reached {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// workOnServices brings the services where they belong and looks again from time to
// time: systemd starts some of them together with oned, whoever leads.
func (g *Guard) workOnServices(ctx context.Context) {
	for {
		w, _, _, changed := g.wanted.get()
		var again <-chan time.Time
		if w != nothing {
			err := g.reconcile(ctx, w, changed)
			g.wanted.found(w, err)
			again = time.After(serviceEvery)
			if err != nil {
				again = time.After(serviceRetry)
			}
			_, _, _, changed = g.wanted.get()
			if now, _, _, _ := g.wanted.get(); now != w {
				continue
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-again:
		}
	}
}

// reconcile has one turn, which ends early when the services belong elsewhere.
func (g *Guard) reconcile(ctx context.Context, w want, changed <-chan struct{}) error {
	if g.c.Services == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, serviceWithin)
	defer cancel()
	go func() {
		select {
		case <-changed:
			cancel()
		case <-ctx.Done():
		}
	}()
	did, err := g.c.Services.Reconcile(ctx, w == started)
	if did != "" {
		g.said.line("services: " + did)
	}
	now, _, _, _ := g.wanted.get()
	switch {
	case now != w: // what failed was given up
	case err != nil:
		g.said.change("services", "services are not %s: %v", w, err)
	default:
		g.said.over("services", "services are %s", w)
	}
	return err
}
