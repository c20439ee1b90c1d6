package packages

import (
	"context"
	"strings"
	"time"
)

// agents are the packages whose programs a running cluster calls.
var agents = []string{"resource-agents-opennebula", "fence-agents-bmc"}

// cibadmin prints a configuration in the place of Pacemaker's tool, or none.
const cibadmin = `#!/bin/sh
[ "$*" = --query ] || exit 2
cat /run/cib.xml
`

// agentsStay: while Pacemaker runs and names the agents, or does not say what it names, their packages
// stay. Pacemaker is a unit of its name and its tool a script; the real one is in
// TestFailover. (Its place is /usr/sbin, as apt gives scripts a path of its own.)
func agentsStay(m machine, kind installer) {
	m.run("cat >/run/systemd/system/pacemaker.service <<'END'\n[Service]\nExecStart=/bin/sleep infinity\nEND\n")
	m.run("cat >/usr/sbin/cibadmin <<'END'\n" + cibadmin + "END\nchmod 755 /usr/sbin/cibadmin")
	m.run("systemctl daemon-reload && systemctl start pacemaker")
	ctx, cancel := context.WithTimeout(m.ctx, time.Minute)
	defer cancel()
	for state := ""; state != "active"; state = m.run("systemctl show -p ActiveState --value pacemaker") {
		if ctx.Err() != nil {
			m.Fatalf("the stand-in for Pacemaker does not run: %s", state)
		}
		time.Sleep(100 * time.Millisecond)
	}
	for cib, used := range map[string][]string{
		"": agents, // no answer
		`<cib epoch="1"><primitive id="oned" class="ocf" provider="opennebula" type="oned"/></cib>`:      agents[:1],
		`<cib epoch="1"><primitive id="fence-one-server1" class="stonith" type="fence_bmc_ipmi"/></cib>`: agents[1:],
	} {
		m.run("cat >/run/cib.xml <<'END'\n" + cib + "\nEND")
		for _, name := range used {
			out, code := m.try(kind.alone(name))
			if code == 0 || !strings.Contains(out, name+": Pacemaker runs here") || !strings.Contains(out, "systemctl disable --now pacemaker") {
				m.Errorf("removal of %s while Pacemaker has %q: exit %d: %s", name, cib, code, out)
			}
		}
		m.expect("test -x /usr/sbin/fence_bmc_ipmi && test -x /usr/lib/ocf/resource.d/opennebula/oned && echo there", "there")
	}
	// With a configuration that names neither they may go, as after Pacemaker's end.
	m.run("echo '<cib epoch=\"1\"><primitive class=\"ocf\" provider=\"heartbeat\" type=\"IPaddr2\"/></cib>' >/run/cib.xml")
	m.run(kind.alone(agents[1]))
	m.run("systemctl stop pacemaker && rm /usr/sbin/cibadmin /run/cib.xml /run/systemd/system/pacemaker.service && systemctl daemon-reload")
	m.run(kind.alone(agents[0]))
	m.expect("ls /usr/lib/oneha /usr/lib/ocf/resource.d/opennebula 2>/dev/null", "")
	agentsBack(m, kind)
	m.expect(kind.verify, "")
}

// agentsBack installs those packages of agents that are gone; rpm refuses one that is there.
func agentsBack(m machine, kind installer) {
	for name, program := range map[string]string{agents[0]: "ocf-opennebula", agents[1]: "fence-bmc"} {
		m.run("test -e /usr/lib/oneha/" + program + " || " + strings.ReplaceAll(kind.install(older), "/*.", "/"+name+"[_-]*."))
	}
}

// commandAlone: the command of another version is installed beside the agents that are there,
// and takes none of them away: apt would rather remove a package than refuse another.
func commandAlone(m machine, kind installer) {
	if kind.name == "deb" {
		out := m.run("apt-get -s --no-install-recommends install " + srv + "/" + newer + "/oneha_*.deb " + srv + "/" + newer + "/oneha-raft_*.deb")
		if strings.Contains(out, "\nRemv ") || !strings.Contains(out, "\nInst oneha ") {
			m.Errorf("the newer command alone:\n%s", out)
		}
		return
	}
	m.run(onDebian + "-U --test " + srv + "/" + newer + "/oneha-[0-9]*.rpm " + srv + "/" + newer + "/oneha-raft-*.rpm")
}
