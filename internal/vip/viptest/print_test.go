package viptest

import (
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	toAll    = "ffffffffffff 020000000001 "
	toGroup  = "333300000001 020000000001 86dd 60000000 "
	fromVIP  = "20010db8000000000000000000000100 ff020000000000000000000000000001 "
	vip      = "20010db8000000000000000000000100 "
	ibSender = "00000048fe8000000000000002c90300001234a1 "

	e     = "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, ethertype "
	g     = "02:00:00:00:00:01 > 33:33:00:00:00:01, ethertype IPv6 (0x86dd), "
	toIP6 = " 2001:db8::100 > ff02::1: "
)

// The texts are what tcpdump 4.99.3 prints for the same bytes with -env and -t,
// where both say something: how it words a bad checksum or an unknown protocol
// is longer.
func TestDescribe(t *testing.T) {
	for _, test := range []struct{ name, frame, want string }{
		{"gratuitous request", toAll + "0806 0001 0800 06 04 0001 020000000001 0a4d0064 000000000000 0a4d0064",
			e + "ARP (0x0806), length 42: Ethernet (len 6), IPv4 (len 4), Request who-has 10.77.0.100 tell 10.77.0.100, length 28"},
		{"gratuitous reply", toAll + "0806 0001 0800 06 04 0002 020000000001 0a4d0064 020000000001 0a4d0064",
			e + "ARP (0x0806), length 42: Ethernet (len 6), IPv4 (len 4), Reply 10.77.0.100 is-at 02:00:00:00:00:01, length 28"},
		{"probe", toAll + "0806 0001 0800 06 04 0001 020000000001 00000000 000000000000 0a4d0064",
			e + "ARP (0x0806), length 42: Ethernet (len 6), IPv4 (len 4), Request who-has 10.77.0.100 tell 0.0.0.0, length 28"},
		{"request to one", toAll + "0806 0001 0800 06 04 0001 020000000001 0a4d0001 ffffffffffff 0a4d0064",
			e + "ARP (0x0806), length 42: Ethernet (len 6), IPv4 (len 4), Request who-has 10.77.0.100 (ff:ff:ff:ff:ff:ff) tell 10.77.0.1, length 28"},
		{"InfiniBand", toAll + "0806 0020 0800 14 04 0002 " + ibSender + "0a4d0001 " + ibSender + "0a4d0064",
			e + "ARP (0x0806), length 70: InfiniBand (len 20), IPv4 (len 4), Reply 10.77.0.1 is-at 00:00:00:48:fe:80:00:00:00:00:00:00:02:c9:03:00:00:12:34:a1, length 56"},
		{"other operation", toAll + "0806 0001 0800 06 04 0003 020000000001 0a4d0001 ffffffffffff 0a4d0064",
			e + "ARP (0x0806), length 42: Ethernet (len 6), IPv4 (len 4), op 3, length 28"},
		{"other protocol", toAll + "0806 0001 86dd 06 10 0001",
			e + "ARP (0x0806), length 22: protocol 0x86dd (len 16), length 8"},
		{"ARP cut short", toAll + "0806 0001 0800 06 04 0001 020000000001 0a4d",
			e + "ARP (0x0806), length 30: [|arp]"},
		{"ARP cut very short", toAll + "0806 0001 0800", e + "ARP (0x0806), length 18: [|arp]"},

		{"advertisement", toGroup + "0020 3a ff " + fromVIP + "88 00 f72c 20000000 " + vip + "0201 020000000001",
			g + "length 86: (hlim 255, next-header ICMPv6 (58) payload length: 32)" + toIP6 +
				"[icmp6 sum ok] ICMP6, neighbor advertisement, length 32, tgt is 2001:db8::100, Flags [override]" +
				", destination link-address option (2), length 8 (1): 02:00:00:00:00:01"},
		{"all flags, wrong sum", toGroup + "0020 3a ff " + fromVIP + "88 00 f72d e0000000 " + vip + "0201 020000000001",
			g + "length 86: (hlim 255, next-header ICMPv6 (58) payload length: 32)" + toIP6 +
				"[bad icmp6 cksum] ICMP6, neighbor advertisement, length 32, tgt is 2001:db8::100, Flags [router, solicited, override]" +
				", destination link-address option (2), length 8 (1): 02:00:00:00:00:01"},
		{"no flags, option of InfiniBand", toGroup + "0030 3a 40 " + fromVIP + "88 00 dfd6 00000000 " + vip + "0203 0000 " + ibSender,
			g + "length 102: (hlim 64, next-header ICMPv6 (58) payload length: 48)" + toIP6 +
				"[icmp6 sum ok] ICMP6, neighbor advertisement, length 48, tgt is 2001:db8::100, Flags [none]" +
				", destination link-address option (2), length 24 (3): 00:00:00:00:00:48:fe:80:00:00:00:00:00:00:02:c9:03:00:00:12:34:a1"},
		{"solicitation of duplicate detection", "3333ff000100 020000000001 86dd 60000000 0018 3a ff 00000000000000000000000000000000 ff0200000000000000000001ff000100 87 00 4aef 00000000 " + vip,
			"02:00:00:00:00:01 > 33:33:ff:00:01:00, ethertype IPv6 (0x86dd), length 78: (hlim 255, next-header ICMPv6 (58) payload length: 24) :: > ff02::1:ff00:100: " +
				"[icmp6 sum ok] ICMP6, neighbor solicitation, length 24, who has 2001:db8::100"},
		{"advertisement cut short", toGroup + "0020 3a ff " + fromVIP + "88 00 f72c 20000000 20010db8",
			g + "length 66: (hlim 255, next-header ICMPv6 (58) payload length: 32)" + toIP6 + "[|icmp6]"},
		{"option cut short", toGroup + "001a 3a ff " + fromVIP + "88 00 0000 20000000 " + vip + "0201",
			g + "length 80: (hlim 255, next-header ICMPv6 (58) payload length: 26)" + toIP6 +
				"[bad icmp6 cksum] ICMP6, neighbor advertisement, length 26, tgt is 2001:db8::100, Flags [override] [|icmp6]"},
		{"IPv6 cut short", toGroup, g + "length 18: [|ip6]"},
		{"UDP", toGroup + "0000 11 40 " + fromVIP, g + "length 54: (hlim 64, next-header UDP (17) payload length: 0) 2001:db8::100 > ff02::1"},

		{"other EtherType", toAll + "88cc 0207040000", e + "Unknown (0x88cc), length 19"},
		{"no frame", "ffffffffff", "[|ether]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Describe(unhex(t, test.frame)); got != test.want {
				t.Errorf("\ngot  %s\nwant %s", got, test.want)
			}
		})
	}
}

