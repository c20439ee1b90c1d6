// Package hostlab proves the host error hook on machines: a front-end, on which the
// installed oneha runs as OpenNebula's hook manager runs it, and eleven hypervisors with a
// BMC each. The hypervisors are containers with systemd and nothing else; what switches
// them is ipmi_sim, and when it cuts the power, every process of the machine is dead and
// its addresses are gone. The cloud is a fake (fakeone) that is a process on the
// front-end and writes every call down by the clock that the BMCs' log has, too.
//
// With ONEHA_HOSTLAB=all a hundred hooks are killed instead of twenty.
package hostlab
