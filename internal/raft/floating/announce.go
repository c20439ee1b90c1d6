package floating

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/oneha/oneha/internal/vip"
)

// Announcements: the first reaches everybody on an idle network, the others are for
// a switch port that is still learning, and for queues that were full.
const (
	repeatCount = 4
	repeatEvery = 250 * time.Millisecond
)

// repeats are the later announcements, which a goroutine sends.
type repeats struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func (r *repeats) end() {
	if r.cancel != nil {
		r.cancel()
		r.wg.Wait()
		r.cancel = nil
	}
}

// Announce tells the network that the addresses are here. It returns when the first
// announcement of each was sent; the others follow in the background, until they are
// done, another Announce begins, or Drop or Close ends them.
func (h *Host) Announce(ctx context.Context, addresses []Address) error {
	h.repeats.end()
	if len(addresses) == 0 {
		return nil
	}
	err := announce(ctx, h.host, addresses)
	background, cancel := context.WithCancel(context.Background())
	h.repeats.cancel = cancel
	h.repeats.wg.Go(func() {
		defer cancel()
		again, err := vip.OpenIn(h.namespace) // a Host is for one goroutine
		if err != nil {
			return // the first announcement was sent, and a refusal to send it was reported
		}
		defer again.Close()
		for range repeatCount {
			select {
			case <-background.Done():
				return
			case <-time.After(repeatEvery):
			}
			_ = announce(background, again, addresses)
		}
	})
	return err
}

// Wait waits until the announcements are done.
func (h *Host) Wait() { h.repeats.wg.Wait() }

func announce(ctx context.Context, h *vip.Host, addresses []Address) error {
	var errs []error
	for _, a := range addresses {
		_, err := h.Announce(ctx, a.NIC, a.Prefix.Addr(), vip.Burst{Count: 1})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
