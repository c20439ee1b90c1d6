package guard

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/raft/lease"
)

// An address that somebody adds where no lease is goes away again; one that is leased
// stays, and so does one of a server that has had no order yet.
func TestTakesAwayStrays(t *testing.T) {
	s := newStill(t, 0)
	kernel := &fakeAddresses{here: true}
	s.open = func() (addresses, error) { return kernel, nil }
	s.stray = time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { s.workOnAddresses(ctx) })
	defer all.Wait()
	defer stop()
	// next handles events until one more has come, and says whether one did.
	next := func(within time.Duration) bool {
		select {
		case f := <-s.events:
			f()
			return true
		case <-time.After(within):
			return false
		}
	}
	if next(50*time.Millisecond) || !kernel.is() {
		t.Fatal("it removes addresses before it was told to")
	}
	s.orders <- order{what: lease.Drop}
	if f := <-s.events; kernel.is() || f == nil { // that the machine is told of it is another matter
		t.Fatal("the order was not carried out")
	}
	kernel.put()
	if !next(30*time.Second) || kernel.is() {
		t.Fatal("an address that somebody added is still there")
	}
	if !strings.Contains(s.log.String(), "which somebody else added") {
		t.Errorf("it does not say so: %s", s.log.String())
	}
	s.orders <- order{what: lease.Hold, until: lease.Time(time.Hour)}
	<-s.events
	if next(50*time.Millisecond) || !kernel.is() {
		t.Error("it removes an address that is leased")
	}
}

func (f *fakeAddresses) put() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.here = true
}
