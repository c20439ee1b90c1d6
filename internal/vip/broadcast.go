package vip

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Broadcast says which IPv4 broadcast address goes with the floating IP. The
// zero value takes over that of the node's own address on the same network.
type Broadcast struct {
	mode broadcastMode
	addr netip.Addr
}

type broadcastMode int

const (
	broadcastInherited broadcastMode = iota
	broadcastNetwork
	broadcastComputed
	broadcastGiven
)

// ParseBroadcast reads the forms that ip-address(8) has: an address, "+" for the
// prefix with all host bits set, "-" with all of them cleared; "" is the zero value.
func ParseBroadcast(text string) (Broadcast, error) {
	switch text {
	case "":
		return Broadcast{}, nil
	case "-":
		return Broadcast{mode: broadcastNetwork}, nil
	case "+":
		return Broadcast{mode: broadcastComputed}, nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is4() {
		return Broadcast{}, fmt.Errorf("parse broadcast address %q: want an IPv4 address, + or -", text)
	}
	return Broadcast{mode: broadcastGiven, addr: addr}, nil
}

// of returns the broadcast address for the prefix, the zero Addr for none.
// inherited is that of the node's own address on the network.
func (b Broadcast) of(p netip.Prefix, inherited netip.Addr) netip.Addr {
	switch b.mode {
	case broadcastGiven:
		return b.addr
	case broadcastComputed:
		return allHosts(p)
	case broadcastNetwork:
		return noHosts(p)
	}
	return inherited
}

// allHosts returns the prefix with all host bits set. Prefixes of 31 bits and
// more have no broadcast address (RFC 3021, section 2.2).
func allHosts(p netip.Prefix) netip.Addr {
	if !p.Addr().Is4() || p.Bits() > 30 {
		return netip.Addr{}
	}
	b := p.Addr().As4()
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])|^uint32(0)>>p.Bits())
	return netip.AddrFrom4(b)
}

// noHosts returns the prefix with all host bits cleared, the form of 4.2BSD
// (RFC 1122, section 3.3.6), where allHosts returns one with all of them set.
func noHosts(p netip.Prefix) netip.Addr {
	if !allHosts(p).IsValid() {
		return netip.Addr{}
	}
	return p.Masked().Addr()
}
