package zoneservice

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/oneha/oneha/test/lab/labtest"
	"github.com/oneha/oneha/test/zonelab"
)

// TestService is the zone's life with the guard as a service.
func TestService(t *testing.T) {
	z := start(t, zonelab.Options{Prefix: "service"})
	z.installed()
	z.tools()
	z.interruptedHook()
	for i, f := range []fault{powerCut, onedKilled, guardFrozen, onedStopped, machineFrozen} {
		z.happens(f)
		if i == 0 {
			z.handled()
		}
	}
	z.cost()
}

// TestMore has the rest: more faults, five servers with MariaDB, three cold starts.
func TestMore(t *testing.T) {
	if !labtest.All("ONEHA_ZONESERVICE") {
		t.Skip("ONEHA_ZONESERVICE=all runs it")
	}
	z := start(t, zonelab.Options{Prefix: "service-more", Servers: 5, Database: zonelab.MySQL})
	for _, f := range []fault{cableCut, guardKilled, onedFrozen, bothFrozen, powerCut, machineFrozen, onedStopped, onedKilled, guardFrozen} {
		z.happens(f)
	}
	for range 3 {
		z.coldStart()
	}
	z.cost()
}

// TestShipped has the timeouts that OpenNebula ships, for the figures that people will
// see.
func TestShipped(t *testing.T) {
	if !labtest.All("ONEHA_ZONESERVICE") {
		t.Skip("ONEHA_ZONESERVICE=all runs it")
	}
	timers := zonelab.Quick()
	timers.Election, timers.Heartbeat, timers.XMLRPC = 5*time.Second, 500*time.Millisecond, time.Second
	z := start(t, zonelab.Options{Prefix: "service-shipped", Timers: timers})
	for _, f := range []fault{powerCut, onedKilled, onedStopped, machineFrozen, cableCut, guardFrozen} {
		z.happens(f)
	}
}

// installed looks at what a package installs, with the tools that read it.
func (z *zone) installed() {
	server := z.Servers()[0]
	if out := z.shell(server, "visudo --check --strict 2>&1"); !strings.Contains(out, "/etc/sudoers.d/oneha-raft: parsed OK") {
		z.t.Errorf("visudo: %s", out)
	}
	if out := z.shell(server, "systemd-analyze verify "+guard+" 2>&1"); out != "" {
		z.t.Errorf("systemd-analyze verify: %s", out)
	}
	if state := z.property(server, guard, "Type") + " " + z.property(server, guard, "Restart") + " " + z.property(server, guard, "StatusText"); !strings.HasPrefix(state, "notify always ") {
		z.t.Errorf("%s is %q, want a service that notifies and is always restarted", guard, state)
	}
	// The rule lets the hooks through and nothing else.
	for command, allowed := range map[string]bool{
		"/usr/bin/oneha raft hook follower eth0 192.168.150.99/24": true,
		"/usr/bin/oneha raft hook nonsense":                        false,
		"/usr/bin/oneha version":                                   false,
		"/bin/sh -c id":                                            false,
	} {
		out := z.shell(server, "runuser -u oneadmin -- sudo -n -l "+command+" >/dev/null 2>&1 && echo allowed || echo refused")
		if (out == "allowed") != allowed {
			z.t.Errorf("sudo for oneadmin, %s: %s", command, out)
		}
	}
}

// tools runs what an administrator looks at a healthy zone with, on every server. What
// the zone says of its own start may still be news to them for a moment.
func (z *zone) tools() {
	leader := z.settled()
	for _, s := range z.Servers() {
		for _, command := range []string{"oneha raft status", "oneha raft doctor"} {
			var out string
			z.wait(command+" on "+s+" without a complaint", func(ctx context.Context) string {
				var err error
				if out, err = z.Shell(ctx, s, command+" 2>&1"); err != nil {
					return err.Error() + "\n" + out
				}
				return ""
			})
			if !strings.Contains(out, leader) {
				z.t.Errorf("%s on %s does not name the leader, %s", command, s, leader)
			}
			if s == leader {
				z.t.Logf("%s on %s:\n%s", command, s, out)
			}
		}
	}
}

// hook measures how long it took from the start of the hook that oned ran when it
// became leader (as oneadmin, through sudo) to the first announcement on the wire. It
// is below zero when the guard had looked at oned before the hook could tell it.
func (z *zone) hook(leader string, since time.Time) {
	z.t.Helper()
	var started, announced time.Time
	z.wait("hook and announcement of "+leader, func(ctx context.Context) string {
		var err error
		started, err = z.Hooked(ctx, leader, "leader", since)
		announced = z.sampler.Announced(z.MAC(leader), since)
		if err != nil || started.IsZero() || announced.IsZero() {
			return fmt.Sprintf("hook started at %v, address announced at %v: %v", started, announced, err)
		}
		return ""
	})
	z.measured("    leader's hook through sudo to the first announcement", announced.Sub(started), "")
}

// coldStart cuts the power of all servers and gives it back.
func (z *zone) coldStart() {
	z.settled()
	for _, s := range z.Servers() {
		z.ok(z.Off(s))
	}
	began := time.Now()
	for _, s := range z.Servers() {
		z.on(s)
	}
	leader := z.settled()
	z.measured("power back for all: floating IP", z.answers(leader, began).Sub(began), "on "+leader)
}

// cost prints what each guard takes, as systemd accounts for it, and holds it to its
// bound of memory. What of CPU time a busy machine takes is only printed.
func (z *zone) cost() {
	leader := z.settled()
	const during = 5 * time.Second
	cpu := func(server string) time.Duration {
		us, err := strconv.Atoi(z.shell(server, "awk '$1==\"usage_usec\" {print $2}' /sys/fs/cgroup/system.slice/"+guard+"/cpu.stat"))
		z.ok(err)
		return time.Duration(us) * time.Microsecond
	}
	before := map[string]time.Duration{}
	began := map[string]time.Time{}
	for _, s := range z.Servers() {
		before[s], began[s] = cpu(s), time.Now()
	}
	select {
	case <-z.ctx.Done():
	case <-time.After(during):
	}
	for _, s := range z.Servers() {
		share := 100 * float64(cpu(s)-before[s]) / float64(time.Since(began[s]))
		role := "follower"
		if s == leader {
			role = "leader"
		}
		// The collector gives memory back in its own time.
		var resident string
		z.wait(fmt.Sprintf("the guard of %s to have at most %d MB resident", s, maxResident>>20), func(ctx context.Context) string {
			out, err := z.Shell(ctx, s, "awk '$1==\"VmRSS:\" || $1==\"RssAnon:\" {print $2}' /proc/$(systemctl show --value --property MainPID "+guard+")/status")
			if err != nil {
				return err.Error()
			}
			var all, own int
			if _, err := fmt.Sscan(out, &all, &own); err != nil || all<<10 > maxResident {
				return fmt.Sprintf("it has %q kB: %v", out, err)
			}
			resident = fmt.Sprintf("%.1f MB resident, %.1f MB of it no file's", float64(all)/1024, float64(own)/1024)
			return ""
		})
		z.table = append(z.table, fmt.Sprintf("guard of %s (%s): %.2f %% of a core, %s", s, role, share, resident))
	}
}

// maxResident is what a guard may have of memory.
const maxResident = 20 << 20
