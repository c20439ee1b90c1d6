package vip

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Age returns how long ago the address was added where it is held, as the kernel
// remembers it: state that nobody else has to keep.
func (h Holding) Age() (time.Duration, error) {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return 0, fmt.Errorf("read clock: %w", err)
	}
	return since(h.kernel.Created, time.Duration(now.Nano())), nil
}

// since returns the time from a stamp, in hundredths of a second since boot, to
// now, the time since boot. The stamp wraps every 497 days. It counts timer ticks,
// of which some are lost early in the boot, so the two clocks may differ by a
// fraction of a second either way.
func since(stamp uint32, now time.Duration) time.Duration {
	const skew = 60 * 100 // hundredths of a second
	elapsed := uint32(now/(10*time.Millisecond)) - stamp
	if elapsed > 1<<32-1-skew {
		return 0
	}
	return time.Duration(elapsed) * 10 * time.Millisecond
}
