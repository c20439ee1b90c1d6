// Package lease decides when a server of an OpenNebula Raft zone may hold the
// floating addresses: the protocol of the guard, without any input or output.
//
// A leader of OpenNebula's Raft that has lost its majority never steps down, and
// its hooks come late or not at all. So the address is a lease. A server holds it
// only while its own oned says that it is leader and a majority of the guards of
// the zone promised, within the lease, to help nobody else. The kernel is given the
// address with a finite lifetime, so that it goes when everything else hangs. No
// answer of oned is ever a vote, and safety does not depend on what oned says:
// oned only says who should ask. docs/decisions/0020-raft-vip-lease.md has the
// protocol in prose, the arithmetic and what is assumed.
//
// A Machine is a value: it has no clock, starts no goroutine and is used by one
// goroutine at a time. Each method is an event and returns Orders, what to do now.
// The program around it
//
//   - reads CLOCK_BOOTTIME, which runs on in a suspended machine, right before every
//     call, and calls Tick when Next says;
//   - on Query asks the local oned (one.zone.raftstatus, deadline Timers.Timeout) and
//     gives the answer to Oned with the time when it asked; a refused connection is
//     an answer ("not leader"), silence is none. A hook of oned may cause a Query early;
//   - on Ask sends it to the guards of all other servers at once (HTTP POST, deadline
//     Timers.Timeout) and gives each answer to Answered;
//   - for a POST of a peer calls Asked or Told and answers with the Answer;
//   - on Hold computes Setting, arms a POSIX timer of its own process with SIGKILL for
//     Setting.By, sets all addresses with the lifetime Setting.Seconds, disarms the timer
//     and calls Held. The timer is what makes a pause between reading the clock and the
//     system call harmless: a process that is stopped or starved there never makes the
//     call. With no second left it sets nothing and calls Held(false). Addresses that
//     were not there before are announced;
//   - on Drop removes all addresses and calls Dropped(true) only when a complete dump
//     does not show them. Orders for the address are carried out one after another;
//     the machine gives none before it was told how the last one ended;
//   - carries out the orders of one call in the order of the fields of Orders: the
//     address before everything else. Services are started and stopped beside that
//     (several seconds), the last order counts;
//   - calls Stop when it is told to end, and ends when Idle says so, in any case after
//     its deadline: the kernel drops what is left;
//   - kicks the systemd watchdog when a Tick has come back.
//
// The list of servers is that of one.zone.info; when it changes, the program calls
// Rezone, and starts a new machine where that cannot take the list over. Messages of
// peers are believed, so the program lets only guards of the zone send any.
//
// Several addresses, IPv4 and IPv6, share one lease: they come and go together.
package lease

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// MaxServers is the size of the largest zone: two servers may be lost.
const MaxServers = 5

// Time is a reading of the clock of one server, CLOCK_BOOTTIME. Readings of
// different servers have nothing to do with each other.
type Time time.Duration

// never is before every reading.
const never Time = -1 << 62

func (t Time) add(d time.Duration) Time { return t + Time(d) }

// Config is what a guard is told when it starts. To change it, start anew; Rezone
// changes the list of servers.
type Config struct {
	// Server is the SERVER_ID of this server.
	Server int
	// Servers are the IDs of all servers of the zone, those without a guard too: a
	// majority is one of servers. Guards whose lists differ do not vote for each
	// other. Two lists that differ by one server have no disjoint majorities, so the
	// list may be changed by one server at a time, on all guards before the next.
	Servers []int
	// Incarnation is greater than at every earlier start on this server: the wall
	// clock in nanoseconds, or one more than the last one if that is greater. The
	// program keeps it in a file.
	Incarnation uint64
	Timers      Timers
}

// Status is what the local oned said.
type Status struct {
	Asked  Time   // when it was asked
	Leader bool   // its STATE is leader
	Follow bool   // its STATE is follower; a candidate's term is nobody's yet
	Term   uint64 // its TERM
}

// Orders is what to do now, in the order of the fields.
type Orders struct {
	Address  AddressOrder
	Until    Time // of Hold: deadline of the lease
	Release  *Release
	Ask      *Ask
	Query    bool // ask the local oned
	Services ServicesOrder
}

// AddressOrder is an order for the addresses.
type AddressOrder uint8

// Leave leaves the addresses as they are. Hold adds them or prolongs their
// lifetimes, so that they end before Until. Drop removes them.
const (
	Leave AddressOrder = iota
	Hold
	Drop
)

// ServicesOrder is an order for the services that go with the addresses.
type ServicesOrder uint8

// Keep changes nothing. Start and Stop may be given to services that run, or do
// not, already.
const (
	Keep ServicesOrder = iota
	Start
	Stop
)

// zone is a Config, checked.
type zone struct {
	Timers
	self   int8 // index in ids
	ids    []int
	quorum int
	inc    uint64
	name   string // of the list of servers, same on all guards that agree
}

func newZone(c Config) (*zone, error) {
	ids := slices.Clone(c.Servers)
	slices.Sort(ids)
	self, found := slices.BinarySearch(ids, c.Server)
	switch {
	case !found:
		return nil, fmt.Errorf("set up guard: server %d is not in the list of servers %v: correct SERVER_ID or the list", c.Server, ids)
	case len(ids) > MaxServers:
		return nil, fmt.Errorf("set up guard: %d servers, the most is %d", len(ids), MaxServers)
	case len(slices.Compact(slices.Clone(ids))) != len(ids):
		return nil, fmt.Errorf("set up guard: a server is listed twice: %v", ids)
	case c.Incarnation == 0:
		return nil, errors.New("set up guard: the incarnation is missing")
	}
	if err := c.Timers.Check(); err != nil {
		return nil, fmt.Errorf("set up guard: %w", err)
	}
	return &zone{Timers: c.Timers, self: int8(self), ids: ids, quorum: majority(len(ids)), inc: c.Incarnation, name: fmt.Sprint(ids)}, nil
}

// index returns the place of a server in all tables.
func (z *zone) index(id int) (int8, bool) {
	i, found := slices.BinarySearch(z.ids, id)
	return int8(i), found
}

func majority(servers int) int { return servers/2 + 1 }
