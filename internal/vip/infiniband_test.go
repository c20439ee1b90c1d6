package vip

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip/viptest"
)

// Addresses of IP over InfiniBand: that of an interface, and the broadcast
// address of its link, which is in the partition 8001.
var (
	ibAddr = net.HardwareAddr{
		0, 0, 0, 0x48,
		0xfe, 0x80, 0, 0, 0, 0, 0, 0,
		0, 2, 0xc9, 3, 0, 0x12, 0x34, 0xa1,
	}
	ibBroadcast = net.HardwareAddr{
		0, 0xff, 0xff, 0xff,
		0xff, 0x12, 0x40, 0x1b, 0x80, 0x01, 0, 0,
		0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
	}
)

// The bytes of an announcement on InfiniBand. The texts of ARP are what tcpdump
// says of these bytes.
func TestInfinibandAnnouncement(t *testing.T) {
	const (
		addr  = "00000048fe800000000000000002c903001234a1 "
		zero  = "0000000000000000000000000000000000000000 "
		toAll = "00ffffffff12401b8001000000000000ffffffff"
		toV6  = "00ffffffff12601b800100000000000000000001" // `ip maddress` shows this form
		vip6  = "20010db8000000000000000000000100 "
		text  = "00:00:00:48:fe:80:00:00:00:00:00:00:00:02:c9:03:00:12:34:a1"
	)
	link := Link{Type: "infiniband", HardwareAddr: ibAddr, BroadcastAddr: ibBroadcast}
	layer, err := linkLayerOf(link)
	if err != nil {
		t.Fatal(err)
	}
	type want struct{ to, payload, text string }
	for _, test := range []struct {
		ip   string
		want []want
	}{
		{"10.77.0.100", []want{
			{toAll, "0020 0800 14 04 0001" + addr + "0a4d0064" + zero + "0a4d0064",
				"InfiniBand (len 20), IPv4 (len 4), Request who-has 10.77.0.100 tell 10.77.0.100, length 56"},
			{toAll, "0020 0800 14 04 0002" + addr + "0a4d0064" + addr + "0a4d0064",
				"InfiniBand (len 20), IPv4 (len 4), Reply 10.77.0.100 is-at " + text + ", length 56"},
		}},
		{"2001:db8::100", []want{
			{toV6, "60000000 0030 3a ff" + vip6 + "ff020000000000000000000000000001 8800 fc99 20000000" + vip6 + "0203 0000" + addr,
				"(hlim 255, next-header ICMPv6 (58) payload length: 48) 2001:db8::100 > ff02::1: [icmp6 sum ok] ICMP6, " +
					"neighbor advertisement, length 48, tgt is 2001:db8::100, Flags [override], " +
					"destination link-address option (2), length 24 (3): 00:00:" + text},
		}},
	} {
		got := announcement(layer, link, netip.MustParseAddr(test.ip), false)
		if len(got) != len(test.want) {
			t.Fatalf("%s: %d packets, want %d", test.ip, len(got), len(test.want))
		}
		for i, want := range test.want {
			if !bytes.Equal(got[i].to, unhex(t, want.to)) {
				t.Errorf("%s, packet %d goes to %s, want %s", test.ip, i, got[i].to, want.to)
			}
			if !bytes.Equal(got[i].payload, unhex(t, want.payload)) {
				t.Errorf("%s, packet %d\ngot  %x\nwant %x", test.ip, i, got[i].payload, unhex(t, want.payload))
			}
			if text := describe(got[i]); text != want.text {
				t.Errorf("%s, packet %d\ngot  %s\nwant %s", test.ip, i, text, want.text)
			}
		}
	}
}

func TestLinkLayerOf(t *testing.T) {
	for _, test := range []struct {
		name string
		link Link
		ok   bool
	}{
		{"Ethernet", Link{Type: "ether", HardwareAddr: mac}, true},
		{"InfiniBand", Link{Type: "infiniband", HardwareAddr: ibAddr, BroadcastAddr: ibBroadcast}, true},
		{"InfiniBand without broadcast address", Link{Type: "infiniband", HardwareAddr: ibAddr}, false},
		{"Ethernet without address", Link{Type: "ether"}, false},
		{"IEEE 1394", Link{Type: "24", HardwareAddr: mac}, false},
	} {
		if _, err := linkLayerOf(test.link); (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// No InfiniBand here, but the way of a packet to a link-layer address of 20
// bytes can be gone on Ethernet: the kernel takes the first six.
func TestSendToLongAddress(t *testing.T) {
	l := viptest.New(t)
	capture := l.Peer.Capture("p0")
	probe := arpProbe(32, ibAddr, netip.MustParseAddr("10.77.0.100")).bytes()
	on(t, l.Node, func(_ context.Context, h *Host) {
		link, err := h.linkNamed("n0")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(link.BroadcastAddr, ethernet.broadcast) {
			t.Errorf("the kernel's broadcast address is %s, want %s", link.BroadcastAddr, ethernet.broadcast)
		}
		socket, err := openPacketSocket(link, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer socket.close()
		if err := socket.send(packet{unix.ETH_P_ARP, ibBroadcast, probe}); err != nil {
			t.Fatal(err)
		}
	})
	frames := capture.Next(1, time.Second, viptest.IsARP)
	if len(frames) != 1 {
		t.Fatal("nothing arrived")
	}
	if want := append(unhex(t, "00ffffffff12 020000000001 0806"), probe...); !bytes.Equal(frames[0].Bytes, want) {
		t.Errorf("got  %x\nwant %x", frames[0].Bytes, want)
	}
}
