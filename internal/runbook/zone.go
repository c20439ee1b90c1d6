package runbook

import (
	"fmt"
	"strings"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/spec"
)

// zoneBook is what the chapters of a zone are written from.
type zoneBook struct {
	z       *spec.Zone
	file    string
	servers []string
	first   spec.ZoneServer
}

// BuildZone writes the runbook of a zone under Raft: the steps by hand, as OpenNebula's
// documentation has them, and the command of ours that does several of them.
func BuildZone(c spec.Cluster, opt Options) Runbook {
	b := zoneBook{z: c.Zone, file: opt.File, first: c.Zone.Servers[0]}
	if b.file == "" {
		b.file = "oneha.yaml"
	}
	for _, s := range c.Zone.Servers {
		b.servers = append(b.servers, s.Name)
	}
	on := "OpenNebula"
	if c.Zone.Release != "" {
		on += " " + c.Zone.Release
	}
	book := Runbook{
		Cluster: c.Name, Mode: string(spec.Raft), Target: on, On: on, Notes: b.notes(),
		Chapters: []Chapter{
			{"Before", b.before()},
			{"Install", b.install()},
			{"The first server", b.lead()},
		},
	}
	for _, s := range c.Zone.Servers[1:] {
		book.Chapters = append(book.Chapters, Chapter{"Add " + s.Name, b.add(s)})
	}
	book.Chapters = append(book.Chapters, Chapter{"Prove it", b.prove()}, Chapter{"The way back", b.back()})
	return book
}

func (b *zoneBook) notes() (notes []string) {
	notes = append(notes, "A command under \"All of this chapter in one command\" does its steps by itself, refuses when the zone is not healthy, and goes on where it was interrupted. With --dry-run it shows each step.")
	if len(b.z.Servers) > 1 {
		notes = append(notes, "One server at a time: from server-add until the new server has started it counts and does not vote. With two servers both have to run.")
	}
	if len(b.z.Servers) == 1 {
		notes = append(notes, "A single server is no high availability yet.")
	}
	if b.z.Database == "sqlite" {
		notes = append(notes, "The database is SQLite. OpenNebula's documentation recommends MySQL or MariaDB for zones under Raft; onezone serversync works with these alone.")
	}
	if b.z.ID != 0 {
		notes = append(notes, "The zone is part of a federation: FEDERATION in oned.conf keeps its MODE and MASTER_ONED.")
	}
	return notes
}

// grpc reports whether oned listens for gRPC too.
func (b *zoneBook) grpc() bool { return b.z.Release != "" && !one.Before(b.z.Release, "7.2") }

func (b *zoneBook) before() []Step {
	ports := "2633"
	if b.grpc() {
		ports += ", 2634"
	}
	ports += fmt.Sprintf(" and %d", b.z.Port)
	steps := []Step{
		{
			ID: "same", Title: "See that the servers are alike", On: b.servers,
			Why:       "The same release of OpenNebula, the same account, clocks in step. Each server has its own database, on itself.",
			Commands:  []string{"oned -v | head -n 1", "id oneadmin", "timedatectl | grep synchronized", "systemctl is-enabled pacemaker corosync"},
			Expect:    "The same release and the same numbers everywhere, synchronized: yes, and no unit that is enabled.",
			Otherwise: "Mend it first: two releases cannot share a log, files copied between servers belong to whoever has the number, and oned holds elections by the wall clock.",
		},
		{
			ID: "ports", Title: "Let the servers reach each other", On: b.servers,
			Why:       "TCP " + ports + ", by their own addresses: votes, the log, and the guards.",
			Commands:  []string{b.eachServer(`timeout 3 bash -c "</dev/tcp/ADDRESS/2633" && echo ADDRESS reached`)},
			Expect:    "Servers whose oned runs are reached.",
			Otherwise: "Open the ports in the firewall between the servers.",
		},
	}
	for i, v := range b.z.VIPs {
		a := v.Address.Addr()
		probe := "arping -D -c 3 -w 5 -I " + v.NIC + " " + a.String()
		if a.Is6() {
			probe = "ping -6 -c 3 -W 2 -I " + v.NIC + " " + a.String()
		}
		id := "vip"
		if i > 0 {
			id = fmt.Sprintf("vip-%d", i+1)
		}
		steps = append(steps, Step{
			ID: id, Title: "See that " + a.String() + " is free", On: b.servers[:1],
			Commands:  []string{probe, "ip -brief address show dev " + v.NIC},
			Expect:    "Nobody answers, and " + v.NIC + " is up, with an address in " + v.Address.Masked().String() + ".",
			Otherwise: "Take the address from whoever answers, or give vip another one.",
		})
	}
	return steps
}

// eachServer is a loop over the addresses of all servers.
func (b *zoneBook) eachServer(command string) string {
	var all []string
	for _, s := range b.z.Servers {
		all = append(all, s.Addr.String())
	}
	return "for a in " + strings.Join(all, " ") + "; do " + strings.ReplaceAll(command, "ADDRESS", "$a") + "; done"
}

func (b *zoneBook) install() []Step {
	steps := []Step{
		{
			ID: "description", Title: "Put the description on every server", On: b.servers,
			Why:       "The guard and the hooks read it there.",
			Commands:  []string{"install -D -m 644 " + word(b.file) + " /etc/oneha/oneha.yaml", "oneha check /etc/oneha/oneha.yaml"},
			Expect:    "The same file on every server, and no error.",
			Otherwise: "Each finding says what to do; oneha check --explain RULE says more.",
		},
		{
			ID: "generate", Title: "Generate what the configuration has to say", On: b.servers[:1],
			Commands:  []string{"oneha generate " + word(b.file) + " -o out", "oneha generate " + word(b.file) + " -o patches --from /etc/one"},
			Expect:    "A directory for each server: in out the texts that belong into its files, in patches the same for the files as they are on this machine. Copy both directories to the other servers.",
			Otherwise: "With a mistake in a file of /etc/one, the finding names its line.",
		},
	}
	if len(b.z.VIPs) > 0 {
		steps = append(steps, Step{
			ID: "sudoers", Title: "Let oned call the hooks", On: b.servers,
			Why:       "oned runs as oneadmin, and moving an address needs root.",
			Commands:  []string{"visudo -cf out/sudoers-oneha-raft", "install -m 440 -o root -g root out/sudoers-oneha-raft " + zoneconf.SudoersFile, "sudo -u oneadmin sudo -n -l | grep 'oneha raft hook'"},
			Expect:    "parsed OK, and the commands in the list.",
			Otherwise: "Remove the file at once when visudo complains: with a mistake in it sudo refuses everything.",
		})
	}
	return steps
}
