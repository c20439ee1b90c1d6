package lab

import "slices"

// packages is what the root file system holds beyond Debian's minimal system.
// The cache of root file systems is keyed by this table, so adding a row builds
// a new one.
var packages = []string{
	// the system
	"systemd", "systemd-sysv", "dbus", "procps", "iproute2", "iputils-ping", "iputils-arping",

	// the cluster
	"corosync", "pacemaker", "pacemaker-cli-utils", "resource-agents", "fence-agents", "pcs", "crmsh",

	// BMCs: ipmi_sim is in openipmi, the stock client in ipmitool
	"openipmi", "ipmitool",

	// a clock that the lab can step: see clock.go
	"libfaketime",

	// looking closely
	"curl", "libxml2-utils", "strace", "tcpdump", "xsltproc",
}

// also is what a release has apart that is in one of those packages elsewhere.
var also = map[string][]string{
	"trixie": {"fence-agents-sbd"},
}

func packagesOf(release string) []string {
	return append(slices.Clone(packages), also[release]...)
}
