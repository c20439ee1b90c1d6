package health

import (
	"slices"

	"github.com/oneha/oneha/internal/diag"
)

// Rule is a row of the table.
type Rule struct {
	id       string
	severity diag.Severity
	about    string // what it looks for
	source   string // where it is known from
	find     func(v *view) []Problem
}

// ID names the rule for ever: it is not given to another one.
func (r Rule) ID() string { return r.id }

// About is what the rule looks for.
func (r Rule) About() string { return r.about }

// Source is where what the rule says is known from.
func (r Rule) Source() string { return r.source }

// Rules are all there are, in the order in which somebody sees to what they find:
// without answers nothing is known, without a leader nothing works, without the
// address nobody notices; then what stands between the zone and the next failure.
func Rules() []Rule { return slices.Clone(rules) }

const (
	raftDocs = "OpenNebula, Front-end HA"
	raftCode = "src/raft/RaftManager.cc"
	lease20  = "docs/decisions/0020-raft-vip-lease.md"
	observed = "seen with OpenNebula 6.10.5"
)

var rules = []Rule{
	{"Z01", diag.Error, "no server answers", raftDocs, nobodyAnswers},
	{"Z02", diag.Error, "a server refuses the credentials", observed + ": code 256 is also a lost database", denied},
	{"Z03", diag.Error, "too few servers answer for a leader", raftCode + ": a majority of the zone's servers votes", noMajority},
	{"Z04", diag.Error, "a leader without a majority", observed + ": it stays leader for ever, and its writes wait", noFollowers},
	{"Z05", diag.Error, "no leader although enough servers answer", raftCode + ": an election takes its timeout, candidates collide", noLeader},
	{"Z06", diag.Error, "several leaders", observed + ": a leader that was cut off never steps down; the highest term is right", manyLeaders},
	{"Z07", diag.Error, "a floating IP on several servers", lease20, vipTwice},
	{"Z08", diag.Error, "a floating IP on a server that is not leader", lease20, vipElsewhere},
	{"Z09", diag.Error, "a floating IP nowhere", lease20, vipNowhere},
	{"Z10", diag.Error, "a machine does not answer", raftDocs, machineDark},
	{"Z11", diag.Error, "oned does not run", raftDocs, onedRefuses},
	{"Z12", diag.Error, "oned hangs", observed + ": raftstatus is answered by every oned, in every state", onedHangs},
	{"Z13", diag.Error, "two servers with one SERVER_ID", raftDocs + ": SERVER_ID is unique", sameID},
	{"Z14", diag.Error, "a server runs without Raft", raftDocs + ": SERVER_ID -1 is a server alone", soloServer},
	{"Z15", diag.Error, "a server has another SERVER_ID than the zone has for it", "OpenNebula issue 1609: votes are then counted wrong", wrongID},
	{"Z16", diag.Error, "a server runs with a SERVER_ID that the zone does not have", raftDocs + ": a deleted server goes on and becomes candidate", notInZone},
	{"Z17", diag.Error, "a server is candidate beside a leader", raftCode + ": it does not hear the leader", candidate},
	{"Z18", diag.Error, "a follower of an old term", raftCode + ": a follower adopts the leader's term with its first heartbeat", oldTerm},
	{"Z19", diag.Error, "a follower fell out of the log window", raftDocs + ": restore a fresh backup, then reset", outOfWindow},
	{"Z20", diag.Error, "a follower lags", raftDocs + ": LOG_RETENTION is the window in which a follower catches up", lagging},
	{"Z21", diag.Error, "servers have different lists of servers", raftCode + ": each counts votes by its own", listsDiffer},
	{"Z22", diag.Error, "no server may fail", raftCode + ": votes needed are half of the servers beside one's own", noReserve},
	{"Z23", diag.Error, "a guard does not run", lease20 + ": a server without a guard never votes", guardMissing},
	{"Z24", diag.Error, "a guard hangs", lease20, guardHangs},
	{"Z25", diag.Error, "a guard works for another SERVER_ID than oned", lease20, guardOtherID},
	{"Z26", diag.Error, "a guard takes no part", lease20, guardIdle},
	{"Z27", diag.Error, "a guard counts other servers than the zone has", lease20 + ": guards whose lists differ do not vote for each other", guardLists},
	{"Z28", diag.Error, "the services run elsewhere than the leader", raftDocs + ": flow, gate and hem run on the leader only", servicesAstray},
	{"Z29", diag.Error, "the floating IP does not answer from here", "what a client sees", vipUnreached},
	{"Z30", diag.Error, "the zone is disabled", "onezone disable, since 6.2: reads only", disabled},
	{"Z31", diag.Warning, "the zone's endpoint is not the floating IP", raftDocs + ": the zone's endpoint is the floating address", otherEndpoint},
	{"Z32", diag.Warning, "a server has another endpoint in the zone than in the description", "the description and one.zone.info", endpointsDiffer},
	{"Z33", diag.Warning, "a described server is not in the zone", "the description and one.zone.info", notJoined},
	{"Z34", diag.Warning, "a server of the zone is not described", "the description and one.zone.info", notDescribed},
	{"Z35", diag.Warning, "an even number of servers", raftDocs + ": odd numbers; the fourth tolerates no more than three do", evenNumber},
	{"Z36", diag.Warning, "clocks differ", raftCode + ": timers run by the wall clock; a step is an election", clocksDiffer},
	{"Z37", diag.Warning, "a guard has something to say", "its own words", guardTrouble},
	{"Z38", diag.Warning, "a server has another ID in the zone than in the description", "one.zone.addserver gives each server a new ID", otherID},
	{"Z39", diag.Error, "there is no zone yet", raftDocs + ": the first server starts alone", noZone},
}
