package vip

import (
	"bytes"
	"encoding/hex"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/mdlayher/ndp"
	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip/viptest"
)

var mac = net.HardwareAddr{2, 0, 0, 0, 0, 1}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// describe reads a packet back with another implementation. That one reads
// frames, so it gets the header of one.
func describe(p packet) string {
	header := append(make([]byte, 12), byte(p.etherType>>8), byte(p.etherType))
	_, text, _ := strings.Cut(viptest.Describe(append(header, p.payload...)), ": ")
	return text
}

func TestARP(t *testing.T) {
	ip := netip.MustParseAddr("10.77.0.100")
	for _, test := range []struct {
		name   string
		packet arpPacket
		want   string
		text   string
	}{
		{"request", gratuitousARP(arpRequest, 1, mac, ip),
			"0001 0800 06 04 0001 020000000001 0a4d0064 000000000000 0a4d0064",
			"Ethernet (len 6), IPv4 (len 4), Request who-has 10.77.0.100 tell 10.77.0.100, length 28"},
		{"reply", gratuitousARP(arpReply, 1, mac, ip),
			"0001 0800 06 04 0002 020000000001 0a4d0064 020000000001 0a4d0064",
			"Ethernet (len 6), IPv4 (len 4), Reply 10.77.0.100 is-at 02:00:00:00:00:01, length 28"},
		{"probe", arpProbe(1, mac, ip),
			"0001 0800 06 04 0001 020000000001 00000000 000000000000 0a4d0064",
			"Ethernet (len 6), IPv4 (len 4), Request who-has 10.77.0.100 tell 0.0.0.0, length 28"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := test.packet.bytes()
			if want := unhex(t, test.want); !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
			if text := describe(packet{etherType: unix.ETH_P_ARP, payload: got}); text != test.text {
				t.Errorf("got  %s\nwant %s", text, test.text)
			}
		})
	}
}

const (
	aRequest = "0001 0800 06 04 0001 020000000002 0a4d0002 000000000000 0a4d0064"
	aReply20 = "0020 0800 14 04 0002 00000048fe800000000000000002c903001234a1 0a4d0064 00000049fe800000000000000002c903001234a2 0a4d0002"
)

func TestParseARP(t *testing.T) {
	for _, test := range []struct {
		name, in string
		size     int
		ok       bool
	}{
		{"request", aRequest, 6, true},
		{"padded", aRequest + strings.Repeat("00", 18), 6, true},
		{"one byte short", strings.TrimSuffix(aRequest, "64"), 6, false},
		{"InfiniBand", aReply20, 20, true},
		{"of another kind of link", aReply20, 6, false},
		{"says that its addresses are longer", strings.Replace(aRequest, "06 04", "ff 04", 1), 6, false},
		{"IPv6 addresses", strings.Replace(aRequest, "06 04", "06 10", 1), 6, false},
		{"another protocol", strings.Replace(aRequest, "0800", "0805", 1), 6, false},
		{"a reverse request", strings.Replace(aRequest, "0001 02", "0003 02", 1), 6, false},
		{"header only", "0001 0800 06 04 0001", 6, false},
		{"empty", "", 6, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, ok := parseARP(unhex(t, test.in), test.size)
			if ok != test.ok {
				t.Fatalf("ok %v, want %v: %+v", ok, test.ok, p)
			}
			if ok && !bytes.HasPrefix(unhex(t, test.in), p.bytes()) {
				t.Errorf("read as %+v", p)
			}
		})
	}
}

// Whatever arrives, the parser neither panics nor makes anything up: what it
// accepts is what the packet begins with.
func FuzzParseARP(f *testing.F) {
	f.Add(unhex(f, aRequest), 6)
	f.Add(unhex(f, aReply20), 20)
	f.Add(unhex(f, aReply20), 6)
	f.Add(unhex(f, "0001 0800 ff 04 0001"), 6)
	f.Add([]byte{}, 20)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		if size < 0 || size > 32 { // MAX_ADDR_LEN of the kernel
			return
		}
		p, ok := parseARP(b, size)
		if ok && !bytes.HasPrefix(b, p.bytes()) {
			t.Errorf("%x is read as %+v", b, p)
		}
		if ok && p.claim(netip.MustParseAddr("10.77.0.100"), true) != "" && !bytes.Contains(b, []byte{10, 77, 0, 100}) {
			t.Errorf("%x claims an address that is not in it", b)
		}
	})
}

