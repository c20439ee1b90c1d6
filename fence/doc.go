// Package fence is the ClusterLabs FenceAgentAPI as a Go contract.
//
// A fence agent is a value: its options are declared once, as data, and it
// gives the contract a Device. Reading options from standard input or the
// command line, validation, metadata, the delay, "off, seen off, then on",
// polling, retries, messages and exit codes live here, once.
//
// Two rules stand above drop-in compatibility with the stock agents:
//
//   - A power command is sent only when the action was understood. An unknown
//     or malformed action, or one that is missing beside a line that was not
//     understood, ends with exit code 1 and an untouched device.
//   - Off is a success only after the device itself said that the power is off.
//
// The package imports only the standard library.
//
// # An agent of your own
//
// The directory examples/fence-agent of this module is a whole one, to start from. It
// declares an Agent and implements Device, and keeps four rules:
//
//   - Power says what the device says now, never what was asked of it, and an error
//     when that is neither on nor off.
//   - SetPower asks, and does not wait: the caller polls.
//   - Open wraps ErrLogin when the credentials were refused, so that no account is
//     locked by repetition.
//   - Every call gives up when its context ends.
//
// The device switches one machine. One that switches many is given to the cluster once
// for each, as the agents of this project are.
//
// # Stability
//
// The package follows the module's semantic version: before 1.0 a minor release may
// change what is exported, and CHANGELOG.md says how to follow; from 1.0 on nothing is
// taken away. Structs may get more fields at any time, so write literals with the names
// of their fields; Device keeps its three methods, and what more a device can do is an
// interface of its own, as Interrupter. What the cluster sees of an agent that does not
// change does not change either: options, defaults, exit codes, the two rules above. Not
// promised are the wording of messages and the layout of metadata within their schema.
package fence
