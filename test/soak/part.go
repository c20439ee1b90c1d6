package soak

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// again is how long a command that ended is left alone.
const again = 2 * time.Second

// said counts what a command says. It may be written to concurrently.
type said struct{ bytes, lines atomic.Int64 }

func (s *said) Write(b []byte) (int, error) {
	s.bytes.Add(int64(len(b)))
	for _, c := range b {
		if c == '\n' {
			s.lines.Add(1)
		}
	}
	return len(b), nil
}

// keep runs a command again and again until ctx ends: it lives as long as its machine,
// and is there again when that is.
func keep(ctx context.Context, wg *sync.WaitGroup, run func(context.Context) error, log func(string, ...any)) {
	wg.Go(func() {
		for ctx.Err() == nil {
			began := time.Now()
			err := run(ctx)
			if ctx.Err() == nil && time.Since(began) > again { // else its machine is still away
				log("a command that is watched ended after %.0f s: %v", time.Since(began).Seconds(), err)
			}
			_ = pause(ctx, again)
		}
	})
}

// pause waits, as long as ctx lasts.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
