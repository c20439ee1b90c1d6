// Package raftrounds does harm to zones under Raft, at random and round after round,
// and watches the floating address: three servers of package fakezone, with `oneha
// raft guard` and `oneha raft hook` as people install them, or, as the control, with a
// hook that does what OpenNebula's own vip.sh does. Both get the same rounds.
//
// In a round one or two faults begin, last some seconds and are mended: oned or the
// guard or both are killed, ended, frozen; servers are cut off in every shape, in one
// direction as well; frames get lost or come late; hooks come late; the clock that
// oned's timers follow jumps.
//
// All the time a sampler looks every 20 ms into the kernel of every server: two must
// never have the address, whatever happens. An observer looks who is leader by right,
// see rightful: the address has to be there once that lasts longer than Bound.
//
// What the clock of a machine does to a guard is not among the faults: guards use
// CLOCK_BOOTTIME, which nobody can set, and no namespace can move while a process runs.
// Only how a guard numbers its starts looks at the wall clock, and unit tests do that.
//
//	go test ./test/raftrounds -v                                    10 rounds, as make test does
//	ONEHA_ROUNDS=100 ONEHA_SEED=7 go test ./test/raftrounds -v -timeout 40m
package raftrounds
