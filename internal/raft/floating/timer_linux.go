package floating

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/raft/lease"
)

// Now reads CLOCK_BOOTTIME, the clock of the lease: it runs on while the machine is
// suspended.
func Now() (lease.Time, error) {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0, fmt.Errorf("read clock: %w", err)
	}
	return lease.Time(now.Nano()), nil
}

// timer is a timer of the kernel that kills this process.
type timer struct{ id int32 }

func newTimer() (*timer, error) {
	event := struct { // struct sigevent
		value         uint64
		signo, notify int32
		_             [48]byte
	}{signo: int32(unix.SIGKILL)} // notify 0: SIGEV_SIGNAL
	t := &timer{}
	if _, _, e := unix.Syscall(unix.SYS_TIMER_CREATE, unix.CLOCK_BOOTTIME, uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&t.id))); e != 0 {
		return nil, fmt.Errorf("make timer: %w", e)
	}
	return t, nil
}

// arm makes the timer go off at a time; one that is past at once.
func (t *timer) arm(at lease.Time) error {
	return t.set(unix.NsecToTimespec(max(1, time.Duration(at).Nanoseconds())))
}

func (t *timer) disarm() error { return t.set(unix.Timespec{}) }

func (t *timer) set(value unix.Timespec) error {
	const absolute = 1 // TIMER_ABSTIME
	spec := unix.ItimerSpec{Value: value}
	if _, _, e := unix.Syscall6(unix.SYS_TIMER_SETTIME, uintptr(t.id), absolute, uintptr(unsafe.Pointer(&spec)), 0, 0, 0); e != 0 {
		return fmt.Errorf("set timer: %w", e)
	}
	return nil
}

func (t *timer) close() {
	if t != nil {
		_, _, _ = unix.Syscall(unix.SYS_TIMER_DELETE, uintptr(t.id), 0, 0)
	}
}
