// Package fakezone is a fake of an OpenNebula zone under Raft, for tests of what
// stands around one: N servers, each a process in a network namespace of its own,
// with Raft inside and OpenNebula's XML-RPC outside. It is not OpenNebula: it
// manages nothing, and it shares no code with it.
//
// Behaved like (a real release 6.10.5 was watched): the times from the start to
// the port, the follower hook and the first election; one election timeout for
// all, so that candidates collide; votes asked for one after the other; a random
// wait between rounds; a first heartbeat up to one tick after the election, so
// that a leader can be outvoted milliseconds after it won; hooks that nobody
// waits for and nothing puts in order; a leader that stays leader without a
// majority, and commits late what it could not replicate; followers that hang
// while the leader hangs; a candidate that ignores SIGTERM; the lock file; the
// answers of one.zone.* and one.system.version, byte for byte; the log, its
// window, and a follower that fell out of it. What of this is against Raft or
// against reason can be left out, see Deviation.
//
// Not behaved like: servers talk by methods of the fake's own
// (one.fake.replicate, one.fake.vote); what is in the tables of the database is
// the fake's (see Store); a heartbeat carries the commit index; federation, gRPC,
// drivers, users other than one; whatever was not captured says so where it
// stands. Hooks run as the user that the fake runs as.
//
// A clock that jumps is that of a oned alone (Zone.StepClock): the machine's own
// belongs to everybody. What goes by CLOCK_BOOTTIME cannot be moved at all, but for
// time namespaces, and there only before a process starts.
//
// Servers have the numbers 0 to N-1, in calls as in the zone. Each is a
// self-contained installation (ONE_LOCATION) in a directory of its own.
package fakezone
