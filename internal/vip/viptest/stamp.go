package viptest

import (
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// receive receives from a socket that has SO_TIMESTAMPNS_NEW.
func receive(fd int) (f Frame, from unix.Sockaddr, err error) {
	buffer, control := make([]byte, 2048), make([]byte, 64)
	n, controls, _, from, err := unix.Recvmsg(fd, buffer, control, 0)
	if err != nil {
		return Frame{}, nil, err
	}
	f.Bytes = buffer[:n:n]
	f.At, err = stamp(control[:controls])
	return f, from, err
}

// stamp reads the time of arrival: seconds and nanoseconds in 64 bits each.
func stamp(control []byte) (time.Time, error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return time.Time{}, err
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS_NEW && len(m.Data) >= 16 {
			return time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:]))), nil
		}
	}
	return time.Time{}, errors.New("it has no time stamp")
}

// stamping keeps the kernel stamping packets for as long as the process lives. The
// kernel stops when the last socket that asked for it is gone, and stops late: a
// socket that asks meanwhile would see stamps at first, then none, and then again.
var stamping = sync.OnceValue(func() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS_NEW, 1)
})

// awaitStamps waits until the kernel stamps packets when they arrive. It begins
// with that a moment after the first socket asked for it, and until then stamps
// them when they are received. The caller is in the namespace and has a socket
// that asked.
func (n *Namespace) awaitStamps() {
	n.t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	n.must("open UDP socket", err)
	defer func() { _ = unix.Close(fd) }()
	n.must("ask for time stamps", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS_NEW, 1))
	n.must("bind UDP socket", unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	self, err := unix.Getsockname(fd)
	n.must("find the port", err)

	const rest = time.Millisecond
	for range 1000 {
		sent := time.Now()
		n.must("send to itself", unix.Sendto(fd, []byte{0}, 0, self))
		time.Sleep(rest)
		packet, _, err := receive(fd)
		n.must("receive from itself", err)
		if packet.At.Sub(sent) < rest {
			return
		}
	}
	n.t.Fatal("the kernel does not stamp packets when they arrive")
}
