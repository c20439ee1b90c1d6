package vip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// probeWaits is how long answers are waited for after each probe, 0.4 s in all.
//
// RFC 5227, section 1.1, has 4 to 7 s, for links where the first seconds may be
// lost and answers may be late (spanning tree, wireless), and section 2.2 lets
// technologies with less delay use less. A floating IP moves between servers on
// one switched network, on a link that has carrier before this begins, and the
// owner's kernel answers while it receives: after some microseconds on a quiet
// network, some milliseconds from a loaded virtual machine. There are three
// probes as in the RFC, so that an owner is found even if one or two get lost,
// and the last wait is still a hundred times that of an answer.
var probeWaits = []time.Duration{100 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond}

// DuplicateError is the ErrDuplicate of Detect.
type DuplicateError struct {
	Hardware net.HardwareAddr // of the other machine

	nic, claim string
	ip         netip.Addr
}

// Error says which machine it is, where it was heard and what it said.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("%v: %s on %s %s %s", ErrDuplicate, e.Hardware, e.nic, e.claim, e.ip)
}

// Is reports that this is an ErrDuplicate.
func (e *DuplicateError) Is(target error) bool { return target == ErrDuplicate }

// Detect looks whether another machine on the network of nic has the IPv4
// address, or is about to take it, by ARP probes (RFC 5227, section 2.1.1). The
// probes change nothing anywhere, so it may run before the address is added and
// while it is there. nil means that nobody answered within 0.4 s.
//
// Errors: a *DuplicateError, which is an ErrDuplicate, as soon as the other machine
// shows; ErrNoNic; ErrLinkDown, since on a dead link silence says nothing; the
// error of ctx; errors.ErrUnsupported for IPv6, where the kernel itself detects
// when the address is added. A link that resolves no addresses (loopback, point
// to point) has no other machines: nil at once.
func (h *Host) Detect(ctx context.Context, nic string, ip netip.Addr) error {
	link, err := h.linkNamed(nic)
	if err != nil {
		return err
	}
	switch {
	case !ip.Is4():
		err = errors.ErrUnsupported
	case link.Loopback || link.NoARP:
		return nil
	default:
		err = h.detect(ctx, link, ip)
	}
	if err != nil && !errors.Is(err, ErrDuplicate) {
		return fmt.Errorf("probe for %s on %s: %w", ip, nic, err)
	}
	return err
}

func (h *Host) detect(ctx context.Context, link Link, ip netip.Addr) error {
	if err := passing(link); err != nil {
		return err
	}
	layer, err := linkLayerOf(link)
	if err != nil {
		return err
	}
	socket, err := openPacketSocket(link, unix.ETH_P_ARP)
	if err != nil {
		return err
	}
	defer socket.close()

	probe := packet{unix.ETH_P_ARP, layer.broadcast, arpProbe(layer.hardwareType, link.HardwareAddr, ip).bytes()}
	sent := 0
	for _, wait := range probeWaits {
		if err = socket.send(probe); err == nil { // a full queue: the next may pass
			sent++
		}
		if err := h.listen(ctx, socket, link, ip, time.Now().Add(wait)); err != nil {
			return err
		}
	}
	if sent == 0 {
		return err
	}
	if link, err = h.linkAt(link.Index); err != nil {
		return err
	}
	return passing(link)
}

// passing returns ErrLinkDown if the link passes no packets: on such a one
// silence says nothing.
func passing(link Link) error {
	if link.Operational {
		return nil
	}
	return fmt.Errorf("%w: %s has state %s", ErrLinkDown, link.Name, link.State)
}

// listen returns a DuplicateError when another machine shows that it has the
// address or wants it, nil when that did not happen until the end.
func (h *Host) listen(ctx context.Context, socket packetSocket, link Link, ip netip.Addr, end time.Time) error {
	buffer := make([]byte, arpHeader+2*(len(link.HardwareAddr)+4))
	for {
		n, broadcast, err := socket.receive(ctx, end, buffer)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		p, ok := parseARP(buffer[:n], len(link.HardwareAddr))
		if !ok {
			continue
		}
		claim := p.claim(ip, broadcast)
		if claim == "" {
			continue
		}
		ours, err := h.ours(ctx, link, p)
		if err != nil {
			return err
		}
		if !ours {
			return &DuplicateError{Hardware: slices.Clone(p.senderHW), nic: link.Name, claim: claim, ip: ip}
		}
	}
}

// claim says in words what the packet's sender has to do with ip, "" if nothing:
// it has the address when it is the sender protocol address of a request or
// reply, and it wants the address when it probes for it (RFC 5227, section
// 2.1.1). Only a probe to everybody counts: switches that track devices send
// probes to one machine, to see whether it is still there, and want nothing.
func (p arpPacket) claim(ip netip.Addr, broadcast bool) string {
	switch {
	case p.senderIP == ip:
		return "has"
	case broadcast && p.op == arpRequest && p.senderIP.IsUnspecified() && p.targetIP == ip:
		return "is also probing for"
	}
	return ""
}

// ours reports whether this node sent the packet. Any interface of it counts, as
// in the RFC: where two are on one network, the kernel answers on the second for
// an address of the first.
func (h *Host) ours(ctx context.Context, link Link, p arpPacket) (bool, error) {
	if bytes.Equal(p.senderHW, link.HardwareAddr) {
		return true, nil
	}
	links, err := h.links(ctx)
	return slices.ContainsFunc(links, func(l Link) bool { return bytes.Equal(p.senderHW, l.HardwareAddr) }), err
}
