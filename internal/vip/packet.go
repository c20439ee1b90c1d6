package vip

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// packet is a payload whose link-layer header the kernel makes.
type packet struct {
	etherType uint16
	to        net.HardwareAddr
	payload   []byte
}

// packetSocket sends and receives below IP on one link (packet(7)): it needs no
// usable source address, and packet filters do not stop it.
type packetSocket struct {
	fd, index int
}

// openPacketSocket opens a socket that receives what has the given EtherType
// from then on, nothing if that is 0. It has to be closed.
func openPacketSocket(link Link, etherType uint16) (packetSocket, error) {
	// Without a protocol it receives nothing until it is bound to the link.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return packetSocket{}, fmt.Errorf("open packet socket: %w", err)
	}
	s := packetSocket{fd: fd, index: link.Index}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: networkOrder(etherType), Ifindex: link.Index}); err != nil {
		s.close()
		return packetSocket{}, fmt.Errorf("bind packet socket: %w", err)
	}
	return s, nil
}

// close returns at once, the kernel closes the socket soon after.
func (s packetSocket) close() { _ = closeLater(s.fd) }

// send sends the packets in order; the rest is tried when one fails.
func (s packetSocket) send(packets ...packet) error {
	var errs []error
	for _, p := range packets {
		to := p.address(s.index)
		// By hand: unix.SockaddrLinklayer has room for 8 bytes of address, where
		// the kernel's sockaddr_ll may be longer, as InfiniBand needs it.
		_, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(s.fd),
			uintptr(unsafe.Pointer(unsafe.SliceData(p.payload))), uintptr(len(p.payload)), 0,
			uintptr(unsafe.Pointer(unsafe.SliceData(to))), uintptr(len(to)))
		if errno != 0 {
			errs = append(errs, fmt.Errorf("send: %w", errno))
		}
	}
	return errors.Join(errs...)
}

// address returns where the packet goes as a struct sockaddr_ll (packet(7)) in
// memory, which ends with the address but is never shorter than the C type.
func (p packet) address(index int) []byte {
	b := make([]byte, 12+max(len(p.to), 8))
	binary.NativeEndian.PutUint16(b[0:], unix.AF_PACKET)
	binary.BigEndian.PutUint16(b[2:], p.etherType)
	binary.NativeEndian.PutUint32(b[4:], uint32(index))
	b[11] = byte(len(p.to))
	copy(b[12:], p.to)
	return b
}

// pollSlice is how long the end of a context may go unnoticed.
const pollSlice = 20 * time.Millisecond

// receive returns the length of the next packet, whose beginning it puts into
// buffer, and whether it went to everybody on the link. The error is
// os.ErrDeadlineExceeded when the time is over and what came in time was
// received, even if this process was late; that of ctx at its end; ErrLinkDown
// when the link was switched off.
func (s packetSocket) receive(ctx context.Context, end time.Time, buffer []byte) (n int, broadcast bool, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, false, err
		}
		n, from, err := unix.Recvfrom(s.fd, buffer, 0)
		switch {
		case err == nil:
			sender, ok := from.(*unix.SockaddrLinklayer)
			return n, ok && sender.Pkttype == unix.PACKET_BROADCAST, nil
		case err == unix.ENETDOWN:
			return 0, false, fmt.Errorf("receive: %w", ErrLinkDown)
		case err != unix.EAGAIN && err != unix.EINTR:
			return 0, false, fmt.Errorf("receive: %w", err)
		}
		left := time.Until(end)
		if left <= 0 {
			return 0, false, os.ErrDeadlineExceeded
		}
		wait := unix.NsecToTimespec(min(left, pollSlice).Nanoseconds())
		if _, err := unix.Ppoll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}, &wait, nil); err != nil && err != unix.EINTR {
			return 0, false, fmt.Errorf("wait for a packet: %w", err)
		}
	}
}

// networkOrder returns the number whose bytes in memory are n's in network order,
// as packet(7) wants protocols.
func networkOrder(n uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], n)
	return binary.NativeEndian.Uint16(b[:])
}
