package vip

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Age returns how long ago the address was added where it is held, as the
// kernel remembers it: state that nobody else has to keep. found is false when
// it is not there any more.
func (h *Host) Age(ctx context.Context, holding Holding) (age time.Duration, found bool, err error) {
	ip := holding.Prefix.Addr()
	messages, err := steady(ctx, func() ([][]byte, error) {
		req := nl.NewNetlinkRequest(unix.RTM_GETADDR, unix.NLM_F_DUMP)
		req.AddData(nl.NewIfAddrmsg(family(ip)))
		return req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWADDR)
	})
	if err != nil {
		return 0, false, fmt.Errorf("list addresses: %w", err)
	}
	for _, m := range messages {
		created, ok := creation(m, holding.Link.Index, holding.Prefix)
		if !ok {
			continue
		}
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
			return 0, false, fmt.Errorf("read clock: %w", err)
		}
		return since(created, time.Duration(now.Nano())), true, nil
	}
	return 0, false, nil
}

// creation returns the creation time in one message of an address dump, in
// hundredths of a second since boot, if it is that of the address on the
// interface (struct ifa_cacheinfo in linux/if_addr.h).
func creation(message []byte, index int, p netip.Prefix) (stamp uint32, ok bool) {
	msg := nl.DeserializeIfAddrmsg(message)
	if int(msg.Index) != index || int(msg.Prefixlen) != p.Bits() {
		return 0, false
	}
	attrs, err := nl.ParseRouteAttr(message[msg.Len():])
	if err != nil {
		return 0, false
	}
	var local, remote netip.Addr
	for _, a := range attrs {
		switch a.Attr.Type {
		case unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(a.Value)
		case unix.IFA_ADDRESS:
			remote, _ = netip.AddrFromSlice(a.Value)
		case unix.IFA_CACHEINFO:
			if len(a.Value) >= 12 {
				stamp, ok = binary.NativeEndian.Uint32(a.Value[8:]), true
			}
		}
	}
	if !local.IsValid() { // IPv6 has only IFA_ADDRESS where there is no peer
		local = remote
	}
	return stamp, ok && local == p.Addr()
}

// since returns the time from a stamp to now, the time since boot. The stamp
// wraps every 497 days. It counts timer ticks, of which some are lost early in
// the boot, so the two clocks may differ by a fraction of a second either way.
func since(stamp uint32, now time.Duration) time.Duration {
	const skew = 60 * 100 // hundredths of a second
	elapsed := uint32(now/(10*time.Millisecond)) - stamp
	if elapsed > 1<<32-1-skew {
		return 0
	}
	return time.Duration(elapsed) * 10 * time.Millisecond
}
