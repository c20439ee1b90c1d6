package lease

import (
	"fmt"
	"math"
	"time"
)

// Timers are the times of the protocol. All guards of a zone should have the same;
// other ones cost votes, not safety, except for Quiet.
type Timers struct {
	// Lease is from a question to the deadline of what its answers allow.
	Lease time.Duration
	// Renew is between two questions to the local oned, and so to the other guards.
	Renew time.Duration
	// Timeout is for the answers of oned and of guards.
	Timeout time.Duration
	// Retry is between two questions that follow each other early, and before
	// something that failed is tried again.
	Retry time.Duration
	// Late is how long after the end of an address's lifetime the kernel may remove it.
	// It checks lifetimes at whole seconds, when an address changes, and never twice
	// within a second: with an unlucky change of any other address that is 1 s late
	// (check_lifetime in net/ipv4/devinet.c, addrconf_verify_rtnl in
	// net/ipv6/addrconf.c; measured up to 1.0 s).
	Late time.Duration
	// Drift is by how much the clock of one server may run faster than another's: 0.02
	// allows each to be 1 % wrong.
	Drift float64
	// Quiet is the longest promise that a guard makes, and for how long it makes none
	// after its start. It is the one time that must not be lowered while guards run: a
	// guard that comes back with a shorter one may break a promise that it forgot.
	Quiet time.Duration
}

// Slack is the least time between the computation of a lifetime and the moment at
// which it is too late to give it to the kernel.
const Slack = 100 * time.Millisecond

// Election are the times of oned that decide how soon a new leader may appear, the
// largest BroadcastTimeout and smallest ElectionTimeout of all servers.
type Election struct {
	ElectionTimeout  time.Duration // ELECTION_TIMEOUT_MS: silence before a candidacy
	BroadcastTimeout time.Duration // BROADCAST_TIMEOUT_MS: between heartbeats
}

// Earliest is the least time from the last sign of life of a leader to the next
// leader: the sign may have been due for a broadcast.
func (e Election) Earliest() time.Duration { return e.ElectionTimeout - e.BroadcastTimeout }

// tolerable is how long a leader may be without the addresses.
const tolerable = 1500 * time.Millisecond

// Default are the timers for the timeouts that oned.conf has since OpenNebula 5.8
// (5000 and 500 ms): a promise of 4.335 s is over before the next leader.
func Default() Timers {
	return Timers{
		Lease: 3 * time.Second, Renew: 800 * time.Millisecond, Timeout: 300 * time.Millisecond, Retry: 50 * time.Millisecond,
		Late: 1250 * time.Millisecond, Drift: 0.02, Quiet: 8 * time.Second,
	}
}

// Short are the timers for the timeouts of OpenNebula 5.4 and 5.6 (2500 and 500
// ms). No lease in whole seconds is over before such an election: a leader whose
// predecessor does not answer waits up to 1.315 s. One lost round may cost the address.
func Short() Timers {
	t := Default()
	t.Lease, t.Renew, t.Timeout = 2*time.Second, 500*time.Millisecond, 200*time.Millisecond
	return t
}

// For returns the timers for a zone: the default ones where no leader has to wait,
// otherwise the short ones.
func For(e Election) Timers {
	if t := Default(); t.Wait(e) == 0 {
		return t
	}
	return Short()
}

// Promise is how long a guard must help nobody else: the lease and the kernel's
// lateness, both on the asker's clock, on a clock that is faster. It is rounded up
// to a millisecond.
func (t Timers) Promise() time.Duration {
	p := float64(t.Lease+t.Late) * (1 + t.Drift)
	return time.Duration(math.Ceil(p/1e6-1e-6)) * time.Millisecond
}

// Wait is for how long at most a new leader waits for a predecessor that vanished.
func (t Timers) Wait(e Election) time.Duration { return max(0, t.Promise()-e.Earliest()) }

// lifetime is the lifetime that the kernel gets when all answers take their time.
func (t Timers) lifetime() time.Duration {
	return (t.Lease - 2*t.Timeout - Slack).Truncate(time.Second)
}

// Check says what is wrong with the timers themselves and what to change; nil if
// they can be used.
func (t Timers) Check() error {
	switch {
	case t.Lease <= 0 || t.Renew <= 0 || t.Timeout <= 0 || t.Retry <= 0 || t.Late < 0 || t.Quiet <= 0:
		return fmt.Errorf("check timers: all times must be positive: %+v", t)
	case t.Drift < 0 || t.Drift > 1 || math.IsNaN(t.Drift):
		return fmt.Errorf("check timers: drift %v: want a fraction from 0 to 1, such as 0.02", t.Drift)
	case t.Timeout > t.Renew:
		return fmt.Errorf("check timers: timeout %s is longer than the renewal interval %s: lower it", t.Timeout, t.Renew)
	case t.lifetime() < time.Second:
		return fmt.Errorf("check timers: with two timeouts of %s less than a second, the kernel's unit, is left of a lease of %s: raise the lease to %s",
			t.Timeout, t.Lease, time.Second+2*t.Timeout+Slack)
	case t.Renew+2*t.Timeout > t.lifetime():
		return fmt.Errorf("check timers: renewing every %s is too seldom for a lifetime of %s: lower the interval to %s",
			t.Renew, t.lifetime(), t.lifetime()-2*t.Timeout)
	case t.Promise() > t.Quiet:
		return fmt.Errorf("check timers: a lease of %s needs promises of %s, but guards promise at most %s: lower the lease, or raise the quiet time on all guards",
			t.Lease, t.Promise(), t.Quiet)
	}
	return nil
}

// CheckElection says whether a new leader would have to wait longer than 1.5 s for
// a predecessor that vanished, and what to change. It is a matter of comfort: two
// holders are impossible with any timers of oned.
func (t Timers) CheckElection(e Election) error {
	if wait := t.Wait(e); wait > tolerable {
		return fmt.Errorf("check timers: a new leader may come %s after the old one vanished, the promises last %s: it waits %s for the address; raise ELECTION_TIMEOUT_MS to %d, or lower the lease to %s",
			e.Earliest(), t.Promise(), wait, (t.Promise() + e.BroadcastTimeout).Milliseconds(),
			(time.Duration(float64(e.Earliest()+tolerable)/(1+t.Drift)) - t.Late).Truncate(time.Millisecond))
	}
	return nil
}

// Setting is what to give the kernel for a Hold.
type Setting struct {
	Seconds uint32 // valid lifetime; 0: too late, set nothing
	By      Time   // the call must have begun before
}

// SettingFor returns the longest lifetime in whole seconds that ends before until,
// although the call is made only just before By. now was read right before.
func SettingFor(until, now Time) Setting {
	left := (until - now).duration() - Slack
	if left < time.Second {
		return Setting{}
	}
	left = left.Truncate(time.Second)
	return Setting{Seconds: uint32(min(left/time.Second, math.MaxUint32-1)), By: until.add(-left)}
}
