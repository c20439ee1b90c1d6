// Package random plays random sequences of operations against the resource
// agents and compares what happens with a model: starts, stops, probes and
// recurring monitors, agents killed in the middle, and a hand that interferes.
// No exit code may be wrong and nothing may be left over.
//
// The agents are the installed programs, called as Pacemaker calls them. The vip
// agent runs in network namespaces, the service agents in a booted machine of the
// lab with a real systemd.
//
//	go test ./test/random                              1,000 sequences, always the same ones
//	go test ./test/random -sequences 20000 -seed now   a campaign
//	go test ./test/random -run 'TestVIP$' -seed 4711      one sequence, as a failure prints it
//
// A sequence that fails is shortened to the steps that it takes before it is
// printed.
package random
