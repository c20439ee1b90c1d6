package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// nic is the interface that addresses float on, peer the other end of its cable. A
// veth pair, since not every kernel has dummy links.
const (
	nic  = "eth0"
	peer = "peer0"
)

// network is a cable with an ear at its other end.
type network struct {
	present, absent string // addresses: one that eth0 has, one that it has not
	link            netlink.Link
	ear             int // packet socket that hears the ARP of the peer
}

func newNetwork() (*network, error) {
	n := &network{present: "10.77.0.100", absent: "10.77.0.99", ear: -1}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = nic
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: peer}); err != nil {
		return nil, fmt.Errorf("make %s: %w", nic, err)
	}
	var err error
	for _, name := range []string{"lo", peer, nic} {
		if n.link, err = netlink.LinkByName(name); err == nil {
			err = netlink.LinkSetUp(n.link)
		}
		if err != nil {
			return nil, fmt.Errorf("set %s up: %w", name, err)
		}
	}
	for _, ip := range []string{"10.77.0.1", n.present} {
		if err := n.add(ip, 24); err != nil {
			return nil, err
		}
	}
	if n.ear, err = listen(peer); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", peer, err)
	}
	return n, nil
}

func (n *network) close() { _ = unix.Close(n.ear) }

// add puts an address on the interface.
func (n *network) add(ip string, bits int) error { return n.change(netlink.AddrAdd, ip, bits) }

// remove takes an address away; that it is not there is an error.
func (n *network) remove(ip string, bits int) error { return n.change(netlink.AddrDel, ip, bits) }

func (n *network) change(how func(netlink.Link, *netlink.Addr) error, ip string, bits int) error {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return err
	}
	if err := how(n.link, &netlink.Addr{IPNet: &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(bits, addr.BitLen())}}); err != nil {
		return fmt.Errorf("change %s on %s: %w", ip, nic, err)
	}
	return nil
}

// listen opens a socket that gets the ARP frames of a link, with the kernel's time
// of each.
func listen(name string) (int, error) {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return -1, err
	}
	arp := binary.BigEndian.AppendUint16(nil, unix.ETH_P_ARP)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 3}),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16(arp), Ifindex: link.Attrs().Index}))
	if err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

// announced waits for the two gratuitous ARP packets of an announcement, request
// and reply, and returns the time from began to the first.
func (n *network) announced(ctx context.Context, ip string, began time.Time) (first time.Duration, err error) {
	addr := netip.MustParseAddr(ip).As4()
	const senderIP, targetIP, length = 14, 24, 28 // RFC 826, for Ethernet and IPv4
	data, control := make([]byte, 256), make([]byte, 256)
	for heard := 0; heard < 2; {
		size, controlSize, _, _, err := unix.Recvmsg(n.ear, data, control, 0)
		switch {
		case errors.Is(err, unix.EINTR) && ctx.Err() == nil:
			continue
		case err != nil:
			return 0, fmt.Errorf("hear 2 announcements of %s, heard %d: %w", ip, heard, err)
		case size < length || [4]byte(data[senderIP:]) != addr || [4]byte(data[targetIP:]) != addr:
			continue
		}
		if heard++; heard > 1 {
			continue
		}
		at, err := arrival(control[:controlSize])
		if err != nil {
			return 0, err
		}
		first = at.Sub(began.Round(0)) // both by the wall clock
	}
	return first, nil
}

// arrival returns the time that the kernel noted of a packet.
func arrival(control []byte) (time.Time, error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return time.Time{}, err
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16 {
			return time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:]))), nil
		}
	}
	return time.Time{}, errors.New("a packet came without its time")
}
