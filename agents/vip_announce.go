package agents

import (
	"context"
	"time"

	"github.com/oneha/oneha/internal/vip"
	"github.com/oneha/oneha/ocf"
)

// freshAddress is the least age up to which a recurring monitor takes an address
// for just started; it covers IPv6 duplicate detection where monitors are closer.
const freshAddress = 5 * time.Second

// announceAgain sends what a recurring monitor owes to the network: the rest of
// the burst for a new address, the refresh for an old one. Whether announcing
// works says nothing of the address, so it does not change the result.
func announceAgain(ctx context.Context, req *ocf.Request, host *vip.Host, serving vip.Holding, s vipSettings) {
	burst := s.burst
	if burst.Count = leftOver(req, serving, s); burst.Count == 0 {
		burst.Count = s.refresh
	}
	if burst.Count == 0 {
		return
	}
	if req.Timeout > 0 { // a long burst must not make the monitor time out
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, req.Timeout/2)
		defer cancel()
	}
	sent, err := host.Announce(ctx, serving.Link.Name, serving.Prefix.Addr(), burst)
	if err != nil {
		req.Log.Warn("cannot repeat the announcement", "because", err)
		return
	}
	req.Log.Debug("announced the address again", "place", serving, "announcements", sent)
}

// leftOver returns how many announcements start left to the first recurring
// monitor, 0 for a monitor that is not the first. It is how arp_bg works without
// a background process: IPaddr2 forks its sender, which outlives the action and
// has to be hunted down by stop. The first recurring monitor runs in parallel
// with what Pacemaker starts after the address, some milliseconds after start
// returned, so the others hear the same burst and nothing waits for it. How old
// an address is the kernel knows, so there is no state to keep.
func leftOver(req *ocf.Request, serving vip.Holding, s vipSettings) int {
	if !s.background || s.burst.Count == 1 {
		return 0
	}
	age, err := serving.Age()
	if err != nil {
		req.Log.Warn("cannot tell the age of the address, so it is not announced again", "because", err)
		return 0
	}
	if age >= max(req.Interval, freshAddress) {
		return 0
	}
	return s.burst.Count - 1
}
