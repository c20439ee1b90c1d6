package runbook

import (
	"fmt"
	"path"
	"strings"

	"github.com/oneha/oneha/internal/raft/zoneconf"
	"github.com/oneha/oneha/internal/shell"
	"github.com/oneha/oneha/internal/spec"
)

// lead makes the first server the leader of a zone of one.
func (b *zoneBook) lead() []Step {
	on := []string{b.first.Name}
	steps := []Step{
		b.oneCommand("init", "oneha raft init", on, "steps up to the one that proves the leader"),
		{
			ID: "solo", Title: "Start it alone", On: on,
			Why:       "oned starts in a zone only with a database that exists, and a server is added by an oned that runs.",
			Commands:  []string{"grep -n SERVER_ID /etc/one/oned.conf", "systemctl start opennebula", "sudo -u oneadmin onezone show " + fmt.Sprint(b.z.ID)},
			Expect:    "SERVER_ID is -1, and the zone has no servers.",
			Otherwise: "Of a zone that has servers already, reset SERVER_ID by the procedure of OpenNebula's documentation, or go on where it stands.",
		},
		{
			ID: "server-add", Title: "Add it to the zone", On: on,
			Commands:  append([]string{b.serverAdd(b.first)}, b.zoneEndpoint()...),
			Expect:    fmt.Sprintf("ID %d in onezone show.", b.first.ID),
			Otherwise: fmt.Sprintf("With another ID, write that into the description (nodes: %s: {id: ...}) and generate anew.", b.first.Name),
		},
		{
			ID: "stop", Title: "Stop it", On: on, Interrupt: true,
			Commands:  []string{"systemctl stop opennebula"},
			Expect:    "systemctl is-active opennebula prints inactive; it takes up to ten seconds.",
			Otherwise: "journalctl -u opennebula says why.",
		},
	}
	steps = append(steps, b.configure(b.first)...)
	return append(steps, b.start(b.first), Step{
		ID: "leader", Title: "See it lead", On: on,
		Why:       "Alone it has every vote. The first election comes some 20 seconds after the start.",
		Commands:  []string{"sudo -u oneadmin onezone show " + fmt.Sprint(b.z.ID), "oneha raft status"},
		Expect:    "leader" + b.holds() + ".",
		Otherwise: "oned.log has everything that Raft says: grep -i raft /var/log/one/oned.log. oneha raft doctor names the next step.",
	})
}

// oneCommand is the step that stands for the others of its chapter.
func (b *zoneBook) oneCommand(id, command string, on []string, does string) Step {
	return Step{
		ID: id, Title: "All of this chapter in one command", On: on, Optional: true, Interrupt: true,
		Why:       "It does the " + does + ".",
		Commands:  []string{command + " --dry-run", command},
		Expect:    "It ends with 0. Go on with the next chapter.",
		Otherwise: "It says which step failed and why. Run it again when that is mended: it goes on there.",
	}
}

// holds says where the floating IPs are.
func (b *zoneBook) holds() string {
	var all []string
	for _, v := range b.z.VIPs {
		all = append(all, v.Address.Addr().String())
	}
	if len(all) == 0 {
		return ""
	}
	return ", and " + and(all) + " on it"
}

// serverAdd is the command that makes a server known to the zone.
func (b *zoneBook) serverAdd(s spec.ZoneServer) string {
	command := fmt.Sprintf("sudo -u oneadmin onezone server-add %d --name %s --rpc %s", b.z.ID, word(s.Name), word(s.Endpoint))
	if b.grpc() {
		host := s.Addr.String()
		if s.Addr.Is6() {
			host = "[" + host + "]"
		}
		command += " -g " + word(host+":2634")
	}
	return command
}

// zoneEndpoint makes the floating IP the endpoint of the zone.
func (b *zoneBook) zoneEndpoint() []string {
	if len(b.z.VIPs) == 0 {
		return nil
	}
	host := b.z.VIPs[0].Address.Addr().String()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return []string{fmt.Sprintf("f=$(mktemp) && chmod 644 $f && echo 'ENDPOINT=\"http://%s:2633/RPC2\"' >$f && sudo -u oneadmin onezone update %d --append $f; rm -f $f", host, b.z.ID)}
}

// configure gives a server its configuration.
func (b *zoneBook) configure(s spec.ZoneServer) []Step {
	var enable, disable []string
	for _, u := range zoneconf.Units(b.z) {
		switch {
		case u.Enable:
			enable = append(enable, u.Name)
		case !u.Either:
			disable = append(disable, u.Name)
		}
	}
	return []Step{
		{
			ID: stepID("configure-", s), Title: "Configure " + s.Name, On: []string{s.Name},
			Why: "FEDERATION, RAFT with all six keys, the hooks, and the addresses that services listen on.",
			Commands: []string{
				"cp -a /etc/one /root/etc-one.$(date +%s)",
				"for f in patches/" + word(s.Name) + "/*.patch; do n=${f##*/}; patch --dry-run /etc/one/${n%.patch} $f || break; done",
				"for f in patches/" + word(s.Name) + "/*.patch; do n=${f##*/}; patch /etc/one/${n%.patch} $f || break; done",
				"oneha check --node /etc/oneha/oneha.yaml",
			},
			Expect:    "Every patch fits, and the last command finds no error but that nothing runs yet.",
			Otherwise: fmt.Sprintf("A patch that does not fit belongs to another file: out/%s has the same as texts to paste.", s.Name),
		},
		{
			ID: stepID("units-", s), Title: "Enable and disable units on " + s.Name, On: []string{s.Name},
			Why: "The guard starts services beside the leader and stops them elsewhere; those that are not enabled it leaves alone.",
			Commands: []string{
				"for u in " + strings.Join(enable, " ") + "; do systemctl cat $u >/dev/null 2>&1 && systemctl enable $u; done",
				"for u in " + strings.Join(disable, " ") + "; do systemctl cat $u >/dev/null 2>&1 && systemctl disable --now $u; done",
			},
			Expect:    "Units that are not installed are passed over; leave out a service that you do not want.",
			Otherwise: "systemctl unmask UNIT, where one is masked.",
		},
	}
}

