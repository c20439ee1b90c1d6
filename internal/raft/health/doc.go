// Package health is how a zone under Raft is.
//
// Gather asks everything that can be asked over the network, all servers at once
// and each with a deadline of its own: every oned for its place in Raft and for
// its list of servers, every guard for its lease, and the floating addresses for
// who answers there. What it finds is a Picture. Judge is pure: it says which of
// the servers is leader in truth, and what is wrong, by a table of rules. A Picture
// never holds what nobody said: what is not known is an Answer other than Answers,
// or a nil, and no rule takes it for a yes or a no.
//
// What leader means: STATE=3 of one.zone.raftstatus proves nothing, because a leader
// that lost its majority stays leader. The rightful leader is the one with the
// highest term, if with it a majority of the zone's servers say that they are in
// that term.
package health
