package runbook

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/target"
)

// before is what has to be so before anything is installed.
func (b *book) before() []Step {
	steps := []Step{
		{
			ID: "names", Title: "The nodes know each other by name", On: b.nodes,
			Why:       "A node's name in the configuration is what uname prints on it.",
			Commands:  []string{"uname -n", "getent hosts " + strings.Join(b.nodes, " ")},
			Expect:    "uname prints the node's name as in the description, and getent an address for each of " + and(b.nodes) + ".",
			Otherwise: "Set the name with hostnamectl, and add the missing names to /etc/hosts on every node.",
		},
		{
			ID: "database", Title: "The database is outside, or replicated", On: b.nodes,
			Why:       "oned runs on one node at a time and needs the same database on each. SQLite, or a MySQL that only one node has, is gone with its node.",
			Commands:  []string{"grep -A 12 '^ *DB *=' /etc/one/oned.conf | grep -E 'BACKEND|SERVER|DB_NAME'"},
			Expect:    "The same mysql backend on every node, with a server address that is no node's own.",
			Otherwise: "Move the database first. Also the same on every node: /etc/one, /var/lib/one/.one, the uid of oneadmin, and the datastores, as shared storage.",
		},
		b.time(),
	}
	if len(b.c.Fencing) > 0 {
		steps = append(steps, Step{
			ID: "power", Title: "Each node can be powered off from the others", On: b.nodes,
			Why:       "Everything depends on it: a node that is lost is powered off before its services start elsewhere.",
			Expect:    "Each BMC, or other fence device, can be reached from every node, and its account may switch power.",
			Otherwise: "Mend that first. The chapter \"Prove it\" asks every device again.",
		})
	}
	return steps
}

func (b *book) time() Step {
	unit, pkg := b.r.TimeUnit()
	return Step{
		ID: "time", Title: "The clocks agree", On: b.nodes,
		Why:       "Tokens of OpenNebula, logs and failure timeouts depend on the time.",
		Commands:  []string{"timedatectl | grep -i 'synchronized: yes'"},
		Expect:    "One line that says yes.",
		Otherwise: fmt.Sprintf("Install and enable a time service: %s %s && systemctl enable --now %s; then wait a minute.", b.r.Install(), pkg, unit),
	}
}

// packages are what a node needs.
func (b *book) packages() []string {
	p := []string{"corosync", "pacemaker"}
	if b.r.Family == target.Debian {
		p = append(p, "pacemaker-cli-utils")
	}
	p = append(p, map[string]string{"pcs": "pcs", "crm": "crmsh"}[b.loader])
	if b.usesStock() {
		p = append(append(append(p, b.r.ResourceAgents...), b.r.FenceAgents...), "ipmitool")
	}
	if b.qdevice != "" {
		p = append(p, "corosync-qdevice")
	}
	return p
}

