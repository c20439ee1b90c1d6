package agents

import (
	"context"
	"errors"
	"time"

	"github.com/oneha/oneha/internal/events"
	"github.com/oneha/oneha/internal/vip"
	"github.com/oneha/oneha/ocf"
)

// vipValidate judges the parameters and whether this node can follow them. Start
// looks itself at what is judged here, so it does not need it done twice.
func vipValidate(ctx context.Context, req *ocf.Request) error {
	if req.Action == ocf.Start {
		return nil
	}
	s, err := vipFrom(req)
	if err != nil {
		return err
	}
	host, err := vip.OpenIn(s.namespace)
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
	host, err := vip.OpenIn(s.namespace)
	if err != nil {
		return vipError(err)
	}
	defer host.Close()
	place, err := host.Resolve(ctx, s.address)
	if err != nil {
		return vipError(err)
	}
	beforeStart(ctx, req, host, s.address.IP)
	changed, err := host.Ensure(ctx, place)
	if err != nil {
		return vipError(err)
	}
	set := time.Now()
	now := s.burst
	if s.background {
		now.Count = 1
	}
	if req.Set("send_arp_opts") {
		req.Log.Debug("parameter send_arp_opts has no effect: the sender is built in")
	}
	sent, err := host.Announce(ctx, place.Nic, s.address.IP, now)
	noteEvent(ctx, events.AddressSet, set, place.String())
	if err != nil {
		return vipError(err) // unannounced, the others go on talking to the last owner
	}
	req.Log.Info("address is up", "place", place, "changed", changed, "announcements", sent)
	return nil
}

// vipStop removes the address from wherever it is. Of the other parameters none
// can make it fail; and an address, link or namespace that cannot be, cannot have
// been started.
func vipStop(ctx context.Context, req *ocf.Request) error {
	ip, err := ipOf(req)
	if err != nil {
		req.Log.Warn("nothing to stop: parameter ip " + err.Error())
		return nil
	}
	nic, _ := nicAndLabel(req)
	if nic == "" && vip.IsLinkLocal(ip) {
		req.Log.Warn("nothing to stop: a link-local address cannot have been started without nic", "ip", ip)
		return nil
	}
	if err := checkNamespace(req, ip); err != nil {
		req.Log.Warn("nothing to stop: " + err.Error())
		return nil
	}
	host, err := vip.OpenIn(req.String("network_namespace"))
	if errors.Is(err, vip.ErrNoNamespace) {
		req.Log.Info("nothing to stop", "because", err)
		return nil
	}
	if err != nil {
		return vipError(err)
	}
	defer host.Close()
	was, err := host.Remove(ctx, vip.Address{IP: ip, Nic: nic, Resting: ip.Is4() && req.Bool("lvs_support")})
	switch {
	case errors.Is(err, vip.ErrLost):
		req.Log.Error("another address went with it, add it again by hand", "because", err)
	case err != nil:
		return vipError(err)
	}
	afterStop(req, host, ip)
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
	host, err := vip.OpenIn(s.namespace)
	if errors.Is(err, vip.ErrNoNamespace) {
		return ocf.NotRunning(err.Error())
	}
	if err != nil {
		return vipError(err)
	}
	defer host.Close()
	held, err := host.Find(ctx, s.address)
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
	if !req.Probe() {
		announceAgain(ctx, req, host, serving, s)
	}
	return nil
}
