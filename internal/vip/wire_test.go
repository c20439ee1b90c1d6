package vip

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/ndp"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// The burst that IPaddr2 sends by default, and so do we.
var defaultBurst = Burst{Count: 5, Interval: 200 * time.Millisecond}

// How much sooner or later than it should a packet may come on a busy machine.
const (
	early = 10 * time.Millisecond
	late  = 150 * time.Millisecond
	busy  = 2 * time.Second // and how much longer a whole detection may take there
)

// logFrames shows what was on the wire, with the time since the first frame.
func logFrames(t *testing.T, frames []viptest.Frame) {
	t.Helper()
	for i, f := range frames {
		t.Logf("%2d %8.3f ms  %s", i+1, float64(f.At.Sub(frames[0].At).Microseconds())/1000, f)
	}
}

// spaced checks that the frames came in groups, the groups at the interval.
func spaced(t *testing.T, frames []viptest.Frame, group int, interval time.Duration) {
	t.Helper()
	for i := 1; i < len(frames); i++ {
		want := interval
		if i%group != 0 {
			want = 0
		}
		gap := frames[i].At.Sub(frames[i-1].At)
		if gap < want-early || gap > want+late {
			t.Errorf("frame %d came %s after the one before, want %s", i+1, gap, want)
		}
	}
}

// burst sends the burst from n0 and returns what arrived at the peer.
func burst(t *testing.T, l *viptest.Lab, ip netip.Addr, b Burst, want func([]byte) bool) []viptest.Frame {
	t.Helper()
	capture := l.Peer.Capture("p0")
	on(t, l.Node, func(ctx context.Context, h *Host) {
		sent, err := h.Announce(ctx, "n0", ip, b)
		if sent != b.Count || err != nil {
			t.Fatalf("sent %d, %v", sent, err)
		}
	})
	frames := capture.Next(2*b.Count+1, 100*time.Millisecond, want)
	logFrames(t, frames)
	return frames
}

// arpFields are all fields of an ARP frame on Ethernet (RFC 826).
type arpFields struct {
	Destination, Source         string
	EtherType                   uint16
	HardwareType, ProtocolType  uint16
	HardwareLen, ProtocolLen    uint8
	Operation                   uint16
	SenderHardware, SenderIP    string
	TargetHardware, TargetIP    string
	BytesAfterwards, FrameBytes int
}

// readARP reads the fields where the RFC has them.
func readARP(t *testing.T, f []byte) arpFields {
	t.Helper()
	if len(f) < 42 {
		t.Fatalf("frame of %d bytes, want 42", len(f))
	}
	hw := func(i int) string { return net.HardwareAddr(f[i : i+6]).String() }
	ip := func(i int) string { return net.IP(f[i : i+4]).String() }
	return arpFields{
		Destination: hw(0), Source: hw(6), EtherType: binary.BigEndian.Uint16(f[12:]),
		HardwareType: binary.BigEndian.Uint16(f[14:]), ProtocolType: binary.BigEndian.Uint16(f[16:]),
		HardwareLen: f[18], ProtocolLen: f[19], Operation: binary.BigEndian.Uint16(f[20:]),
		SenderHardware: hw(22), SenderIP: ip(28), TargetHardware: hw(32), TargetIP: ip(38),
		BytesAfterwards: len(f) - 42, FrameBytes: len(f),
	}
}

