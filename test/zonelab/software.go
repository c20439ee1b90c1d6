package zonelab

import (
	"embed"
	"path"
)

const (
	// onedProgram is oned in the packages; here it is the fake.
	onedProgram = "usr/bin/oned"
	// onedFlags are what the fake is told beside oned.conf, for its whole machine.
	onedFlags = "etc/oneha-test/oned.flags"
	// zoneFile says what a finished zone is, of which the fake makes its database at
	// its first start. It is gone then.
	zoneFile = "var/lib/one/zonelab.json"
	// location is the fake's ONE_LOCATION: links to where the packages have things.
	location = "usr/lib/oneha-test/zone"
)

// units are those of OpenNebula's packages, in their shape.
//
//go:embed units
var units embed.FS

// enabled are the units that the packages and the administrator have enabled on
// every server of a zone under Raft; the follower's hook stops what is not to run.
var enabled = []string{"opennebula-flow.service", "opennebula-gate.service", "opennebula-form.service"}

// software is what packages install on every server beside programs.
func software() []file {
	all := []file{
		{path: path.Join(location, "etc"), link: "/etc/one"},
		{path: path.Join(location, "var"), link: "/var/lib/one"},
		{path: "var/lib/one/lock", link: "/run/lock/one"},
		{path: "var/lib/one/oned.log", link: "/var/log/one/oned.log"},
		{path: "var/log/one", dir: true, mode: 0o750},
		{path: "var/log/journal", dir: true}, // the journal survives a power cut
		{path: "usr/lib/tmpfiles.d/opennebula.conf", text: "d /run/lock/one 0755 oneadmin oneadmin -\nd /run/one 0755 oneadmin oneadmin -\n"},
		{path: "etc/ssh/sshd_config.d/lab.conf", text: "PermitRootLogin prohibit-password\nUsePAM no\nUseDNS no\nMaxStartups 100\nMaxSessions 100\n"},
		// A commit to disk that lasts is worth nothing here: the disk is the host's memory.
		{path: "etc/mysql/mariadb.conf.d/99-lab.cnf", text: "[mariadbd]\nskip-name-resolve\ninnodb_flush_log_at_trx_commit=2\ninnodb_buffer_pool_size=16M\nperformance_schema=OFF\n"},
	}
	entries, err := units.ReadDir("units")
	if err != nil {
		panic(err) // the files are part of the program
	}
	for _, e := range entries {
		text, err := units.ReadFile("units/" + e.Name())
		if err != nil {
			panic(err)
		}
		all = append(all, file{path: "usr/lib/systemd/system/" + e.Name(), text: string(text)})
	}
	// Work of Debian's own that no server of a lab has.
	for _, unit := range []string{"e2scrub_reap.service", "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
		"fstrim.timer", "systemd-random-seed.service", "systemd-sysctl.service", "systemd-user-sessions.service", "systemd-ask-password-wall.path",
		"systemd-ask-password-console.path", "ldconfig.service", "systemd-journal-catalog-update.service", "systemd-update-done.service", "rescue-ssh.target"} {
		all = append(all, file{path: "etc/systemd/system/" + unit, link: "/dev/null"})
	}
	return all
}
