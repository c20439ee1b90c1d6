package packages

import (
	"context"
	"strings"
	"time"
)

// asGuard makes the unit run something that lasts in the guard's place, which itself
// would need a zone.
const asGuard = `[Unit]
ConditionPathExists=
[Service]
Type=simple
WatchdogSec=0
ExecStart=
ExecStart=/bin/sleep infinity
`

// process is the guard's: another number means that it was started again.
func process(m machine) string {
	return m.run("systemctl show -p MainPID -p ActiveState -p NRestarts oneha-raft-guard | sort | tr '\n' ' '")
}

// upgrade: a guard that runs, a changed rule of sudo and the administrator's files stay
// what they are, and the files are new.
func upgrade(m machine, kind installer) {
	m.run("install -d /etc/systemd/system/oneha-raft-guard.service.d && cat >/etc/systemd/system/oneha-raft-guard.service.d/test.conf <<'END'\n" + asGuard + "END")
	m.run("systemctl daemon-reload && systemctl enable --now oneha-raft-guard 2>&1")
	m.run("echo '# by hand' >>/etc/sudoers.d/oneha-raft; install -m 600 /dev/null /etc/oneha/bmc; install -D -m 600 /dev/null /var/lib/oneha/guard.json")
	ctx, cancel := context.WithTimeout(m.ctx, time.Minute)
	defer cancel()
	before := process(m)
	for ; !strings.HasPrefix(before, "ActiveState=active "); before = process(m) {
		if ctx.Err() != nil {
			m.Fatalf("the stand-in for the guard does not run: %s\n%s", before, m.run("systemctl status oneha-raft-guard || true"))
		}
		time.Sleep(100 * time.Millisecond)
	}
	m.run(kind.install(newer))
	m.expect(kind.version, newer)
	unmoved(m, before)
}

// downgrade: the way back is the same.
func downgrade(m machine, kind installer) {
	before := process(m)
	m.run(kind.downgrade(older))
	m.expect(kind.version, older)
	m.expect("oneha version | grep -o 'version "+older+"'", "version "+older)
	unmoved(m, before)
}

// unmoved: the guard is the same process, enabled as before, and systemd knows the
// unit's present file.
func unmoved(m machine, before string) {
	if after := process(m); after != before {
		m.Errorf("the guard was %s, now it is %s", before, after)
	}
	m.expect("systemctl is-enabled oneha-raft-guard; systemctl show -p NeedDaemonReload --value oneha-raft-guard", "enabled\nno")
	m.expect("tail -n 1 /etc/sudoers.d/oneha-raft; stat -c '%a %n' /etc/sudoers.d/oneha-raft /etc/oneha/bmc /var/lib/oneha/guard.json",
		"# by hand\n440 /etc/sudoers.d/oneha-raft\n600 /etc/oneha/bmc\n600 /var/lib/oneha/guard.json")
}

// removalWaits: as long as the guard runs, its package stays, and that of its program, and the
// message says how to go on. All four are asked for at once: rpm goes on to the next after
// a refusal.
func removalWaits(m machine, kind installer) {
	before := process(m)
	for _, command := range []string{kind.alone("oneha-raft"), kind.remove} {
		out, code := m.try(command)
		if code == 0 || !strings.Contains(out, "systemctl disable --now oneha-raft-guard") {
			m.Errorf("%s while the guard runs: exit %d: %s", command, code, out)
		}
	}
	if after := process(m); after != before {
		m.Errorf("the guard was %s, now it is %s", before, after)
	}
	m.expect("test -f /usr/lib/systemd/system/oneha-raft-guard.service && echo there", "there")
	m.expect(kind.version, older)
	m.expect("oneha version | grep -o 'version "+older+"'", "version "+older)
	agentsBack(m, kind) // which may have gone, as no cluster runs here
}

// removal takes the programs, and leaves what an administrator or the guard wrote.
func removal(m machine, kind installer) {
	m.run("systemctl disable --now oneha-raft-guard 2>&1")
	m.run(kind.remove)
	want := "/etc/oneha\n/etc/oneha/bmc\n/etc/sudoers.d/oneha-raft\n/var/lib/oneha\n/var/lib/oneha/guard.json"
	if kind.name == "rpm" { // which keeps a changed file under another name
		want = strings.Replace(want, "/etc/sudoers.d/oneha-raft", "/etc/sudoers.d/oneha-raft.rpmsave", 1)
	}
	m.expect(traces, want)
	m.expect("find /etc/systemd /run/systemd -xtype l -name 'oneha*'", "")
}

// purge takes the configuration, too, and still nothing that somebody else wrote.
func purge(m machine, kind installer) {
	m.run("systemctl daemon-reload")
	m.run(kind.purge)
	m.expect(traces, "/etc/oneha\n/etc/oneha/bmc\n/var/lib/oneha\n/var/lib/oneha/guard.json")
	m.expect("dpkg-query -W "+strings.Join(names, " ")+" 2>/dev/null", "")
	// An empty /etc/oneha goes, too.
	m.run("rm /etc/oneha/bmc && " + kind.install(older) + " && " + kind.purge)
	m.expect(traces, "/var/lib/oneha\n/var/lib/oneha/guard.json")
}

// traces lists what is left of us.
const traces = `find /etc /usr /var -xdev \( -path '*oneha*' -o -name 'fence_bmc*' -o -path '*/resource.d/opennebula*' -o -name 'ocf_opennebula*' \)` +
	` -not -path '/etc/systemd/system/oneha-raft-guard.service.d*' -not -path '/var/lib/dpkg/*' -not -path '/var/lib/systemd/*' | sort`
