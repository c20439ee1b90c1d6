package vip

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// detectTime is what a detection takes when nobody answers.
const detectTime = 400 * time.Millisecond

var sought = netip.MustParseAddr("10.77.0.100")

// detect runs Detect on n0 of the node.
func detect(t *testing.T, l *viptest.Lab) (took time.Duration, err error) {
	t.Helper()
	on(t, l.Node, func(ctx context.Context, h *Host) {
		start := time.Now()
		err = h.Detect(ctx, "n0", sought)
		took = time.Since(start)
	})
	return took, err
}

// arpFrame returns a frame with an ARP packet.
func arpFrame(to net.HardwareAddr, p arpPacket) []byte {
	frame := append([]byte(nil), to...)
	frame = append(frame, p.senderHW...)
	frame = append(frame, 0x08, 0x06)
	return append(frame, p.bytes()...)
}

// Nobody has the address: three probes, and not a moment longer.
func TestDetectNobody(t *testing.T) {
	l := viptest.New(t)
	capture := l.Peer.Capture("p0")
	took, err := detect(t, l)
	if err != nil {
		t.Errorf("nobody there: %v", err)
	}
	if took < detectTime || took > detectTime+busy {
		t.Errorf("it took %s, want %s", took, detectTime)
	}
	frames := capture.Next(len(probeWaits)+1, 100*time.Millisecond, viptest.IsARP)
	logFrames(t, frames)
	if len(frames) != len(probeWaits) {
		t.Fatalf("%d frames, want %d", len(frames), len(probeWaits))
	}
	want := unhex(t, "ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 00000000 000000000000 0a4d0064")
	for i, f := range frames {
		if string(f.Bytes) != string(want) {
			t.Errorf("frame %d\ngot  %x\nwant %x", i, f.Bytes, want)
		}
	}
	spaced(t, frames, 1, probeWaits[0])

	l.Node.Add("n0", "10.77.0.100/24")
	if _, err := detect(t, l); err != nil {
		t.Errorf("this node has it: %v", err)
	}
}

// The peer's kernel has the address, and answers.
func TestDetectOwner(t *testing.T) {
	l := viptest.New(t)
	l.Peer.Add("p0", "10.77.0.100/24")
	for _, here := range []bool{false, true} {
		if here {
			l.Node.Add("n0", "10.77.0.100/24")
		}
		took, err := detect(t, l)
		if !errors.Is(err, ErrDuplicate) || !strings.Contains(err.Error(), "02:00:00:00:00:02 on n0 has 10.77.0.100") {
			t.Errorf("with the address here too %v: error %v, want ErrDuplicate with the owner", here, err)
		}
		if d := (*DuplicateError)(nil); !errors.As(err, &d) || d.Hardware.String() != "02:00:00:00:00:02" {
			t.Errorf("with the address here too %v: error %#v, want a DuplicateError with the owner", here, err)
		}
		if took >= probeWaits[0] {
			t.Errorf("with the address here too %v: it took %s", here, took)
		}
		t.Logf("with the address here too %v: found in %s: %v", here, took.Round(10*time.Microsecond), err)
	}
}

