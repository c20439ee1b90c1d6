package zonelab

import (
	"context"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab/labtest"
)

// up brings a zone up for a test; its end takes it down.
func up(t *testing.T, o Options) (*Lab, context.Context) {
	t.Helper()
	o.CacheDir, o.Log = labtest.CacheDir(), t.Logf
	start := time.Now()
	l, ctx := labtest.Up(t, "zonelab", func(ctx context.Context) (*Lab, error) { return Up(ctx, o) })
	t.Logf("%d machines after %.1f s", l.opt.Servers, time.Since(start).Seconds())
	return l, ctx
}

// must returns the value of a call that succeeded.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
