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

// arpIPv4 is the protocol address type of IPv4.
const arpIPv4 = 0x0800

// arpHeader is the length of an ARP packet before its addresses.
const arpHeader = 8

// arpPacket is an ARP packet that resolves IPv4 addresses, without the link
// layer's header. Both hardware addresses have the same length.
type arpPacket struct {
	hardwareType uint16
	op           uint16
	senderHW     net.HardwareAddr
	senderIP     netip.Addr
	targetHW     net.HardwareAddr
	targetIP     netip.Addr
}

// gratuitousARP returns a packet that says "ip is at hw" to everybody who hears
// it: sender and target protocol address are both ip (RFC 5944, section 4.6;
// RFC 5227, section 2.3, calls the request form an ARP Announcement). Hosts and
// routers differ in which form they heed, so both are sent.
//
// In a request the target hardware address is not used and zero; in a reply it
// is hw, the address to which caches are to be updated.
func gratuitousARP(op, hardwareType uint16, hw net.HardwareAddr, ip netip.Addr) arpPacket {
	target := make(net.HardwareAddr, len(hw))
	if op == arpReply {
		copy(target, hw)
	}
	return arpPacket{hardwareType: hardwareType, op: op, senderHW: hw, senderIP: ip, targetHW: target, targetIP: ip}
}

// arpProbe returns a packet that asks whether anybody has ip (RFC 5227, section
// 2.1.1). Its sender protocol address is 0.0.0.0, so that nobody learns anything
// false from it should the answer be yes.
func arpProbe(hardwareType uint16, hw net.HardwareAddr, ip netip.Addr) arpPacket {
	return arpPacket{
		hardwareType: hardwareType,
		op:           arpRequest,
		senderHW:     hw,
		senderIP:     netip.IPv4Unspecified(),
		targetHW:     make(net.HardwareAddr, len(hw)),
		targetIP:     ip,
	}
}

// bytes returns the packet as it is sent.
func (p arpPacket) bytes() []byte {
	b := make([]byte, 0, arpHeader+2*(len(p.senderHW)+4))
	b = binary.BigEndian.AppendUint16(b, p.hardwareType)
	b = binary.BigEndian.AppendUint16(b, arpIPv4)
	b = append(b, byte(len(p.senderHW)), 4)
	b = binary.BigEndian.AppendUint16(b, p.op)
	b = append(b, p.senderHW...)
	b = append(b, p.senderIP.AsSlice()...)
	b = append(b, p.targetHW...)
	return append(b, p.targetIP.AsSlice()...)
}

// parseARP reads a received packet, whose addresses are parts of b. size is the
// length of hardware addresses on the link. ok is false for what is cut short,
// resolves other addresses than IPv4 ones, is neither request nor reply, or comes
// from another kind of link. Link layers pad short packets; what follows the
// addresses does not matter.
func parseARP(b []byte, size int) (p arpPacket, ok bool) {
	if len(b) < arpHeader+2*(size+4) || binary.BigEndian.Uint16(b[2:]) != arpIPv4 || int(b[4]) != size || b[5] != 4 {
		return arpPacket{}, false
	}
	p.hardwareType = binary.BigEndian.Uint16(b)
	p.op = binary.BigEndian.Uint16(b[6:])
	if p.op != arpRequest && p.op != arpReply {
		return arpPacket{}, false
	}
	sender, target := b[arpHeader:], b[arpHeader+size+4:]
	p.senderHW, p.senderIP = sender[:size], netip.AddrFrom4([4]byte(sender[size:]))
	p.targetHW, p.targetIP = target[:size], netip.AddrFrom4([4]byte(target[size:]))
	return p, true
}
