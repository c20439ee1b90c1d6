package vip

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Burst is how often an announcement is repeated.
type Burst struct {
	Count    int           // announcements; IPv4 sends two packets for each
	Interval time.Duration // between two of them
}

// packet is what one announcement sends: a payload whose link-layer header the
// kernel makes.
type packet struct {
	etherType uint16
	to        net.HardwareAddr
	payload   []byte
}

const ethernetHardware = 1 // ARP hardware type, RFC 826

var (
	broadcastMAC = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	allNodesMAC  = net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1} // ff02::1, RFC 2464, section 7
)

// Announce tells the network of nic that the address is here now: by gratuitous
// ARP as a request and as a reply, or by an unsolicited neighbour advertisement.
// The first announcement is sent at once, the others at the interval while ctx
// lasts. It returns how many were sent; an error only if that is none. On a link
// that resolves no addresses (loopback, point to point) there is nothing to
// announce: 0 and no error.
//
// Packet sockets are used for both families: they need no usable source
// address, and packet filters do not stop them. Closing one costs the caller an
// RCU grace period of the kernel, about 10 ms, when the packets are out already.
func (h *Host) Announce(ctx context.Context, nic string, ip netip.Addr, b Burst) (sent int, err error) {
	link, err := h.linkNamed(nic)
	if err != nil {
		return 0, err
	}
	if link.Loopback || link.NoARP {
		return 0, nil
	}
	packets, err := announcement(link, ip, sysctl(6, link.Name, "forwarding") == "1")
	if err != nil {
		return 0, fmt.Errorf("announce %s on %s: %w", ip, nic, err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return 0, fmt.Errorf("announce %s on %s: open packet socket: %w", ip, nic, err)
	}
	defer func() { _ = unix.Close(fd) }()

	for i := range b.Count {
		if i > 0 && pause(ctx, b.Interval) != nil {
			break
		}
		if sendErr := send(fd, link.Index, packets); sendErr != nil {
			err = sendErr // a full queue or a link that blinks: the next may pass
			continue
		}
		sent++
	}
	if sent == 0 && err != nil {
		return 0, fmt.Errorf("announce %s on %s: %w", ip, nic, err)
	}
	return sent, nil
}

// announcement returns the packets of one announcement.
func announcement(link Link, ip netip.Addr, router bool) ([]packet, error) {
	if link.Type != "ether" || len(link.HardwareAddr) != 6 {
		return nil, fmt.Errorf("announcing on a link of type %s is not supported", link.Type)
	}
	if ip.Is4() {
		return []packet{
			{unix.ETH_P_ARP, broadcastMAC, gratuitousARP(arpRequest, ethernetHardware, link.HardwareAddr, ip)},
			{unix.ETH_P_ARP, broadcastMAC, gratuitousARP(arpReply, ethernetHardware, link.HardwareAddr, ip)},
		}, nil
	}
	return []packet{{unix.ETH_P_IPV6, allNodesMAC, unsolicitedNA(link.HardwareAddr, ip, router)}}, nil
}

// networkOrder returns the number whose bytes in memory are n's in network order,
// as packet(7) wants protocols.
func networkOrder(n uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], n)
	return binary.NativeEndian.Uint16(b[:])
}

// send sends the packets in order; the rest is tried when one fails.
func send(fd, index int, packets []packet) error {
	var errs []error
	for _, p := range packets {
		to := &unix.SockaddrLinklayer{
			Protocol: networkOrder(p.etherType),
			Ifindex:  index,
			Halen:    uint8(len(p.to)),
		}
		copy(to.Addr[:], p.to)
		if err := unix.Sendto(fd, p.payload, 0, to); err != nil {
			errs = append(errs, fmt.Errorf("send: %w", err))
		}
	}
	return errors.Join(errs...)
}
