package runbook

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/spec"
	"github.com/oneha/oneha/internal/target"
)

// handOver takes the services from systemd and puts the secrets in their places.
func (b *book) handOver() []Step {
	var unitNames []string
	for _, u := range b.units {
		unitNames = append(unitNames, u+suffix(u))
	}
	list := strings.Join(unitNames, " ")
	commands := []string{"systemctl disable --now " + list}
	if len(b.with) > 0 {
		with := strings.Join(b.with, " ")
		commands = append(commands, "for u in "+with+"; do systemctl disable --now $u; done") // one by one: some are not installed
		list += " " + with
	}
	return append([]Step{{
		ID: "units", Title: "Stop the services and disable them at boot", On: b.nodes, Interrupt: true,
		Why:       "From here on Pacemaker alone starts and stops them. A unit that systemd starts at boot runs on two nodes at once.",
		Commands:  append(commands, "systemctl is-enabled "+list),
		Expect:    "The last command prints disabled for each that is installed, and ends with 1.",
		Otherwise: "Not every release has what starts with the services, such as opennebula-scheduler. A unit that is static is started by another: find it with systemctl list-dependencies --reverse UNIT and disable that. A unit that is not found belongs to a service that is not installed.",
	}}, b.files()...)
}

// suffix is what a unit's name lacks for systemctl.
func suffix(unit string) string {
	if strings.Contains(unit, ".") {
		return ""
	}
	return ".service"
}

// files are those that the fence devices read on each node.
func (b *book) files() (steps []Step) {
	for _, f := range b.c.Files {
		id := "password-" + strings.Trim(strings.Map(idRune, f.Path), "-")
		if slices.ContainsFunc(steps, func(s Step) bool { return s.ID == id }) {
			continue
		}
		steps = append(steps, Step{
			ID: id, Title: "Write the password file " + f.Path, On: b.nodes,
			Why: "Every node may have to fence every other. The file holds the password and nothing else.",
			Commands: []string{
				"install -d -m 700 " + word(path.Dir(f.Path)),
				"install -m 600 -o root -g root /dev/null " + word(f.Path),
				"stty -echo; IFS= read -r password; stty echo; printf '%s\\n' \"$password\" >" + word(f.Path) + "; unset password",
			},
			Expect:    "The third command waits for the password, shows nothing, and ls -l shows the file with -rw------- root root.",
			Otherwise: "Repeat it: nothing else depends on it yet.",
		})
	}
	for _, name := range []string{"identity_file", "ssl_ca_file", "known_hosts"} {
		seen := map[string]bool{}
		for _, d := range b.c.Fencing {
			for _, o := range d.Options {
				if o.Name != name || seen[o.Value] {
					continue
				}
				seen[o.Value] = true
				mode := map[string]string{"identity_file": "600"}[name]
				if mode == "" {
					mode = "644"
				}
				steps = append(steps, Step{
					ID: name + "-" + strings.Trim(strings.Map(idRune, o.Value), "-"), Title: "Put " + o.Value + " in its place", On: b.nodes,
					Why:       "The option " + name + " of " + d.ID + " names it.",
					Commands:  []string{"chown root:root " + word(o.Value), "chmod " + mode + " " + word(o.Value)},
					Expect:    "The same file on every node.",
					Otherwise: "Copy it from where it was made.",
				})
			}
		}
	}
	return steps
}

func idRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return '-'
}

// configure makes corosync's files, the same on all nodes, and starts the cluster.
func (b *book) configure() []Step {
	steps := []Step{
		{
			ID: "generate", Title: "Generate the configuration", On: []string{b.first},
			Commands:  []string{"oneha check " + word(b.file), fmt.Sprintf("oneha generate %s -o out --format %s,corosync", word(b.file), b.loader)},
			Expect:    "No error from the first command; out/corosync.conf and out/" + b.script() + " from the second.",
			Otherwise: "Each finding says what to do; oneha check --explain RULE says more.",
		},
		{
			ID: "corosync-conf", Title: "Install corosync.conf", On: []string{b.first},
			Commands:  append([]string{"install -m 644 out/corosync.conf /etc/corosync/corosync.conf"}, b.copies("/etc/corosync/corosync.conf")...),
			Expect:    "The same file on every node.",
			Otherwise: "Without ssh between the nodes, carry the file by hand.",
		},
		b.authkey(),
	}
	if b.t.Can(target.CheckConf) {
		steps = append(steps, Step{
			ID: "corosync-check", Title: "Have corosync read its files", On: b.nodes,
			Commands:  []string{"corosync -t"},
			Expect:    "It ends with 0.",
			Otherwise: "It names the line. Most often the node's own address is not among those of the file, or the authkey is missing.",
		})
	}
	if b.qdevice != "" && b.c.QDevice.TLS != "off" {
		steps = append(steps, Step{
			ID: "certificates", Title: "Make the certificates for the quorum device", On: []string{b.first},
			Why:       "The nodes and " + b.qdevice + " trust each other by them. The command works over ssh as root.",
			Commands:  []string{fmt.Sprintf("corosync-qdevice-net-certutil -Q -n %s %s %s", b.c.Name, b.qdevice, strings.Join(b.nodes, " "))},
			Expect:    "It ends with 0, and /etc/corosync/qdevice/net/nssdb is on every node.",
			Otherwise: "corosync-qdevice-net-certutil(8) has the same in single steps, for hosts without ssh as root.",
		})
	}
	return append(steps, b.start()...)
}