// Five announcements, each a request and then a reply, 200 ms apart.
func TestWireIPv4(t *testing.T) {
	l := viptest.New(t)
	frames := burst(t, l, sought, defaultBurst, viptest.IsARP)
	if len(frames) != 2*defaultBurst.Count {
		t.Fatalf("%d frames, want %d", len(frames), 2*defaultBurst.Count)
	}
	spaced(t, frames, 2, defaultBurst.Interval)
	request := arpFields{
		Destination: "ff:ff:ff:ff:ff:ff", Source: "02:00:00:00:00:01", EtherType: 0x0806,
		HardwareType: 1, ProtocolType: 0x0800, HardwareLen: 6, ProtocolLen: 4, Operation: 1,
		SenderHardware: "02:00:00:00:00:01", SenderIP: "10.77.0.100",
		TargetHardware: "00:00:00:00:00:00", TargetIP: "10.77.0.100", FrameBytes: 42,
	}
	reply := request
	reply.Operation, reply.TargetHardware = 2, "02:00:00:00:00:01"
	for i, f := range frames {
		if diff := cmp.Diff([]arpFields{request, reply}[i%2], readARP(t, f.Bytes)); diff != "" {
			t.Errorf("frame %d (-want +got):\n%s", i+1, diff)
		}
	}
}

// naFields are the fields of an unsolicited neighbour advertisement on Ethernet
// outside of what ndp.ParseMessage reads.
type naFields struct {
	Destination, Source string
	EtherType           uint16
	Version             uint8
	PayloadLength       uint16
	NextHeader          uint8
	HopLimit            uint8
	From, To            string
	SumOK               bool
	FrameBytes          int
}

// Five advertisements, 200 ms apart, whose router flag tells the truth.
func TestWireIPv6(t *testing.T) {
	ip := netip.MustParseAddr("2001:db8::100")
	for _, test := range []struct {
		forwarding string
		router     bool
		burst      Burst
	}{
		{"0", false, defaultBurst},
		{"1", true, Burst{Count: 2, Interval: 20 * time.Millisecond}},
	} {
		t.Run("forwarding="+test.forwarding, func(t *testing.T) {
			l := viptest.New(t)
			l.Node.Set("ipv6/conf/n0/forwarding", test.forwarding)
			frames := burst(t, l, ip, test.burst, viptest.IsNA)
			if len(frames) != test.burst.Count {
				t.Fatalf("%d frames, want %d", len(frames), test.burst.Count)
			}
			spaced(t, frames, 1, test.burst.Interval)
			for i, frame := range frames {
				f := frame.Bytes
				header := naFields{
					Destination: net.HardwareAddr(f[:6]).String(), Source: net.HardwareAddr(f[6:12]).String(),
					EtherType: binary.BigEndian.Uint16(f[12:]), Version: f[14] >> 4, PayloadLength: binary.BigEndian.Uint16(f[18:]),
					NextHeader: f[20], HopLimit: f[21], From: net.IP(f[22:38]).String(), To: net.IP(f[38:54]).String(),
					SumOK: viptest.SumOK(f[22:38], f[38:54], f[54:]), FrameBytes: len(f),
				}
				if diff := cmp.Diff(naFields{
					Destination: "33:33:00:00:00:01", Source: "02:00:00:00:00:01",
					EtherType: 0x86dd, Version: 6, PayloadLength: 32, NextHeader: 58, HopLimit: 255,
					From: "2001:db8::100", To: "ff02::1", SumOK: true, FrameBytes: 86,
				}, header); diff != "" {
					t.Errorf("frame %d (-want +got):\n%s", i+1, diff)
				}
				message, err := ndp.ParseMessage(f[54:])
				if err != nil {
					t.Fatalf("frame %d: %v", i+1, err)
				}
				want := &ndp.NeighborAdvertisement{
					Router: test.router, Solicited: false, Override: true, TargetAddress: ip,
					Options: []ndp.Option{&ndp.LinkLayerAddress{Direction: ndp.Target, Addr: viptest.NodeMAC}},
				}
				if diff := cmp.Diff(ndp.Message(want), message, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
					t.Errorf("frame %d (-want +got):\n%s", i+1, diff)
				}
			}
		})
	}
}

// Asked again, it announces again; and the address need not be there.
func TestWireAgain(t *testing.T) {
	l := viptest.New(t)
	l.Node.Add("n0", "10.77.0.100/24")
	for range 2 {
		if frames := burst(t, l, sought, Burst{Count: 1}, viptest.IsARP); len(frames) != 2 {
			t.Errorf("%d frames, want 2", len(frames))
		}
	}
}