func FuzzDescribe(f *testing.F) {
	f.Add(unhex(f, toAll+"0806 0001 0800 06 04 0001 020000000001 0a4d0064 000000000000 0a4d0064"))
	f.Add(unhex(f, toAll+"0806 0020 0800 14 04 0002 "+ibSender+"0a4d0001 "+ibSender+"0a4d0064"))
	f.Add(unhex(f, toGroup+"0030 3a 40 "+fromVIP+"88 00 dfd6 00000000 "+vip+"0203 0000 "+ibSender))
	f.Add(unhex(f, toGroup+"0018 3a ff "+fromVIP+"87 00 0000 00000000 "+vip))
	f.Add(unhex(f, "ffff"))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if line := Describe(frame); line == "" || strings.ContainsAny(line, "\n\r\t") {
			t.Errorf("%x is described as %q, want one line", frame, line)
		}
	})
}

// A checksum that differs in any byte from the right one is found wrong.
func TestSumOK(t *testing.T) {
	for _, option := range []string{"0201 020000000001", "0201 0200000000"} { // even and odd lengths
		src, dst := unhex(t, vip), unhex(t, "ff020000000000000000000000000001")
		message := unhex(t, "88 00 0000 20000000 "+vip+option)
		right := 0
		for sum := range 1 << 16 {
			message[2], message[3] = byte(sum>>8), byte(sum)
			if SumOK(src, dst, message) {
				right++
			}
		}
		if right != 1 {
			t.Errorf("%s: %d checksums are right, want 1", option, right)
		}
	}
}
