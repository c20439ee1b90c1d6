package vip

import (
	"fmt"
	"net/netip"
	"strconv"
)

// Lifetime is how long an address is a preferred one (RFC 4862, section 5.5.4):
// after that it is deprecated, which means that it serves as before, but the
// kernel does not choose it as the source of new connections. The zero value is
// for ever.
type Lifetime struct {
	limited bool
	seconds uint32
}

// ParseLifetime reads "forever" or a number of seconds, as ip-address(8) has it.
func ParseLifetime(text string) (Lifetime, error) {
	if text == "forever" {
		return Lifetime{}, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return Lifetime{}, fmt.Errorf("parse lifetime %q: want forever or a number of seconds", text)
	}
	return Lifetime{limited: n != forever, seconds: uint32(n)}, nil
}

// of returns the lifetimes to give the kernel. The valid one is for ever, or
// nearly: the preferred one of an IPv4 address ages only where the valid one does
// (IFA_F_PERMANENT in net/ipv4/devinet.c), so there it is 136 years.
func (l Lifetime) of(ip netip.Addr) (valid, preferred uint32) {
	switch {
	case !l.limited:
		return forever, forever
	case l.seconds > 0 && ip.Is4():
		return forever - 1, l.seconds
	default:
		return forever, l.seconds
	}
}

// holds reports whether an address has that lifetime already. One that is limited
// begins anew whenever it is asked for.
func (l Lifetime) holds(a kernelAddr) bool {
	return !l.limited && a.Valid == forever && a.Preferred == forever && a.Flags&deprecated == 0
}
