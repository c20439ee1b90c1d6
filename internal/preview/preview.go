// Package preview says what a cluster will do in a failure, before it happens, and
// where the time goes.
//
// What happens is asked of Pacemaker's own scheduler (crm_simulate), never guessed: [Failures]
// lists what may happen to the cluster of a CIB, [Run] lets each happen to a
// healthy copy of it and reads what the scheduler answers. How long it takes the
// scheduler does not know: a [Budget] has the figures, of the CIB, of corosync.conf and, where
// nobody measured, usual ones, each with its origin, and counts them along the
// scheduler's own graph of what waits for what.
//
// Two things the scheduler leaves to others are added here: a fencing that fails
// (the fencer's affair) stops everything in the graph that waits for it; and a node
// that lost its peers has quorum or not as corosync counts votes.
//
// The package knows nothing of descriptions. Its only input and output is through
// pacemaker.Tools.
package preview
