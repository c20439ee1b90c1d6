package lint

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// cpu is the processor time that f takes on its own thread: what other processes do
// meanwhile counts little, and what they do to the clock on the wall not at all.
func cpu(t *testing.T, f func()) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := func() time.Duration {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	f()
	return used() - before
}

// 500 resources take at most 200 ms, and four times as many at most ten times as
// long, where squares would take sixteen times. What is compared was measured in turn,
// and one turn of many that is good is enough: a busy machine only makes it slower.
func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for a while")
	}
	few, many := large(t, 500), large(t, 2000)
	var small, big time.Duration
	for range 20 {
		small = cpu(t, func() { checkLarge(t, few) })
		big = cpu(t, func() { checkLarge(t, many) })
		if small <= 200*time.Millisecond && big <= 10*small {
			return
		}
	}
	t.Errorf("500 resources take %s, 2000 %s", small, big)
}
