// Package incident handles the virtual machines of a host that died: it waits
// whether the host comes back, has its power cut, and brings each machine to where
// the hook was asked to bring it. It takes the place of OpenNebula's ft/host_error.rb
// and speaks in its lines.
//
// What is done with a machine follows from the state it is in, looked up anew before
// every call (Next, a pure function). So a hook that was killed begins again, and goes
// on: what was done shows in the states. A record on disk says that the power was seen
// off, and which call was on its way.
package incident