// What others say on the wire during a detection.
func TestDetectHears(t *testing.T) {
	everybody, node, peer := ethernet.broadcast, viptest.NodeMAC, viptest.PeerMAC
	other := netip.MustParseAddr("10.77.0.2")
	reply := gratuitousARP(arpReply, 1, peer, sought)
	for _, test := range []struct {
		name  string
		frame []byte
		after time.Duration
		want  string // in the error; "": no conflict
	}{
		{"a rival that only probes", arpFrame(everybody, arpProbe(1, peer, sought)), 50 * time.Millisecond, "02:00:00:00:00:02 on n0 is also probing for 10.77.0.100"},
		{"an owner that defends, request", arpFrame(everybody, gratuitousARP(arpRequest, 1, peer, sought)), 150 * time.Millisecond, "02:00:00:00:00:02 on n0 has 10.77.0.100"},
		{"an owner that defends, reply", arpFrame(everybody, reply), 150 * time.Millisecond, "02:00:00:00:00:02 on n0 has 10.77.0.100"},
		{"an owner that is slow", arpFrame(node, reply), detectTime - 120*time.Millisecond, "02:00:00:00:00:02 on n0 has 10.77.0.100"},
		{"our probe, reflected", arpFrame(everybody, arpProbe(1, node, sought)), 50 * time.Millisecond, ""},
		{"our announcement, reflected", arpFrame(everybody, gratuitousARP(arpReply, 1, node, sought)), 50 * time.Millisecond, ""},
		{"a switch that tracks devices", arpFrame(node, arpProbe(1, peer, sought)), 50 * time.Millisecond, ""},
		{"another address announced", arpFrame(everybody, gratuitousARP(arpReply, 1, peer, other)), 50 * time.Millisecond, ""},
		{"cut short", arpFrame(everybody, reply)[:14+24], 50 * time.Millisecond, ""},
		{"nothing but a header", arpFrame(everybody, reply)[:14], 50 * time.Millisecond, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := viptest.New(t)
			station := l.Peer.Capture("p0")
			timer := time.AfterFunc(test.after, func() { station.Send(test.frame) })
			took, err := detect(t, l)
			if timer.Stop() {
				t.Fatalf("it was over after %s, before the frame was sent: %v", took, err)
			}
			switch {
			case test.want == "" && err != nil:
				t.Errorf("error %v, want none", err)
			case test.want != "" && (!errors.Is(err, ErrDuplicate) || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want ErrDuplicate with %q", err, test.want)
			case test.want != "" && took > test.after+late:
				t.Errorf("the frame came after %s, but it took %s", test.after, took)
			}
		})
	}
}

// Where two interfaces of the node are on one network, the second answers for
// the first: that is no other machine.
func TestDetectOwnSecondInterface(t *testing.T) {
	l := viptest.New(t)
	second := net.HardwareAddr{2, 0, 0, 0, 0, 3}
	l.Pair(1, second, nil)
	l.Peer.Bridge("br0", "p0", "p1")
	for _, nic := range []string{"all", "n0", "n1"} {
		l.Node.Set("ipv4/conf/"+nic+"/arp_ignore", "0")
	}
	l.Node.Add("n1", "10.77.0.100/24")
	station := l.Peer.Capture("p1")
	if _, err := detect(t, l); err != nil {
		t.Errorf("error %v, want none", err)
	}
	answers := station.Next(1, 100*time.Millisecond, func(frame []byte) bool {
		return viptest.IsARP(frame) && string(frame[6:12]) == string(second)
	})
	if len(answers) == 0 {
		t.Error("the second interface did not answer, so this shows nothing")
	}
}

func TestDetectWhereItCannot(t *testing.T) {
	l := viptest.New(t)
	on(t, l.Node, func(ctx context.Context, h *Host) {
		start := time.Now()
		if err := h.Detect(ctx, "lo", sought); err != nil {
			t.Errorf("on lo: %v", err)
		}
		if err := h.Detect(ctx, "n9", sought); !errors.Is(err, ErrNoNic) {
			t.Errorf("on no interface: %v", err)
		}
		if err := h.Detect(ctx, "n0", netip.MustParseAddr("2001:db8::100")); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("IPv6: %v", err)
		}
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		if err := h.Detect(short, "n0", sought); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("out of time: %v", err)
		}
		if took := time.Since(start); took > 100*time.Millisecond+late {
			t.Errorf("it took %s", took)
		}
	})

	// The link goes down meanwhile: whoever has the address could not say so.
	for _, test := range []struct {
		name string
		cut  func()
	}{
		{"carrier lost", func() { l.Peer.Down("p0") }},
		{"switched off", func() { l.Node.Down("n0") }},
	} {
		l.Node.Up("n0")
		l.Peer.Up("p0")
		settle(t, func() (up bool) {
			on(t, l.Node, func(_ context.Context, h *Host) { link, _ := h.linkNamed("n0"); up = link.Operational })
			return up
		})
		timer := time.AfterFunc(50*time.Millisecond, test.cut)
		if took, err := detect(t, l); !errors.Is(err, ErrLinkDown) || timer.Stop() {
			t.Errorf("%s meanwhile: %v after %s, want ErrLinkDown", test.name, err, took)
		}
		if _, err := detect(t, l); !errors.Is(err, ErrLinkDown) {
			t.Errorf("%s before: %v, want ErrLinkDown", test.name, err)
		}
	}
}
