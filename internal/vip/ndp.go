package vip

import (
	"encoding/binary"
	"net"
	"net/netip"
)

// allNodes is the link-local all-nodes multicast address (RFC 4291, section 2.7.1).
var allNodes = netip.MustParseAddr("ff02::1")

const (
	protocolICMPv6        = 58
	neighborAdvertisement = 136
	flagRouter            = 0x80
	flagOverride          = 0x20
	optionTargetLinkLayer = 2
)

// unsolicitedNA returns an unsolicited neighbour advertisement as an IPv6
// packet, without the link layer's header: "ip is at the address in the option",
// to all nodes, with the override flag so that caches are updated (RFC 4861,
// sections 4.4 and 7.2.6).
//
// router has to say truly whether the node forwards packets: hosts drop a
// default router that advertises itself without the flag (section 7.2.5). The
// hop limit is 255, else receivers discard the packet (section 7.1.2).
func unsolicitedNA(option []byte, ip netip.Addr, router bool) []byte {
	flags := byte(flagOverride)
	if router {
		flags |= flagRouter
	}
	target := ip.As16()
	body := []byte{neighborAdvertisement, 0, 0, 0, flags, 0, 0, 0}
	body = append(body, target[:]...)
	body = append(body, option...)
	all := allNodes.As16()
	binary.BigEndian.PutUint16(body[2:], icmpv6Checksum(target, all, body))

	header := make([]byte, 40, 40+len(body))
	header[0] = 6 << 4
	binary.BigEndian.PutUint16(header[4:], uint16(len(body)))
	header[6] = protocolICMPv6
	header[7] = 255
	copy(header[8:], target[:])
	copy(header[24:], all[:])
	return append(header, body...)
}

// linkLayerOption returns the target link-layer address option: pad zero bytes
// and the address, filled up to a multiple of 8 bytes, in which its length is
// counted (RFC 4861, section 4.6.1).
func linkLayerOption(hw net.HardwareAddr, pad int) []byte {
	units := (2 + pad + len(hw) + 7) / 8
	b := make([]byte, units*8)
	b[0], b[1] = optionTargetLinkLayer, byte(units)
	copy(b[2+pad:], hw)
	return b
}

// icmpv6Checksum is the Internet checksum over the pseudo-header and the message
// (RFC 8200, section 8.1; RFC 1071), whose own checksum field is zero.
func icmpv6Checksum(src, dst [16]byte, message []byte) uint16 {
	sum := uint32(len(message)) + protocolICMPv6
	for _, part := range [][]byte{src[:], dst[:], message} {
		for i := 0; i < len(part); i += 2 {
			word := uint32(part[i]) << 8
			if i+1 < len(part) {
				word |= uint32(part[i+1])
			}
			sum += word
		}
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