func (b *zoneBook) start(s spec.ZoneServer) Step {
	return Step{
		ID: stepID("start-", s), Title: "Start " + s.Name, On: []string{s.Name},
		Commands:  []string{"systemctl start " + zoneconf.GuardUnit + " opennebula"},
		Expect:    "systemctl is-active opennebula " + zoneconf.GuardUnit + " prints active twice, after some ten seconds.",
		Otherwise: "journalctl -u opennebula -u " + zoneconf.GuardUnit + " says why. A lock that a killed oned left: rm /var/lock/one/one.",
	}
}

// add makes one more machine a server of the zone.
func (b *zoneBook) add(s spec.ZoneServer) []Step {
	dump, leader := "/var/lib/one/join.sql", word(b.first.Name)
	on, from := []string{s.Name}, []string{b.first.Name}
	steps := []Step{
		b.oneCommand(stepID("join-", s), "oneha raft join "+word(s.Name), from, "steps of this chapter"),
		{
			ID: stepID("leader-", s), Title: "Find the leader", On: from,
			Why:       "The backup has to be the leader's. Where another server leads, do there what is to be done on " + b.first.Name + ".",
			Commands:  []string{"sudo -u oneadmin onezone show " + fmt.Sprint(b.z.ID)},
			Expect:    "One leader, every other server follower, and about the same INDEX.",
			Otherwise: "Do not add a server to a zone that is not healthy: oneha raft doctor.",
		},
		{
			ID: stepID("backup-", s), Title: "Copy the database and the credentials", On: from,
			Why: "A server starts with what the others have, and the log brings what came since.",
			Commands: []string{
				"umask 077; onedb backup -f " + dump,
				"tar -C /var/lib/one -cpf - .one .ssh " + path.Base(dump) + " | " + b.ssh(s, "systemctl stop opennebula; tar -C /var/lib/one -xpf - && chown -R oneadmin:oneadmin /var/lib/one/.one /var/lib/one/.ssh"),
				"rm -f " + dump,
			},
			Expect:    "The dump and the directory on " + s.Name + ", the directory owned by oneadmin, mode 0700.",
			Otherwise: "Repeat it: nothing has changed yet. oneha sync copies the rest of what has to be the same.",
		},
		{
			ID: stepID("restore-", s), Title: "Restore the database", On: on,
			Commands:  b.restore(dump),
			Expect:    "It says that the database was restored.",
			Otherwise: "onedb works only while oned is stopped: systemctl stop opennebula, and rm /var/lock/one/one when it was killed.",
		},
	}
	steps = append(steps, b.configure(s)...)
	return append(steps,
		Step{
			ID: stepID("server-add-", s), Title: "Add " + s.Name + " to the zone", On: from,
			Why:       "From here to the next step the zone waits for a server that does not vote: do not pause.",
			Commands:  []string{b.serverAdd(s)},
			Expect:    fmt.Sprintf("ID %d in onezone show, with state error.", s.ID),
			Otherwise: fmt.Sprintf("With another ID, set SERVER_ID in oned.conf of %s to that before you start it, and write it into the description. To take the server back: onezone server-del %d ID, on %s.", s.Name, b.z.ID, leader),
		},
		b.start(s),
		Step{
			ID: stepID("follower-", s), Title: "See it follow", On: from,
			Commands:  []string{"sudo -u oneadmin onezone show " + fmt.Sprint(b.z.ID), "oneha raft status", "oneha sync --check"},
			Expect:    s.Name + " is follower, and its INDEX comes up to the leader's. The last command names no difference.",
			Otherwise: "A server that stays behind lacks more of the log than is kept: oneha raft reset " + word(s.Name) + ".",
		})
}

// ssh runs a command as root on another server.
func (b *zoneBook) ssh(s spec.ZoneServer, command string) string {
	if b.z.User != "root" {
		command = shell.Quote("sudo", "sh", "-c", command)
	}
	return shell.Quote("ssh", b.z.User+"@"+s.Addr.String(), command)
}

// restore puts the dump into the server's own database.
func (b *zoneBook) restore(dump string) []string {
	restore := "onedb restore -f " + dump
	own := "chown oneadmin:oneadmin /var/lib/one/one.db && chmod 600 /var/lib/one/one.db"
	if b.z.Database == "mysql" {
		return []string{restore, "rm -f " + dump}
	}
	return []string{restore, own, "rm -f " + dump}
}

// stepID is the id of a step that each server has.
func stepID(what string, s spec.ZoneServer) string {
	return what + strings.Map(idRune, strings.ToLower(s.Name))
}
