package viptest

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Frame is a frame that was seen on the wire.
type Frame struct {
	Bytes []byte
	At    time.Time // when it arrived, by the kernel's stamp
}

// String is Describe of the frame.
func (f Frame) String() string { return Describe(f.Bytes) }

// Capture is a station on the wire: it collects the frames that arrive at an
// interface, and sends others from there.
type Capture struct {
	t  *testing.T
	fd int
}

// Capture starts collecting what arrives at the interface.
func (n *Namespace) Capture(nic string) *Capture {
	n.t.Helper()
	n.must("ask for time stamps", stamping()) // here, since a socket keeps its namespace
	c := &Capture{t: n.t}
	n.Do(func() {
		var all [2]byte
		binary.BigEndian.PutUint16(all[:], unix.ETH_P_ALL)
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		n.must("open packet socket", err)
		c.fd = fd
		n.must("ask for time stamps", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS_NEW, 1))
		n.awaitStamps()
		n.must("bind packet socket", unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16(all[:]), Ifindex: n.link(nic).Attrs().Index}))
	})
	n.t.Cleanup(func() { _ = unix.Close(c.fd) })
	return c
}

// Next returns the next count frames that want accepts, fewer if the time is
// over before.
func (c *Capture) Next(count int, within time.Duration, want func(frame []byte) bool) (frames []Frame) {
	c.t.Helper()
	end := time.Now().Add(within)
	for len(frames) < count {
		left := time.Until(end)
		if left <= 0 {
			return frames
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
		if errors.Is(err, unix.EINTR) || n == 0 && err == nil {
			continue
		}
		if err != nil {
			c.t.Fatalf("wait for a frame: %v", err)
		}
		frame, from, err := receive(c.fd)
		if err != nil {
			c.t.Fatalf("receive a frame: %v", err)
		}
		if from.(*unix.SockaddrLinklayer).Pkttype != unix.PACKET_OUTGOING && want(frame.Bytes) {
			frames = append(frames, frame)
		}
	}
	return frames
}

// Send sends a frame, Ethernet header included. Other goroutines than the test's
// may call it before the test ends.
func (c *Capture) Send(frame []byte) {
	c.t.Helper()
	if _, err := unix.Write(c.fd, frame); err != nil {
		c.t.Errorf("send a frame: %v", err)
	}
}

// IsARP accepts every ARP frame.
func IsARP(frame []byte) bool { return len(frame) > 14 && frame[12] == 0x08 && frame[13] == 0x06 }

// IsNA accepts neighbour advertisements to all nodes.
func IsNA(frame []byte) bool {
	return len(frame) >= 86 && frame[12] == 0x86 && frame[13] == 0xdd && frame[20] == 58 && frame[54] == 136 && frame[53] == 1
}