// copies copies a file from the first node to the others.
func (b *book) copies(file string) (commands []string) {
	for _, n := range b.other {
		commands = append(commands, fmt.Sprintf("scp -p %s root@%s:%s", file, n, file))
	}
	return commands
}

func (b *book) authkey() Step {
	keygen := "corosync-keygen"
	if !b.t.Can(target.Knet) {
		keygen = "corosync-keygen -l" // older ones wait for the random numbers of a console's user
	}
	return Step{
		ID: "authkey", Title: "Make the cluster's key", On: []string{b.first},
		Why:       "It encrypts what the nodes tell each other. One key for all nodes, made once.",
		Commands:  append([]string{keygen}, b.copies("/etc/corosync/authkey")...),
		Expect:    "/etc/corosync/authkey on every node, the same, with -r-------- root root.",
		Otherwise: "On nodes with different keys corosync starts, and never sees the others.",
	}
}

// start is the cluster's first.
func (b *book) start() []Step {
	quorum := "Quorate: Yes, and every node in the list."
	if len(b.nodes) == 2 && b.qdevice == "" {
		quorum = "Quorate: Yes, the flags 2Node and WaitForAll, and both nodes in the list."
	}
	steps := []Step{{
		ID: "start", Title: "Start corosync and Pacemaker", On: b.nodes,
		Why:       "On all nodes within a minute or so: a cluster that starts for the first time waits for all.",
		Commands:  []string{"systemctl enable --now corosync pacemaker"},
		Expect:    "systemctl is-active corosync pacemaker prints active twice.",
		Otherwise: "journalctl -u corosync -u pacemaker says why.",
	}}
	if b.qdevice != "" {
		steps = append(steps, Step{
			ID: "qdevice", Title: "Start the client of the quorum device", On: b.nodes,
			Commands:  []string{"systemctl enable --now corosync-qdevice", "corosync-qdevice-tool -s"},
			Expect:    "State: Connected.",
			Otherwise: "Check that TCP " + fmt.Sprint(target.PortQNetd) + " of " + b.qdevice + " can be reached, and the certificates.",
		})
		quorum = "Quorate: Yes, every node in the list, and Qdevice with a vote."
	}
	steps = append(steps, Step{
		ID: "membership", Title: "See the members", On: b.nodes,
		Commands:  []string{"corosync-quorumtool -s", "corosync-cfgtool -s", "crm_mon -1"},
		Expect:    quorum + " Each link is connected to each node. crm_mon shows all nodes online, and no resource.",
		Otherwise: "A node alone: compare corosync.conf and authkey (sha256sum), and the firewall. Nodes under two names: /etc/hosts and uname -n. Nodes that are not yours, offline: what the packages started was not removed; crm_node --force --remove NAME.",
	})
	if b.loader == "pcs" {
		steps = append(steps, b.pcsd()...)
	}
	return steps
}

// pcsd lets pcs on one node reach the others.
func (b *book) pcsd() []Step {
	auth := "pcs host auth -u hacluster"
	for _, n := range b.c.Nodes {
		auth += " " + n.Name + " addr=" + n.Addrs[0].String()
	}
	if !b.t.Can(target.HostAuth) {
		auth = "pcs cluster auth -u hacluster " + strings.Join(b.nodes, " ")
	}
	return []Step{
		{
			ID: "hacluster", Title: "Let pcs reach the other nodes: the account", On: b.nodes, Optional: true,
			Why:       "For commands such as pcs cluster stop --all. Nothing in this runbook needs it.",
			Commands:  []string{"passwd hacluster", "systemctl enable --now pcsd"},
			Expect:    "passwd asks for a password twice; give the same on every node.",
			Otherwise: "Leave it out, and name a node by logging in to it.",
		},
		{
			ID: "host-auth", Title: "Let pcs reach the other nodes: the tokens", On: []string{b.first}, Optional: true,
			Commands:  []string{auth},
			Expect:    "It asks for the password of hacluster, and says Authorized for each node.",
			Otherwise: "Check TCP " + fmt.Sprint(target.PortPCSD) + " between the nodes, and the password.",
		},
	}
}

// load puts the resources into the cluster.
func (b *book) load() []Step {
	load := Step{
		ID: "load", Title: "Load the resources", On: []string{b.first},
		Why:       "All at once: nothing starts half configured.",
		Commands:  []string{"cibadmin --query >/root/cib.before.xml", "sh out/" + b.script()},
		Expect:    "It ends with 0; the services start on one node.",
		Otherwise: "The configuration is as it was. The last line of pcs says why: mend that, and repeat.",
	}
	if b.loader == "crm" {
		load.Commands[1] = "crm configure load update out/" + b.script()
		load.Otherwise = "The configuration is as it was. The crm shell says why: mend that, and repeat."
	}
	steps := []Step{load}
	if stored := b.stored(); len(stored) > 0 {
		steps = append(steps, Step{
			ID: "secrets", Title: "Store the secrets outside the configuration", On: []string{b.first},
			Why:       "The configuration holds only a mark in their place.",
			Commands:  stored,
			Expect:    "Each command waits for the value, and ends with 0.",
			Otherwise: "cibsecret(8); it needs ssh between the nodes.",
		})
	}
	return steps
}

// stored are the commands for the options that cibsecret keeps.
func (b *book) stored() (commands []string) {
	for _, d := range b.c.Fencing {
		for _, o := range d.Options {
			if o.Value == spec.StoredSecret {
				commands = append(commands, fmt.Sprintf("stty -echo; cibsecret set %s %s; stty echo", d.ID, o.Name))
			}
		}
	}
	return commands
}
