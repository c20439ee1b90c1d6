package vip

import "golang.org/x/sys/unix"

// closeLater gives up a descriptor and leaves the closing of a packet socket,
// if this was its last descriptor, to the kernel.
//
// Closing a packet socket waits until no processor can be delivering to it any
// more: an RCU grace period, 10 to 20 ms, which is several times what a whole
// start takes without it. Leaving the descriptor open does not help, for then
// the end of the process waits. But a descriptor that is on its way through
// a Unix socket which nobody can receive from any more is closed by the kernel's
// garbage collector, which since Linux 6.9, and in stable series to which that
// was backported, runs in a worker thread of the kernel. An older kernel
// collects in the middle of the last close here, which then costs what a plain
// close costs.
//
// So the descriptor is sent to a socket together with that socket itself, and
// then all of them are closed: a cycle that nothing refers to. The sending end
// is last, since closing a Unix socket is what starts the collector. If any of
// this fails, the close is a plain one. The error is that of the close.
func closeLater(fd int) error {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		defer func() { _ = unix.Close(ends[0]) }()
		defer func() { _ = unix.Close(ends[1]) }() // the first of the two
		_ = unix.Sendmsg(ends[0], []byte{0}, unix.UnixRights(fd, ends[1]), nil, 0)
	}
	return unix.Close(fd)
}
