package vip

import (
	"encoding/hex"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/mdlayher/ndp"
)

var mac = net.HardwareAddr{2, 0, 0, 0, 0, 1}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGratuitousARP(t *testing.T) {
	ip := netip.MustParseAddr("10.77.0.100")
	for _, test := range []struct {
		name string
		op   uint16
		hw   net.HardwareAddr
		want string
	}{
		{"request", arpRequest, mac, "0001 0800 06 04 0001 020000000001 0a4d0064 000000000000 0a4d0064"},
		{"reply", arpReply, mac, "0001 0800 06 04 0002 020000000001 0a4d0064 020000000001 0a4d0064"},
		{"hardware addresses of 2 bytes", arpReply, mac[:2], "0001 0800 02 04 0002 0200 0a4d0064 0200 0a4d0064"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := gratuitousARP(test.op, ethernetHardware, test.hw, ip)
			if want := unhex(t, test.want); string(got) != string(want) {
				t.Errorf("got  %x\nwant %x", got, want)
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
			got := unsolicitedNA(mac, ip, test.router)
			if want := unhex(t, test.want); string(got) != string(want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
			// Another implementation reads it, checksum included.
			message, err := ndp.ParseMessage(got[40:])
			if err != nil {
				t.Fatalf("ndp.ParseMessage: %v", err)
			}
			na, ok := message.(*ndp.NeighborAdvertisement)
			if !ok || na.TargetAddress != ip || !na.Override || na.Solicited || na.Router != test.router {
				t.Errorf("parsed %+v", message)
			}
			if sum := icmpv6Checksum(ip.As16(), allNodes.As16(), got[40:]); sum != 0 {
				t.Errorf("the checksum over the checked message is %#x, not 0", sum)
			}
		})
	}
}

func TestLinkLayerOption(t *testing.T) {
	for _, test := range []struct{ size, want int }{{6, 8}, {8, 16}, {20, 24}} {
		got := linkLayerOption(make([]byte, test.size))
		if len(got) != test.want || int(got[1])*8 != test.want {
			t.Errorf("address of %d bytes: option of %d bytes that says %d units, want %d bytes", test.size, len(got), got[1], test.want)
		}
	}
}
