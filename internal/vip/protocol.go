package vip

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// Protocol is who made a route. The zero value stands for any.
type Protocol struct {
	given  bool
	number uint8
}

// protocols are the names of ip-route(8) whose numbers linux/rtnetlink.h fixes and
// which make connected routes.
var protocols = []struct {
	name   string
	number uint8
}{
	{"kernel", unix.RTPROT_KERNEL}, {"boot", unix.RTPROT_BOOT}, {"static", unix.RTPROT_STATIC}, {"ra", unix.RTPROT_RA},
	{"dhcp", unix.RTPROT_DHCP}, {"zebra", unix.RTPROT_ZEBRA}, {"bird", unix.RTPROT_BIRD}, {"keepalived", unix.RTPROT_KEEPALIVED},
	{"bgp", unix.RTPROT_BGP}, {"isis", unix.RTPROT_ISIS}, {"ospf", unix.RTPROT_OSPF}, {"rip", unix.RTPROT_RIP},
	{"babel", unix.RTPROT_BABEL}, {"eigrp", unix.RTPROT_EIGRP},
}

// ParseProtocol reads a protocol's name or number as ip-route(8) has it; "" is
// the zero value.
func ParseProtocol(text string) (Protocol, error) {
	if text == "" {
		return Protocol{}, nil
	}
	for _, p := range protocols {
		if p.name == text {
			return Protocol{given: true, number: p.number}, nil
		}
	}
	n, err := strconv.ParseUint(text, 10, 8)
	if err != nil {
		return Protocol{}, fmt.Errorf("parse route protocol %q: want a name such as kernel or static, or a number from 0 to 255", text)
	}
	return Protocol{given: true, number: uint8(n)}, nil
}

// matches reports whether a route made by that protocol counts.
func (p Protocol) matches(number uint8) bool { return !p.given || p.number == number }
