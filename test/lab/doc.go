// Package lab runs the real cluster software on one machine: Pacemaker,
// Corosync, systemd, pcs, crmsh, the stock agents and simulated BMCs, in
// containers that overlay a Debian root file system of their own. Nothing of it
// is installed on the host.
//
// A Lab offers three levels:
//
//   - Run: one command in a disposable overlay with its own process, network
//     and mount namespaces, without systemd;
//   - Boot: one machine with systemd as PID 1, in which commands run;
//   - Up: the cluster that a spec file describes, configured by nothing but
//     what cib.Generate writes, with a switch, one ipmi_sim per node whose
//     power-off really kills the node, and a sampler that listens on the switch.
//
// Close removes everything: processes (by control group), mounts, network
// namespaces and state. What a killed harness left behind is removed by the
// next Open with the same prefix, or by Remove.
//
// The package needs root, Linux with cgroup version 2 (alone or beside
// version 1), overlayfs, mmdebstrap and systemd-nspawn.
package lab
