package agents

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/oneha/oneha/internal/vip"
	"github.com/oneha/oneha/ocf"
)

// freshAddress is the least age up to which a recurring monitor takes an address
// for just started; it covers IPv6 duplicate detection where monitors are closer.
const freshAddress = 5 * time.Second

// vipValidate judges the parameters and whether this node can follow them.
func vipValidate(ctx context.Context, req *ocf.Request) error {
	s, err := vipFrom(req)
	if err != nil {
		return err
	}
	host, err := vip.Open()
	if err != nil {
		return vipError(err)
	}
	defer host.Close()
	_, err = host.Resolve(ctx, s.address)
	return vipError(err)
}

// vipStart makes the address usable where it belongs, and nowhere else, and
// announces it: also when it was there already, since a start means that the
// network may believe otherwise.
func vipStart(ctx context.Context, req *ocf.Request) error {
	s, err := vipFrom(req)
	if err != nil {
		return err
	}
	host, err := vip.Open()
	if err != nil {
		return vipError(err)
	}
	defer host.Close()
	place, err := host.Resolve(ctx, s.address)
	if err != nil {
		return vipError(err)
	}
	changed, err := host.Ensure(ctx, place)
	if err != nil {
		return vipError(err)
	}

	now := s.burst
	if s.background {
		now.Count = 1
	}
	sent, err := host.Announce(ctx, place.Nic, s.address.IP, now)
	if err != nil {
		return vipError(err) // unannounced, the others go on talking to the last owner
	}
	req.Log.Info("address is up", "place", place, "changed", changed, "announcements", sent)
	return nil
}

// vipStop removes the address from wherever it is. Of the other parameters it
// needs none, so none can make it fail; and a malformed address cannot have been
// started.
func vipStop(ctx context.Context, req *ocf.Request) error {
	ip, err := parseIP(req.String("ip"))
	if err != nil {
		req.Log.Warn("nothing to stop: parameter ip "+err.Error(), "ip", req.String("ip"))
		return nil
	}
	nic, _ := nicAndLabel(req)
	if nic == "" && isLinkLocal6(ip) {
		req.Log.Warn("nothing to stop: a link-local address cannot have been started without nic", "ip", ip)
		return nil
	}
	host, err := vip.Open()
	if err != nil {
		return vipError(err)
	}
	defer host.Close()
	was, err := host.Remove(ctx, vip.Address{IP: ip, Nic: nic}.Scoped())
	switch {
	case errors.Is(err, vip.ErrLost):
		req.Log.Error("another address went with it, add it again by hand", "because", err)
	case err != nil:
		return vipError(err)
	}
	if len(was) == 0 {
		req.Log.Info("address was on no interface", "ip", ip)
		return nil
	}
	req.Log.Info("address removed", "was", was)
	return nil
}

// vipMonitor reports whether the address serves as asked for.
//
// What is there but does not serve is "not running" to a recurring monitor:
// Pacemaker stops it and starts it again, here or elsewhere. A probe must not say
// so. After it Pacemaker starts the address elsewhere without stopping it here
// (crm_simulate on a CIB with either result shows both), and once the link is
// back two machines have it. A generic error makes Pacemaker stop it here first.
func vipMonitor(ctx context.Context, req *ocf.Request) error {
	s, err := vipFrom(req)
	if err != nil {
		return err
	}
	host, err := vip.Open()
	if err != nil {
		return vipError(err)
	}
	defer host.Close()
	held, err := host.Find(ctx, s.address.Scoped())
	if err != nil {
		return vipError(err)
	}
	serving, why := held.Serving(s.address)
	switch {
	case why != "" && len(held) > 0 && req.Probe():
		return ocf.Failed("configured but not serving, has to be stopped: "+why, nil)
	case why != "":
		return ocf.NotRunning(why)
	}
	if !req.Probe() && s.background {
		finishBurst(ctx, req, host, serving, s.burst)
	}
	return nil
}

// finishBurst sends the announcements that start left over, if the address is
// new. It is how arp_bg works without a background process: IPaddr2 forks its
// sender, which outlives the action and has to be hunted down by stop. The first
// recurring monitor runs in parallel with what Pacemaker starts after the
// address, some milliseconds after start returned, so the others hear the same
// burst and nothing waits for it. How old an address is the kernel knows, so
// there is no state to keep. Whether announcing works says nothing of the
// address, so it does not change the result.
func finishBurst(ctx context.Context, req *ocf.Request, host *vip.Host, serving vip.Holding, burst vip.Burst) {
	burst.Count--
	if burst.Count == 0 {
		return
	}
	age, found, err := host.Age(ctx, serving)
	if err != nil || !found || age >= max(req.Interval, freshAddress) {
		if err != nil {
			req.Log.Warn("cannot tell the age of the address, so it is not announced again", "because", err)
		}
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
	req.Log.Debug("announced the new address again", "place", serving, "announcements", sent)
}

// vipError gives an error of the mechanism its exit code.
//
// An interface that is missing is the fault of this node, not of the
// configuration: IPaddr2's 6 would keep the address from every node, 5 moves it
// to one that has the interface. No route, or several, is a state of this node
// that may change: 1, as in IPaddr2.
func vipError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, vip.ErrNoNic):
		return ocf.Installed(err.Error() + ": see parameter nic")
	case errors.Is(err, vip.ErrLabel):
		return ocf.Configured("iflabel", "gives a label the kernel refuses: "+err.Error())
	case errors.Is(err, vip.ErrAmbiguous), errors.Is(err, vip.ErrNoRoute):
		return ocf.Failed("cannot infer nic and prefix", err)
	case errors.Is(err, unix.EPERM):
		return ocf.Perm(fmt.Sprintf("not permitted, run as root: %v", err))
	default:
		return err
	}
}