func TestClaim(t *testing.T) {
	ip, other, none := netip.MustParseAddr("10.77.0.100"), netip.MustParseAddr("10.77.0.2"), netip.IPv4Unspecified()
	for _, test := range []struct {
		name      string
		packet    arpPacket
		broadcast bool
		want      string
	}{
		{"answer to a probe", arpPacket{op: arpReply, senderIP: ip, targetIP: none}, false, "has"},
		{"request of the owner", arpPacket{op: arpRequest, senderIP: ip, targetIP: other}, true, "has"},
		{"gratuitous request", arpPacket{op: arpRequest, senderIP: ip, targetIP: ip}, true, "has"},
		{"gratuitous reply", arpPacket{op: arpReply, senderIP: ip, targetIP: ip}, true, "has"},
		{"probe of a rival", arpPacket{op: arpRequest, senderIP: none, targetIP: ip}, true, "is also probing for"},
		{"probe of a switch", arpPacket{op: arpRequest, senderIP: none, targetIP: ip}, false, ""},
		{"probe for another address", arpPacket{op: arpRequest, senderIP: none, targetIP: other}, true, ""},
		{"somebody looks for the owner", arpPacket{op: arpRequest, senderIP: other, targetIP: ip}, true, ""},
		{"somebody answers the owner", arpPacket{op: arpReply, senderIP: other, targetIP: ip}, true, ""},
		{"reply of nobody", arpPacket{op: arpReply, senderIP: none, targetIP: ip}, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.packet.claim(ip, test.broadcast); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestUnsolicitedNA(t *testing.T) {
	ip := netip.MustParseAddr("2001:db8::100")
	const header = "60000000 0020 3a ff 20010db8000000000000000000000100 ff020000000000000000000000000001"
	const target = "20010db8000000000000000000000100 0201 020000000001"
	for _, test := range []struct {
		name   string
		router bool
		want   string
	}{
		{"host", false, header + "88 00 f72c 20000000" + target},
		{"router", true, header + "88 00 772c a0000000" + target},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := unsolicitedNA(linkLayerOption(mac, 0), ip, test.router)
			if want := unhex(t, test.want); !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
			message, err := ndp.ParseMessage(got[40:]) // another implementation
			if err != nil {
				t.Fatalf("ndp.ParseMessage: %v", err)
			}
			na, ok := message.(*ndp.NeighborAdvertisement)
			if !ok || na.TargetAddress != ip || !na.Override || na.Solicited || na.Router != test.router {
				t.Errorf("parsed %+v", message)
			}
			if !viptest.SumOK(got[8:24], got[24:40], got[40:]) {
				t.Error("the checksum is wrong")
			}
		})
	}
}

func TestLinkLayerOption(t *testing.T) {
	for _, test := range []struct {
		size, pad int
		want      string
	}{
		{6, 0, "0201 aaaaaaaaaaaa"},
		{8, 0, "0202 aaaaaaaaaaaaaaaa 000000000000"},
		{20, 2, "0203 0000 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
	} {
		got := linkLayerOption(bytes.Repeat([]byte{0xaa}, test.size), test.pad)
		if want := unhex(t, test.want); !bytes.Equal(got, want) {
			t.Errorf("address of %d bytes after %d: got %x, want %x", test.size, test.pad, got, want)
		}
	}
}

// A struct sockaddr_ll is as long as its address, but 20 bytes at least.
func TestPacketAddress(t *testing.T) {
	native := func(n uint16) string {
		return hex.EncodeToString([]byte{byte(networkOrder(n)), byte(networkOrder(n) >> 8)})
	}
	for _, test := range []struct {
		to   net.HardwareAddr
		want string
	}{
		{mac, "0000 00 06 020000000001 0000"},
		{ibBroadcast, "0000 00 14 00ffffffff12401b8001000000000000ffffffff"},
	} {
		got := packet{etherType: unix.ETH_P_ARP, to: test.to}.address(0x01000001)
		want := unhex(t, native(unix.AF_PACKET<<8)+"0806 01000001"+test.want)
		if !bytes.Equal(got, want) {
			t.Errorf("%s\ngot  %x\nwant %x", test.to, got, want)
		}
	}
}
