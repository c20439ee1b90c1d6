package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// arpSocket speaks ARP (RFC 826) on one interface of a namespace.
type arpSocket struct {
	fd    int
	index int
	hw    net.HardwareAddr
}

// openARP opens a socket on the interface called nic in ns.
func openARP(ns namespace, nic string) (*arpSocket, error) {
	s := &arpSocket{fd: -1}
	err := ns.do(func() error {
		found, err := net.InterfaceByName(nic)
		if err != nil {
			return err
		}
		s.index, s.hw = found.Index, found.HardwareAddr
		s.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(swap16(unix.ETH_P_ARP)))
		if err != nil {
			return err
		}
		if err := unix.Bind(s.fd, &unix.SockaddrLinklayer{Protocol: swap16(unix.ETH_P_ARP), Ifindex: s.index}); err != nil {
			return err
		}
		// The kernel's time of arrival: on a busy machine ours would be too late.
		if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
			return err
		}
		wake := unix.NsecToTimeval(int64(100 * time.Millisecond))
		return unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wake)
	})
	if err != nil {
		if s.fd >= 0 {
			unix.Close(s.fd)
		}
		return nil, fmt.Errorf("open ARP socket on %s: %w", nic, err)
	}
	return s, nil
}

func (s *arpSocket) close() { unix.Close(s.fd) }

// ask broadcasts "who has target? tell sender".
func (s *arpSocket) ask(sender, target netip.Addr) error {
	to := unix.SockaddrLinklayer{Protocol: swap16(unix.ETH_P_ARP), Ifindex: s.index, Halen: 6, Addr: [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	if err := unix.Sendto(s.fd, arpRequest(s.hw, sender, target), 0, &to); err != nil {
		return fmt.Errorf("send ARP request: %w", err)
	}
	return nil
}

// claim is an ARP packet in which a MAC address claims to have an address: a
// reply, or a gratuitous announcement.
type claim struct {
	at    time.Time
	mac   [6]byte
	reply bool // to a question; an announcement is nobody's answer
}

// next waits at most 100 ms for a packet that claims target. ok is false when
// there was none.
func (s *arpSocket) next(target netip.Addr) (c claim, ok bool, err error) {
	var packet [128]byte
	var control [64]byte
	n, controls, _, _, err := unix.Recvmsg(s.fd, packet[:], control[:], 0)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		return claim{}, false, nil
	}
	if err != nil {
		return claim{}, false, fmt.Errorf("receive ARP: %w", err)
	}
	if c.mac, c.reply, ok = arpClaims(packet[:n], target); !ok {
		return claim{}, false, nil
	}
	c.at = arrival(control[:controls])
	return c, true, nil
}

// arrival reads the kernel's time of a packet, or takes the present.
func arrival(control []byte) time.Time {
	messages, err := unix.ParseSocketControlMessage(control)
	if err == nil {
		for _, m := range messages {
			if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16 {
				return time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
			}
		}
	}
	return time.Now()
}

// arpRequest is an Ethernet frame with an ARP request.
func arpRequest(hw net.HardwareAddr, sender, target netip.Addr) []byte {
	f := make([]byte, 0, 42)
	f = append(f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	f = append(f, hw...)
	f = append(f, 0x08, 0x06)                         // ARP
	f = append(f, 0, 1, 0x08, 0x00, 6, 4, 0, 1)       // Ethernet, IPv4, request
	f = append(append(f, hw...), sender.AsSlice()...) // sender
	f = append(append(f, make([]byte, 6)...), target.AsSlice()...)
	return f
}

// arpClaims reads from an Ethernet frame the MAC address that claims target:
// the sender of an ARP packet with target as its sender address. An address
// probe (RFC 5227) has none and claims nothing. A gratuitous packet has target as
// its target address too.
func arpClaims(frame []byte, target netip.Addr) (mac [6]byte, reply, ok bool) {
	if len(frame) < 42 || frame[12] != 0x08 || frame[13] != 0x06 || frame[18] != 6 || frame[19] != 4 {
		return mac, false, false
	}
	sender, _ := netip.AddrFromSlice(frame[28:32])
	if sender != target {
		return mac, false, false
	}
	asker, _ := netip.AddrFromSlice(frame[38:42])
	return [6]byte(frame[22:28]), asker != target, true
}

// swap16 puts a 16-bit number into network byte order.
func swap16(v uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return binary.NativeEndian.Uint16(b[:])
}
