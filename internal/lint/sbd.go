package lint

import "slices"

// sbdUnit is the unit of the daemon that fences by a shared disk or a watchdog.
const sbdUnit = "sbd.service"

// strayDaemon looks for an sbd that came with a package: it has no disk, and no
// configuration counts on a watchdog.
func strayDaemon(w *world, r *report) {
	n := w.Node
	u, ok := n.unit(sbdUnit)
	if !ok || u.Boot != "enabled" || n.SBDDevice != "" || slices.ContainsFunc(w.sides, (*side).watchdogOnly) {
		return
	}
	r.add(n.place(), "sbd is enabled at boot and has no SBD_DEVICE, and the cluster does not fence by a watchdog: Pacemaker requires sbd and does not start when it fails", "systemctl disable sbd")
}
