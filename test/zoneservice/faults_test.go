package zoneservice

import (
	"context"
	"time"
)

// fault is something that happens to the leader.
type fault struct {
	name string
	do   func(z *zone, leader string)
	undo func(z *zone, leader string)
	ends end
}

// end says how long a fault lasts.
type end int

const (
	untilUndo end = iota // another server leads until the fault is undone
	bySystemd            // systemd starts oned again, which may lead again on a busy machine
	ofGuard              // only the guard is gone, until systemd starts another
)

// Faults that every run of the tests shows.
var (
	powerCut = fault{"power cut of the leader", func(z *zone, s string) { z.ok(z.Off(s)) }, func(z *zone, s string) { z.on(s) }, untilUndo}

	onedKilled = fault{"kill -9 of the leader's oned", func(z *zone, s string) { z.signal(s, oned, "KILL") }, again, bySystemd}

	guardFrozen = fault{"the leader's guard frozen (kill -STOP)", func(z *zone, s string) { z.signal(s, guard, "STOP") }, nothing, ofGuard}

	onedStopped = fault{"systemctl stop of the leader's oned", func(z *zone, s string) { z.shell(s, "systemctl stop --no-block "+oned) }, again, untilUndo}

	machineFrozen = fault{"the leader's machine frozen", func(z *zone, s string) { z.ok(z.Freeze(s)) }, func(z *zone, s string) { z.ok(z.Thaw(s)) }, untilUndo}
)

// Faults that only the whole suite shows.
var (
	cableCut = fault{"the leader's cable pulled", func(z *zone, s string) { z.ok(z.Cut(s)) }, func(z *zone, s string) { z.ok(z.Heal(s)) }, untilUndo}

	guardKilled = fault{"kill -9 of the leader's guard", func(z *zone, s string) { z.signal(s, guard, "KILL") }, nothing, ofGuard}

	onedFrozen = fault{"the leader's oned frozen (kill -STOP)", func(z *zone, s string) { z.signal(s, oned, "STOP") }, func(z *zone, s string) { z.signal(s, oned, "CONT") }, untilUndo}

	bothFrozen = fault{"the leader's oned and guard frozen", func(z *zone, s string) { z.signal(s, guard, "STOP"); z.signal(s, oned, "STOP") },
		func(z *zone, s string) { z.signal(s, oned, "CONT") }, untilUndo}
)

func nothing(*zone, string) {}

// again starts oned on a server, whatever systemd thinks of how often that was.
func again(z *zone, server string) {
	z.shell(server, "systemctl reset-failed "+oned+" 2>/dev/null; systemctl start "+oned)
}

// signal sends a signal to the main process of a unit.
func (z *zone) signal(server, unit, name string) {
	z.t.Helper()
	z.shell(server, "kill -"+name+" $(systemctl show --value --property MainPID "+unit+")")
}

// on gives a server power and waits for its boot.
func (z *zone) on(server string) {
	z.t.Helper()
	ctx, cancel := context.WithTimeout(z.ctx, patience)
	defer cancel()
	z.ok(z.On(ctx, server))
}

// happens lets a fault happen to the leader, measures how long the floating IP was
// away, repairs it, and waits until the zone is as it was.
func (z *zone) happens(f fault) {
	z.t.Helper()
	old := z.settled()
	restarts := z.property(old, guard, "NRestarts")
	began := time.Now()
	f.do(z, old)
	var leader string
	switch f.ends {
	case untilUndo:
		leader = z.settled(old)
	case bySystemd:
		leader = z.settled()
	case ofGuard:
		z.wait("another guard on "+old, func(ctx context.Context) string {
			out, err := z.Shell(ctx, old, "systemctl show --value --property NRestarts "+guard)
			if err != nil || out == restarts+"\n" {
				return "it was not restarted"
			}
			return ""
		})
		leader = z.settled()
	}
	back := z.silence(began)
	if leader != old {
		back = z.answers(leader, began)
	}
	z.measured(f.name+": floating IP back", back.Sub(began), old+" -> "+leader)
	if leader != old {
		z.hook(leader, began)
		z.looked(leader, began)
	}
	f.undo(z, old)
	repaired := time.Now()
	z.settled()
	z.measured("    all as it was after the repair", time.Since(repaired), "")
}

// silence is when the longest silence around the floating IP since a time ended; the
// time itself when there was none.
func (z *zone) silence(since time.Time) time.Time {
	z.t.Helper()
	end, err := z.sampler.Silence(since)
	z.ok(err)
	return end
}
