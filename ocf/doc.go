// Package ocf is the OCF Resource Agent API 1.1 as a Go contract.
//
// An agent is a value: its parameters and actions are declared once, as data,
// and reading the environment, validation, metadata, logging and exit codes
// follow from the declaration. Actions return errors that know their exit code;
// nothing but Main exits.
//
// The package knows nothing of any particular resource and imports only the
// standard library.
//
// # An agent of your own
//
// The directory examples/agent of this module is a whole one, to start from. Three
// rules of the API are the agent's own to keep, for no library can:
//
//   - Start of what runs and stop of what is stopped succeed. The cluster repeats
//     both.
//   - Stop returns nil only when the resource is stopped for certain. A stop that
//     fails has the node fenced, which is right; one that lies runs the resource
//     twice.
//   - Monitor changes nothing, and returns NotRunning only when that is proved.
//     Before anything is started it is called on every node, as a probe.
//
// A test of the agent calls Agent.Check, its actions with NewRequest, and Run as
// the cluster would; ocf-tester of the package resource-agents does the rest.
//
// # Stability
//
// The package follows the module's semantic version: before 1.0 a minor release may
// change what is exported, and CHANGELOG.md says how to follow; from 1.0 on nothing is
// taken away. Structs may get more fields at any time, so write literals with the names
// of their fields. What the cluster sees of an agent that does not change does not change
// either: names, defaults, exit codes, what is read from the environment. Not promised
// are the wording of messages and the layout of metadata within their schema.
package ocf
