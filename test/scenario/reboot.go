package scenario

import (
	"context"
	"fmt"
	"time"

	"github.com/oneha/oneha/test/lab"
)

// RebootActive has the active node reboot in order, as an administrator would.
// The services run under systemd and Pacemaker both, so this is where they could
// wait for each other, or systemd could stop a service behind the cluster's back.
// It returns an error unless the peer took over and nobody was fenced.
func RebootActive(ctx context.Context, w *Watch, log func(string, ...any)) error {
	c := w.Cluster
	if err := w.settle(ctx); err != nil {
		return err
	}
	active, err := c.Active()
	if err != nil {
		return err
	}
	peer := c.Peer(active)
	start := time.Now()
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	// What systemctl reboot does, without asking logind, which the lab does not run.
	_, err = active.Exec(asking, "systemctl", "start", "reboot.target", "--job-mode=replace-irreversibly", "--no-block")
	cancel()
	if err != nil {
		return err
	}
	log("%s is active, and reboots in order", active.Name)
	moving, cancel := context.WithTimeout(ctx, recoverLimit)
	defer cancel()
	vip, err := w.VIP.WaitFor(moving, peer.MAC(), start)
	if err != nil {
		return err
	}
	oned, err := w.Oned.WaitAnswer(moving, vip)
	if err != nil {
		return err
	}
	log("%5.1f s  %s has the floating IP, oned answers after %.1f s", vip.Sub(start).Seconds(), peer.Name, oned.Sub(start).Seconds())
	if err := w.settle(ctx); err != nil {
		return err
	}
	log("%5.1f s  %s is back, everything runs", time.Since(start).Seconds(), active.Name)

	rebooted := false
	for _, e := range c.Events(start) {
		switch {
		case e.Node == active.Name && e.Kind == lab.Rebooted:
			rebooted = true
		case e.Kind == lab.PoweredOff, e.Kind == lab.Crashed:
			return fmt.Errorf("an orderly reboot took somebody's power: %s", e)
		}
	}
	if !rebooted {
		return fmt.Errorf("%s never rebooted", active.Name)
	}
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	if len(status.Failures) > 0 {
		return fmt.Errorf("actions failed during an orderly reboot: %v", status.Failures)
	}
	return w.Audit(ctx)
}
