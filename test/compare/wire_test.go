package compare

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// kind is what a frame says about an address.
type kind string

// The kinds, in the order in which they are told.
const (
	arpProbe      kind = "probe"         // ARP request from no address (RFC 5227)
	arpRequest    kind = "request"       // gratuitous ARP request
	arpReply      kind = "reply"         // gratuitous ARP reply
	advertisement kind = "advertisement" // unsolicited neighbour advertisement to all nodes
)

// frame is one announcement, or question, that the peer heard.
type frame struct {
	kind kind
	ip   netip.Addr
	at   time.Time // as the kernel stamped it
}

// wire is a socket that collects what arrives at the peer. Frames wait in it
// with their time until they are asked for.
type wire struct {
	t  *testing.T
	fd int
}

func listen(t *testing.T, peer *viptest.Namespace) *wire {
	t.Helper()
	w := &wire{t: t}
	var err error
	peer.Do(func() {
		const all = uint16(unix.ETH_P_ALL)
		w.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(all<<8|all>>8))
	})
	if err == nil {
		err = unix.SetsockoptInt(w.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	}
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	t.Cleanup(func() { _ = unix.Close(w.fd) })
	return w
}

// heard returns the frames that have arrived since it was called last, and goes
// on until none has come for a while.
func (w *wire) heard(quiet time.Duration) (frames []frame) {
	w.t.Helper()
	buffer, control := make([]byte, 2048), make([]byte, 128)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(w.fd), Events: unix.POLLIN}}, int(quiet.Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			w.t.Fatalf("listen: %v", err)
		}
		if n == 0 {
			return frames
		}
		n, c, _, _, err := unix.Recvmsg(w.fd, buffer, control, 0)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			w.t.Fatalf("listen: %v", err)
		}
		if f, ok := parseFrame(buffer[:n]); ok {
			f.at = timeOf(w.t, control[:c])
			frames = append(frames, f)
		}
	}
}

// timeOf reads the time stamp of a frame.
func timeOf(t *testing.T, control []byte) time.Time {
	t.Helper()
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		t.Fatalf("read time of a frame: %v", err)
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= int(unsafe.Sizeof(unix.Timespec{})) {
			return time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
		}
	}
	t.Fatal("a frame has no time")
	return time.Time{}
}

// parseFrame reads an Ethernet frame with ARP (RFC 826) or a neighbour
// advertisement (RFC 4861, section 4.4); others are not ok.
func parseFrame(b []byte) (f frame, ok bool) {
	const header = 14
	if len(b) < header {
		return f, false
	}
	switch binary.BigEndian.Uint16(b[12:]) {
	case unix.ETH_P_ARP:
		b = b[header:]
		if len(b) < 28 {
			return f, false
		}
		sender, target := b[14:18], b[24:28]
		f.ip, _ = netip.AddrFromSlice(target)
		switch op := binary.BigEndian.Uint16(b[6:]); {
		case op == 1 && bytes.Equal(sender, []byte{0, 0, 0, 0}):
			f.kind = arpProbe
		case op == 1 && bytes.Equal(sender, target):
			f.kind = arpRequest
		case op == 2 && bytes.Equal(sender, target):
			f.kind = arpReply
		}
	case unix.ETH_P_IPV6:
		b = b[header:]
		const icmpv6, neighbourAdvertisement = 58, 136
		if len(b) < 40+24 || b[6] != icmpv6 || b[40] != neighbourAdvertisement || b[24] != 0xff {
			return f, false
		}
		f.kind = advertisement
		f.ip, _ = netip.AddrFromSlice(b[48:64])
	}
	return f, f.kind != ""
}

// tell describes the frames that are about ip: how many of which kind and how
// far apart; due is the distance that was asked for.
func tell(frames []frame, ip netip.Addr, due time.Duration) string {
	var counts []string
	var gaps []time.Duration
	for _, k := range []kind{arpProbe, arpRequest, arpReply, advertisement} {
		var at []time.Time
		for _, f := range frames {
			if f.kind == k && f.ip == ip {
				at = append(at, f.at)
			}
		}
		if len(at) == 0 {
			continue
		}
		counts = append(counts, plural(len(at), string(k)))
		if k != arpProbe && gaps == nil {
			for i := 1; i < len(at); i++ {
				gaps = append(gaps, at[i].Sub(at[i-1]))
			}
		}
	}
	if len(counts) == 0 {
		return "no announcement"
	}
	text := strings.Join(counts, ", ")
	if len(gaps) > 1 {
		text += ", " + spacing(gaps, due, time.Second)
	}
	return text
}

// spacing names the distance that the gaps are meant to have: the first of usual
// that one of them is close to while at most one is much shorter, as between the
// processes of two actions. A busy machine makes gaps longer, not shorter.
func spacing(gaps []time.Duration, usual ...time.Duration) string {
	for _, u := range usual {
		shorter, close := 0, 0
		for _, gap := range gaps {
			switch {
			case gap < u*7/10:
				shorter++
			case gap < u*13/10:
				close++
			}
		}
		if close > 0 && shorter <= 1 {
			return fmt.Sprintf("%d ms apart", u.Milliseconds())
		}
	}
	slices.Sort(gaps)
	return fmt.Sprintf("about %d ms apart", gaps[len(gaps)/2].Round(10*time.Millisecond).Milliseconds())
}

func plural(n int, what string) string {
	switch {
	case n == 1:
	case what == string(arpReply):
		what = "replies"
	default:
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
