package runbook

import (
	"strings"
)

// back is the way to what was before, as long as it is wanted.
func (b *book) back() []Step {
	stop := []string{"systemctl disable --now pacemaker corosync"}
	if b.qdevice != "" {
		stop[0] = "systemctl disable --now pacemaker corosync-qdevice corosync"
	}
	var units []string
	for _, u := range b.units {
		units = append(units, u+suffix(u))
	}
	return []Step{
		{
			ID: "back-configuration", Title: "Back to the configuration before", On: []string{b.first}, Optional: true, Interrupt: true,
			Why:       "When the cluster works and its resources do not.",
			Commands:  []string{"cibadmin --replace --force --xml-file /root/cib.before.xml"},
			Expect:    "crm_mon -1r shows what it showed before the resources were loaded.",
			Otherwise: "A configuration that is older than the cluster's is refused without --force. A resource that does not stop gets its node fenced.",
		},
		{
			ID: "back-stop", Title: "Back to no cluster: stop it", On: b.nodes, Optional: true, Interrupt: true,
			Why:       "On all nodes, before the next step on any.",
			Commands:  stop,
			Expect:    "systemctl is-active pacemaker corosync prints inactive twice on every node; the floating IP is on none (ip address).",
			Otherwise: "A node that hangs while it stops: power it off with its BMC before you go on.",
		},
		{
			ID: "back-services", Title: "Back to no cluster: start the services on one node", On: []string{b.first}, Optional: true,
			Why:       "On one node only. Two oned on one database destroy it.",
			Commands:  []string{"systemctl enable --now " + strings.Join(units, " "), "ip address add " + b.c.VIP.Address.String() + " dev INTERFACE"},
			Expect:    "OpenNebula as before, on this node. INTERFACE is the one in the network of the address; leave the command out when clients can use the node's own.",
			Otherwise: "journalctl -u opennebula says why.",
		},
		{
			ID: "back-packages", Title: "Back to no cluster: remove the software", On: b.nodes, Optional: true,
			Commands:  []string{b.r.Remove() + " " + strings.Join(b.packages(), " ")},
			Expect:    "The packages are gone. /etc/corosync and the password files are still there: remove them when nobody wants them back.",
			Otherwise: "It does no harm to leave them installed and disabled.",
		},
	}
}