// install is the software on all machines, and the ports it hears on.
func (b *book) install() (steps []Step) {
	if b.exact && len(b.r.Repository) > 0 {
		choice := ""
		if len(b.r.Repository) > 1 {
			choice = " Type the line for your distribution: the first is Red Hat's own."
		}
		steps = append(steps, Step{
			ID: "repository", Title: "Make the cluster's packages available", On: b.nodes,
			Why:       "They are an add-on of the distribution." + choice,
			Commands:  b.r.Repository,
			Expect:    "The repository is listed as enabled.",
			Otherwise: "See the distribution's manual for its high availability add-on, which may need a subscription.",
		})
	}
	var commands []string
	if b.r.Update() != "" {
		commands = append(commands, b.r.Update())
	}
	steps = append(steps, Step{
		ID: "packages", Title: "Install the cluster's software", On: b.nodes,
		Commands:  append(commands, b.r.Install()+" "+strings.Join(b.packages(), " ")),
		Expect:    "Every package is installed: " + b.versions() + ".",
		Otherwise: "A package that is not found points to a repository that is missing.",
	})
	oneha := Step{
		ID: "oneha", Title: "Install oneha", On: b.nodes,
		Why:       "The agents that Pacemaker runs have to be on every node.",
		Commands:  []string{"oneha version", "ls /usr/lib/ocf/resource.d/opennebula"},
		Expect:    "The same version on every node, and the agents " + and([]string{"vip", "oned"}) + " among those that are listed.",
		Otherwise: "Install the package of the same release on every node.",
	}
	if !b.needsOneha() {
		oneha.On, oneha.Why, oneha.Commands = []string{b.first}, "Only the command is needed, and only on one machine: the description uses the distribution's agents.", oneha.Commands[:1]
		oneha.Expect, oneha.Otherwise = "A version.", "Install the package, or run oneha elsewhere and copy the files that it writes."
	}
	steps = append(steps, oneha)
	if b.r.StartsOnInstall() {
		steps = append(steps, Step{
			ID: "stop-defaults", Title: "Stop the cluster that the packages started", On: b.nodes,
			Why:       "The distribution starts corosync and Pacemaker with a configuration of its own, and each node is then a cluster of one. What that left behind must not become part of yours.",
			Commands:  []string{"systemctl stop pacemaker corosync", "find /var/lib/pacemaker/cib -type f -delete"},
			Expect:    "systemctl is-active pacemaker corosync prints inactive twice.",
			Otherwise: "Where a cluster of yours runs on these machines already, stop here: this runbook makes a new one, and the second command deletes the configuration of the old.",
		})
	}
	return append(append(steps, b.firewall()...), b.qnetd()...)
}

func (b *book) versions() string {
	var list []string
	for _, tool := range target.Tools {
		if b.t.Version(tool).Known() && (tool != target.PCS || b.loader == "pcs") && (tool != target.Crmsh || b.loader == "crm") {
			list = append(list, string(tool)+" "+b.version(tool))
		}
	}
	return strings.Join(list, ", ")
}

// firewall opens what corosync and pcsd hear on.
func (b *book) firewall() (steps []Step) {
	first, last := b.t.CorosyncPorts(b.links)
	ports := fmt.Sprintf("UDP %d", first)
	if last > first {
		ports = fmt.Sprintf("UDP %d to %d", first, last)
	}
	what := "corosync (" + ports + ")"
	commands := b.r.Open("udp", first, last, b.peers...)
	if b.loader == "pcs" {
		what += fmt.Sprintf(" and pcsd (TCP %d)", target.PortPCSD)
		commands = append(commands, b.r.Open("tcp", target.PortPCSD, target.PortPCSD, b.peers...)...)
	}
	step := Step{
		ID: "firewall", Title: "Let the nodes reach each other", On: b.nodes,
		Why:       "The nodes talk by way of " + what + ". The floating IP needs the ports of OpenNebula's own services, as before.",
		Commands:  once(commands),
		Expect:    "The firewall says that it did so.",
		Otherwise: "Where another firewall guards the machines, open the same ports there.",
	}
	switch b.r.Firewall {
	case target.NoFirewall:
		step.Expect, step.Otherwise = "The distribution has no firewall unless you made one.", "With one of yours, let these ports in from "+and(b.peers)+"."
	case target.UFW:
		step.Otherwise = "Where ufw is inactive (ufw status), the rules wait for it and do no harm."
	}
	return []Step{step}
}

// once drops commands that are repeated, keeping the last of them.
func once(commands []string) (kept []string) {
	for i, c := range commands {
		if !slices.Contains(commands[i+1:], c) {
			kept = append(kept, c)
		}
	}
	return kept
}

// qnetd is the quorum device's own machine.
func (b *book) qnetd() []Step {
	if b.qdevice == "" {
		return nil
	}
	return []Step{{
		ID: "qnetd", Title: "Set up the quorum device", On: []string{b.qdevice},
		Why:       fmt.Sprintf("It gives the third vote. It is no node, and hears on TCP %d. The commands are for %s.", target.PortQNetd, b.r.Title),
		Commands:  append(append([]string{b.r.Install() + " corosync-qnetd"}, b.r.Open("tcp", target.PortQNetd, target.PortQNetd, b.peers...)...), "systemctl enable --now corosync-qnetd"),
		Expect:    "systemctl is-active corosync-qnetd prints active.",
		Otherwise: "journalctl -u corosync-qnetd says why.",
	}}
}
