package viptest

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Lengths of headers.
const (
	etherHeader = 14
	arpHeader   = 8 // and then the addresses
	ipv6Header  = 40
	ndHeader    = 24 // of a neighbour solicitation or advertisement, before its options
)

const protocolICMPv6 = 58

// Names as tcpdump has them.
var (
	etherTypes    = map[uint16]string{0x0800: "IPv4", 0x0806: "ARP", 0x86dd: "IPv6"}
	hardwareTypes = map[uint16]string{1: "Ethernet", 32: "InfiniBand"}
	nextHeaders   = map[byte]string{0: "Options", 6: "TCP", 17: "UDP", protocolICMPv6: "ICMPv6"}
	icmpv6Types   = map[byte]string{
		128: "echo request", 129: "echo reply",
		133: "router solicitation", 134: "router advertisement",
		135: "neighbor solicitation", 136: "neighbor advertisement",
		143: "multicast listener report v2",
	}
	ndOptions = map[byte]string{1: "source link-address", 2: "destination link-address"}
)

// Describe renders an Ethernet frame in one line, in the words of tcpdump -env
// (4.99), whose further lines for the options of neighbour discovery follow
// after commas. It knows ARP and neighbour discovery; of others it says what the
// headers below say. What is cut short ends with tcpdump's mark, such as
// "[|arp]".
func Describe(frame []byte) string {
	if len(frame) < etherHeader {
		return "[|ether]"
	}
	etherType := binary.BigEndian.Uint16(frame[12:])
	line := fmt.Sprintf("%s > %s, ethertype %s (0x%04x), length %d", hardware(frame[6:12]), hardware(frame[:6]),
		named(etherTypes, etherType, "Unknown"), etherType, len(frame))
	switch payload := frame[etherHeader:]; etherType {
	case 0x0806:
		return line + ": " + describeARP(payload)
	case 0x86dd:
		return line + ": " + describeIPv6(payload)
	}
	return line
}

func describeARP(b []byte) string {
	if len(b) < arpHeader {
		return "[|arp]"
	}
	size, protocol := int(b[4]), binary.BigEndian.Uint16(b[2:])
	if protocol != 0x0800 || b[5] != 4 {
		return fmt.Sprintf("protocol 0x%04x (len %d), length %d", protocol, b[5], len(b))
	}
	if len(b) < arpHeader+2*(size+4) {
		return "[|arp]"
	}
	sender, target := b[arpHeader:], b[arpHeader+size+4:]
	line := fmt.Sprintf("%s (len %d), IPv4 (len 4), ", named(hardwareTypes, binary.BigEndian.Uint16(b), "Unknown Hardware"), size)
	switch op := binary.BigEndian.Uint16(b[6:]); op {
	case 1:
		to := ""
		if asked := string(target[:size]); strings.Trim(asked, "\x00") != "" {
			to = fmt.Sprintf(" (%s)", hardware(target[:size]))
		}
		line += fmt.Sprintf("Request who-has %s%s tell %s", ip(target[size:size+4]), to, ip(sender[size:size+4]))
	case 2:
		line += fmt.Sprintf("Reply %s is-at %s", ip(sender[size:size+4]), hardware(sender[:size]))
	default:
		line += fmt.Sprintf("op %d", op)
	}
	return fmt.Sprintf("%s, length %d", line, len(b))
}

func describeIPv6(b []byte) string {
	if len(b) < ipv6Header {
		return "[|ip6]"
	}
	length := int(binary.BigEndian.Uint16(b[4:]))
	line := fmt.Sprintf("(hlim %d, next-header %s (%d) payload length: %d) %s > %s", b[7],
		named(nextHeaders, b[6], "unknown"), b[6], length, ip(b[8:24]), ip(b[24:40]))
	switch {
	case b[6] != protocolICMPv6:
		return line
	case length < 4 || len(b) < ipv6Header+length:
		return line + ": [|icmp6]"
	}
	return line + ": " + describeICMPv6(b[8:24], b[24:40], b[ipv6Header:ipv6Header+length])
}

func describeICMPv6(src, dst, b []byte) string {
	line := "[icmp6 sum ok]"
	if !SumOK(src, dst, b) {
		line = "[bad icmp6 cksum]"
	}
	line += fmt.Sprintf(" ICMP6, %s, length %d", named(icmpv6Types, b[0], "unknown type"), len(b))
	if b[0] != 135 && b[0] != 136 {
		return line
	}
	if len(b) < ndHeader {
		return line + " [|icmp6]"
	}
	if b[0] == 135 {
		line += ", who has " + ip(b[8:24])
	} else {
		line += fmt.Sprintf(", tgt is %s, Flags [%s]", ip(b[8:24]), flags(b[4]))
	}
	return line + describeOptions(b[ndHeader:])
}

// flags names the flags of a neighbour advertisement (RFC 4861, section 4.4).
func flags(b byte) string {
	var set []string
	for i, name := range []string{"router", "solicited", "override"} {
		if b&(0x80>>i) != 0 {
			set = append(set, name)
		}
	}
	if set == nil {
		return "none"
	}
	return strings.Join(set, ", ")
}

func describeOptions(b []byte) (line string) {
	for len(b) > 0 {
		if len(b) < 2 || b[1] == 0 || len(b) < int(b[1])*8 {
			return line + " [|icmp6]"
		}
		size := int(b[1]) * 8
		line += fmt.Sprintf(", %s option (%d), length %d (%d): %s", named(ndOptions, b[0], "unknown"), b[0], size, b[1], hardware(b[2:size]))
		b = b[size:]
	}
	return line
}

func hardware(b []byte) string { return net.HardwareAddr(b).String() }

func ip(b []byte) string {
	addr, _ := netip.AddrFromSlice(b)
	return addr.String()
}

func named[K comparable](names map[K]string, key K, otherwise string) string {
	if name, ok := names[key]; ok {
		return name
	}
	return otherwise
}
