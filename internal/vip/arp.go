package vip

import (
	"encoding/binary"
	"net"
	"net/netip"
)

// ARP operations (RFC 826).
const (
	arpRequest = 1
	arpReply   = 2
)

// gratuitousARP returns an ARP packet, without the link layer's header, that
// says "ip is at hw" to everybody who hears it: sender and target protocol
// address are both ip (RFC 5944, section 4.6; RFC 5227, section 2.3, calls the
// request form an ARP Announcement). Hosts and routers differ in which form they
// heed, so both are sent.
//
// In a request the target hardware address is not used and zero; in a reply it
// is hw, the address to which caches are to be updated.
func gratuitousARP(op uint16, hardwareType uint16, hw net.HardwareAddr, ip netip.Addr) []byte {
	target := make([]byte, len(hw))
	if op == arpReply {
		copy(target, hw)
	}
	b := make([]byte, 0, 28)
	b = binary.BigEndian.AppendUint16(b, hardwareType)
	b = binary.BigEndian.AppendUint16(b, 0x0800) // protocol address type: IPv4
	b = append(b, byte(len(hw)), 4)
	b = binary.BigEndian.AppendUint16(b, op)
	b = append(b, hw...)
	b = append(b, ip.AsSlice()...)
	b = append(b, target...)
	b = append(b, ip.AsSlice()...)
	return b
}
