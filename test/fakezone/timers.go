package fakezone

import (
	"slices"
	"time"
)

// Timers are how long things take in a zone.
type Timers struct {
	Load   time.Duration // from the start of the process to Raft's, and to the first follower hook
	Open   time.Duration // from the start of the process to the port
	WarmUp time.Duration // from Raft's start, before Election begins to run
	Stop   time.Duration // from SIGTERM to the end of the process; the port closes at once

	Election  time.Duration // ELECTION_TIMEOUT_MS
	Broadcast time.Duration // BROADCAST_TIMEOUT_MS: between heartbeats
	XMLRPC    time.Duration // XMLRPC_TIMEOUT_MS: of calls to other servers

	LogRetention int           // LOG_RETENTION: records of the log that are kept
	LogPurge     time.Duration // LOG_PURGE_TIMEOUT: between purges, in whole seconds
}

// Real are the times of a zone of release 6.10.5 with the RAFT vector that
// OpenNebula ships, as three servers that start at once were seen to take.
func Real() Timers {
	return Timers{
		Load: time.Second, Open: 9200 * time.Millisecond, WarmUp: 15 * time.Second, Stop: 7400 * time.Millisecond,
		Election: 5 * time.Second, Broadcast: 500 * time.Millisecond, XMLRPC: time.Second,
		LogRetention: 250000, LogPurge: time.Minute,
	}
}

// Fast are the same, ten times as fast; what is in them about the log is not.
func Fast() Timers {
	t := Real()
	for _, d := range []*time.Duration{&t.Load, &t.Open, &t.WarmUp, &t.Stop, &t.Election, &t.Broadcast, &t.XMLRPC} {
		*d /= 10
	}
	return t
}

// Deviation is something that OpenNebula was seen to do and that Raft, or reason,
// would not. A zone does all of them; Options.Without leaves some out.
type Deviation string

// What was seen.
const (
	// LeaderStaysWithoutMajority: a leader whose followers are gone stays leader
	// for ever. Left out, it steps down after an election timeout.
	LeaderStaysWithoutMajority Deviation = "leader-stays-without-majority"
	// CandidateIgnoresTerm: a candidate without a majority closes its port at
	// SIGTERM and goes on asking for votes; only SIGKILL ends it.
	CandidateIgnoresTerm Deviation = "candidate-ignores-term"
	// HooksOverlap: hooks run side by side and end in any order. Left out, one
	// waits for the one before it.
	HooksOverlap Deviation = "hooks-overlap"
	// SameTimeout: the first election has no random part, so that candidates
	// collide. Left out, up to one more timeout is added.
	SameTimeout Deviation = "same-timeout"
	// FollowersHang: a follower passes calls on to the leader and waits as long as
	// the leader takes. Left out, it gives up after XMLRPC_TIMEOUT_MS.
	FollowersHang Deviation = "followers-hang"
)

// Deviations are all that there are.
var Deviations = []Deviation{LeaderStaysWithoutMajority, CandidateIgnoresTerm, HooksOverlap, SameTimeout, FollowersHang}

func (d Deviation) known() bool { return slices.Contains(Deviations, d) }
