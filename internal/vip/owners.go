package vip

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Owners asks the network of nic who has the address and returns the hardware address
// of every other machine that answers within 0.4 s, sorted; none when nobody does.
//
// It asks with an address of this node, like any program that wants to talk to the
// owner. Detect's questions have no sender: a node that is just adding the address
// takes such a question for a rival and gives up (RFC 5227, section 2.1.1; RFC 4862,
// section 5.4.3), so that looking would change something.
//
// Errors: ErrNoNic; ErrLinkDown, since on a dead link silence says nothing; ErrNoRoute
// when this node has no address on the link to ask with; the error of ctx. A link
// that resolves no addresses has no other machines.
func (h *Host) Owners(ctx context.Context, nic string, ip netip.Addr) ([]net.HardwareAddr, error) {
	link, err := h.linkNamed(nic)
	if err != nil {
		return nil, err
	}
	if link.Loopback || link.NoARP {
		return nil, nil
	}
	owners, err := h.owners(ctx, link, ip)
	if err != nil {
		return nil, fmt.Errorf("ask for %s on %s: %w", ip, nic, err)
	}
	slices.SortFunc(owners, func(a, b net.HardwareAddr) int { return bytes.Compare(a, b) })
	return owners, nil
}

func (h *Host) owners(ctx context.Context, link Link, ip netip.Addr) (owners []net.HardwareAddr, err error) {
	if err := passing(link); err != nil {
		return nil, err
	}
	question, etherType, err := h.question(ctx, link, ip)
	if err != nil {
		return nil, err
	}
	socket, err := openPacketSocket(link, etherType)
	if err != nil {
		return nil, err
	}
	defer socket.close()
	buffer := make([]byte, 256)
	sent := 0
	var failure error
	for _, wait := range probeWaits {
		if failure = socket.send(question); failure == nil { // a full queue: the next may pass
			sent++
		}
		for end := time.Now().Add(wait); ; {
			n, _, err := socket.receive(ctx, end, buffer)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				return nil, err
			}
			owner := answer(etherType, buffer[:n], len(link.HardwareAddr), ip)
			if owner == nil || slices.ContainsFunc(owners, func(o net.HardwareAddr) bool { return bytes.Equal(o, owner) }) {
				continue
			}
			ours, err := h.ours(ctx, link, arpPacket{senderHW: owner})
			if err != nil {
				return nil, err
			}
			if !ours {
				owners = append(owners, slices.Clone(owner))
			}
		}
	}
	if sent == 0 {
		return nil, failure
	}
	if link, err = h.linkAt(link.Index); err != nil {
		return nil, err
	}
	return owners, passing(link)
}

// question is the packet that asks for the address.
func (h *Host) question(ctx context.Context, link Link, ip netip.Addr) (packet, uint16, error) {
	layer, err := linkLayerOf(link)
	if err != nil {
		return packet{}, 0, err
	}
	addrs, err := h.addresses(ctx, familyOf(ip))
	if err != nil {
		return packet{}, 0, err
	}
	from, ok := sender(addrs, link.Index, ip)
	if !ok {
		return packet{}, 0, fmt.Errorf("%w: this node has no address of its own there to ask with", ErrNoRoute)
	}
	if ip.Is4() {
		ask := arpProbe(layer.hardwareType, link.HardwareAddr, ip)
		ask.senderIP = from
		return packet{unix.ETH_P_ARP, layer.broadcast, ask.bytes()}, unix.ETH_P_ARP, nil
	}
	if layer.hardwareType != ethernet.hardwareType {
		return packet{}, 0, errors.ErrUnsupported
	}
	return solicitation(link.HardwareAddr, from, ip), unix.ETH_P_IPV6, nil
}

// sender chooses the address to ask with: one of this node on the link that is not
// the one asked for, of the same network if there is one; for IPv6 the link-local
// one, which every owner can answer.
func sender(addrs []kernelAddr, index int, ip netip.Addr) (from netip.Addr, ok bool) {
	for _, a := range addrs {
		own := a.Prefix.Addr()
		switch {
		case a.Index != index || own == ip || a.Flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) != 0:
		case ip.Is6() && !IsLinkLocal(own):
		case a.Prefix.Contains(ip):
			return own, true
		case !ok:
			from, ok = own, true
		}
	}
	return from, ok
}

const (
	neighborSolicitation  = 135
	optionSourceLinkLayer = 1
	ipv6Header            = 40
	naOptions             = 24 // where the options of a neighbour advertisement begin
)

// solicitation returns a neighbour solicitation for ip (RFC 4861, section 4.3), to
// its solicited-node multicast address (RFC 4291, section 2.7.1).
func solicitation(hw net.HardwareAddr, from, ip netip.Addr) packet {
	target, source := ip.As16(), from.As16()
	to := [16]byte{0: 0xff, 1: 0x02, 11: 1, 12: 0xff, 13: target[13], 14: target[14], 15: target[15]}
	body := append([]byte{neighborSolicitation, 0, 0, 0, 0, 0, 0, 0}, target[:]...)
	option := linkLayerOption(hw, 0)
	option[0] = optionSourceLinkLayer
	body = append(body, option...)
	binary.BigEndian.PutUint16(body[2:], icmpv6Checksum(source, to, body))
	header := make([]byte, ipv6Header, ipv6Header+len(body))
	header[0] = 6 << 4
	binary.BigEndian.PutUint16(header[4:], uint16(len(body)))
	header[6], header[7] = protocolICMPv6, 255
	copy(header[8:], source[:])
	copy(header[24:], to[:])
	return packet{unix.ETH_P_IPV6, net.HardwareAddr{0x33, 0x33, to[12], to[13], to[14], to[15]}, append(header, body...)}
}

// answer returns the hardware address of the packet's sender when it says that the
// sender has ip, nil for any other packet. size is the length of hardware addresses.
func answer(etherType uint16, b []byte, size int, ip netip.Addr) net.HardwareAddr {
	if etherType == unix.ETH_P_ARP {
		if p, ok := parseARP(b, size); ok && p.senderIP == ip {
			return p.senderHW
		}
		return nil
	}
	if len(b) < ipv6Header+naOptions || b[6] != protocolICMPv6 || b[7] != 255 {
		return nil
	}
	message := b[ipv6Header:]
	if message[0] != neighborAdvertisement || netip.AddrFrom16([16]byte(message[8:naOptions])) != ip {
		return nil
	}
	for options := message[naOptions:]; len(options) >= 2 && options[1] > 0 && len(options) >= int(options[1])*8; options = options[int(options[1])*8:] {
		if options[0] == optionTargetLinkLayer && len(options) >= 2+size {
			return net.HardwareAddr(options[2 : 2+size])
		}
	}
	return nil
}
