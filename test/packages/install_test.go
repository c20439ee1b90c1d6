package packages

import (
	"strings"
	"testing"

	"github.com/oneha/oneha/test/lab/labtest"
)

// TestInstall has the packages through their whole life on a machine: on Debian 12 by
// apt and by rpm, with ONEHA_PACKAGES=all on every release.
func TestInstall(t *testing.T) {
	labtest.NeedMachines(t)
	dirs := map[string]string{older: packages(t, older), newer: packages(t, newer)}
	releases := []string{"bookworm"}
	if labtest.All("ONEHA_PACKAGES") {
		releases = []string{"bullseye", "bookworm", "trixie"}
	}
	var table matrix
	for _, release := range releases {
		for _, kind := range []installer{apt, rpm} {
			t.Run(release+" "+kind.name, func(t *testing.T) {
				life(boot(t, release, dirs), kind, &table, release)
			})
		}
	}
	t.Logf("\n%s", &table)
}

// life is what happens to the packages on a machine, a step after the other; each
// builds on the one before.
func life(m machine, kind installer, table *matrix, release string) {
	steps := []struct {
		name string
		do   func(machine, installer)
	}{
		{"dependencies are asked for", dependencies},
		{"install", install},
		{"sudo allows the two hooks only", sudo},
		{"another command beside the agents", commandAlone},
		{"agents stay while Pacemaker runs", agentsStay},
		{"upgrade, the guard runs on", upgrade},
		{"downgrade, the guard runs on", downgrade},
		{"removal waits for the guard", removalWaits},
		{"removal", removal},
		{"purge", purge},
	}
	for _, s := range steps {
		if s.name == "purge" && kind.purge == "" {
			continue
		}
		s.do(m, kind)
		table.done(m.T, kind.name, release, s.name)
		if m.Failed() {
			return
		}
	}
}

// dependencies: without what they need the packages are refused, and told is what.
func dependencies(m machine, kind installer) {
	if kind.name == "deb" {
		out, code := m.try("apt-get -s --no-install-recommends install " + srv + "/" + older + "/oneha-raft_*.deb")
		if code == 0 || !strings.Contains(out, "oneha (= "+older+revision+")") {
			m.Errorf("oneha-raft without oneha: exit %d: %s", code, out)
		}
		return
	}
	out, code := m.try(onDebian + "-U --test " + srv + "/" + older + "/*.rpm")
	if code == 0 {
		m.Error("rpm installs without sudo and systemd")
	}
	var needs []string
	for line := range strings.Lines(out) {
		if need, _, ok := strings.Cut(strings.TrimSpace(line), " is needed by "); ok {
			needs = append(needs, need)
		}
	}
	if got := strings.Join(needs, ", "); got != "sudo, systemd" {
		m.Errorf("rpm asks for %q, want sudo, systemd:\n%s", got, out)
	}
	provide(m, needs)
}

// install looks at a first installation: everything is there, nothing runs.
func install(m machine, kind installer) {
	m.run("useradd --system oneadmin")
	m.run(kind.install(older))
	m.expect(kind.version, older)
	m.expect(kind.verify, "")
	m.expect("oneha version | grep -o 'version "+older+"'", "version "+older)
	m.expect("stat -c '%a %U' /etc/oneha /etc/sudoers.d/oneha-raft", "700 root\n440 root")
	if kind.name == "rpm" {
		for _, name := range names {
			m.expect("rpm -q --qf '%{BUILDHOST}' "+name, "localhost") // not whose machine built it
			golden(m.T, name+".rpm.files", stable(m.run("rpm -q --qf '[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILENAMES}\n]' "+name)+"\n"))
		}
	}
	m.expect("systemctl is-enabled oneha-raft-guard; systemctl is-active oneha-raft-guard", "disabled\ninactive")
	for _, command := range []string{
		"/usr/lib/ocf/resource.d/opennebula/vip meta-data | grep -o '<resource-agent name=\"vip\"'",
		"fence_bmc_ipmi -o metadata | grep -o '<resource-agent name=\"fence_bmc_ipmi\"'",
		"oneha check /dev/stdin </srv/description",
		"visudo --check",
		"systemd-analyze verify oneha-raft-guard.service",
	} {
		if strings.Contains(command, "description") {
			m.run("printf 'version: 1\\n' >/srv/description")
			if out, code := m.try(command); code != 1 {
				m.Errorf("oneha check of half a description: exit %d: %s", code, out)
			}
			continue
		}
		m.run(command)
	}
}

// sudo asks sudo itself what oned may do.
func sudo(m machine, _ installer) {
	for _, c := range []struct {
		command string
		allowed bool
	}{
		{"/usr/bin/oneha raft hook leader", true},
		{"/usr/bin/oneha raft hook leader eth0 192.168.150.99/24", true},
		{"/usr/bin/oneha raft hook follower eth0 192.168.150.99/24", true},
		{"/usr/bin/oneha raft hook", false},
		{"/usr/bin/oneha raft hook nonsense", false},
		{"/usr/bin/oneha raft hook leaders eth0", false},
		{"/usr/bin/oneha raft hook --help leader", false},
		{"/usr/bin/oneha raft guard", false},
		{"/usr/bin/oneha raft reset", false},
		{"/usr/bin/oneha apply x", false},
		{"/usr/bin/oneha version", false},
		{"/usr/bin/oneha", false},
		{"/usr/local/bin/oneha raft hook leader", false},
		{"/usr/lib/oneha/fence-bmc raft hook leader", false},
		{"-u bin /usr/bin/oneha raft hook leader", false},
		{"/bin/sh -c id", false},
	} {
		m.expect("runuser -u oneadmin -- sudo -n -l "+c.command+" >/dev/null 2>&1 && echo allowed || echo refused", map[bool]string{true: "allowed", false: "refused"}[c.allowed])
	}
	m.expect("runuser -u oneadmin -- sudo -n -l 2>/dev/null | grep -c '(.*)'", "1")
	// Of the environment sudo -l says nothing: these are really tried.
	for _, with := range []string{"ONEHA=1", "-E"} {
		out, code := m.try("runuser -u oneadmin -- env ONEHA=1 sudo -n " + with + " /usr/bin/oneha raft hook leader")
		if code == 0 || !strings.Contains(out, "not allowed to") {
			m.Errorf("sudo %s: exit %d: %s", with, code, out)
		}
	}
}
