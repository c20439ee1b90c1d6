package target

// Family is distributions that are alike in what a runbook says.
type Family string

const (
	Debian Family = "debian"
	RedHat Family = "rhel"
	SUSE   Family = "suse"
)

// Release is a distribution's release. A release with minor releases has a range of
// versions, from the oldest minor release that was supported in 2026, or else the
// last, to the newest.
type Release struct {
	Name     string // such as debian-12
	Title    string
	Aliases  []string // releases of others with the same software
	Codename string   // "" for none
	Family   Family

	Pacemaker, Corosync, PCS, Crmsh Range

	ResourceAgents []string // packages with IPaddr2 and its kin
	FenceAgents    []string // packages with the stock fence agents
	Repository     []string // commands that make the cluster's packages available, none where they are
	Firewall       Firewall
	Measured       bool // the versions are of an installed release; others were never tried
}

// Target is the software of the release.
func (r Release) Target() Target {
	return Target{Release: r.Name, Pacemaker: r.Pacemaker, Corosync: r.Corosync, PCS: r.PCS, Crmsh: r.Crmsh}
}

// versions reads a cell of the table, which a test tries in full.
func versions(s string) Range {
	r, _ := ParseRange(s)
	return r
}

var stockPlain = []string{"fence-agents"}

// Releases is the table.
var Releases = []Release{
	{
		Name: "debian-10", Title: "Debian 10 (buster)", Codename: "buster", Family: Debian, Firewall: NoFirewall,
		Pacemaker: versions("2.0.1"), Corosync: versions("3.0.1"), PCS: versions("0.10.1"), Crmsh: versions("4.0.0"),
		ResourceAgents: []string{"resource-agents"}, FenceAgents: stockPlain,
	},
	{
		Name: "debian-11", Title: "Debian 11 (bullseye)", Codename: "bullseye", Family: Debian, Firewall: NoFirewall, Measured: true,
		Pacemaker: versions("2.0.5"), Corosync: versions("3.1.2"), PCS: versions("0.10.8"), Crmsh: versions("4.2.0"),
		ResourceAgents: []string{"resource-agents"}, FenceAgents: stockPlain,
	},
	{
		Name: "debian-12", Title: "Debian 12 (bookworm)", Codename: "bookworm", Family: Debian, Firewall: NoFirewall, Measured: true,
		Pacemaker: versions("2.1.5"), Corosync: versions("3.1.7"), PCS: versions("0.11.5"), Crmsh: versions("4.4.0..4.4.1"), // 4.4.1 calls itself 4.4.0
		ResourceAgents: []string{"resource-agents"}, FenceAgents: stockPlain,
	},
	{
		Name: "debian-13", Title: "Debian 13 (trixie)", Codename: "trixie", Family: Debian, Firewall: NoFirewall, Measured: true,
		Pacemaker: versions("3.0.0"), Corosync: versions("3.1.9"), PCS: versions("0.12.0.2"), Crmsh: versions("5.0.0"),
		ResourceAgents: []string{"resource-agents"}, FenceAgents: []string{"fence-agents-all"}, // and not fence-agents-sbd: rule Q08
	},
	{
		Name: "ubuntu-18.04", Title: "Ubuntu 18.04 LTS", Codename: "bionic", Family: Debian, Firewall: UFW,
		Pacemaker: versions("1.1.18"), Corosync: versions("2.4.3"), PCS: versions("0.9.164"), Crmsh: versions("3.0.1"),
		ResourceAgents: []string{"resource-agents"}, FenceAgents: stockPlain,
	},
	{
		Name: "ubuntu-20.04", Title: "Ubuntu 20.04 LTS", Codename: "focal", Family: Debian, Firewall: UFW,
		Pacemaker: versions("2.0.3"), Corosync: versions("3.0.3"), PCS: versions("0.10.4"), Crmsh: versions("4.2.0"),
		ResourceAgents: []string{"resource-agents"}, FenceAgents: stockPlain,
	},
	{
		Name: "ubuntu-22.04", Title: "Ubuntu 22.04 LTS", Codename: "jammy", Family: Debian, Firewall: UFW,
		Pacemaker: versions("2.1.2"), Corosync: versions("3.1.6"), PCS: versions("0.10.11"), Crmsh: versions("4.3.1"),
		ResourceAgents: []string{"resource-agents-base"}, FenceAgents: []string{"fence-agents-base", "fence-agents-extra"},
	},
	{
		Name: "ubuntu-24.04", Title: "Ubuntu 24.04 LTS", Codename: "noble", Family: Debian, Firewall: UFW,
		Pacemaker: versions("2.1.6"), Corosync: versions("3.1.7"), PCS: versions("0.11.7"), Crmsh: versions("4.6.0"),
		ResourceAgents: []string{"resource-agents-base"}, FenceAgents: []string{"fence-agents-base", "fence-agents-extra"},
	},
	{
		Name: "ubuntu-26.04", Title: "Ubuntu 26.04 LTS", Codename: "resolute", Family: Debian, Firewall: UFW,
		Pacemaker: versions("3.0.0..3.0.1"), Corosync: versions("3.1.9..3.1.10"), PCS: versions("0.12.0..0.12.1"), Crmsh: versions("5.0.0"),
		ResourceAgents: []string{"resource-agents-base"}, FenceAgents: []string{"fence-agents-base", "fence-agents-extra"},
	},
	{
		Name: "rhel-7", Title: "Red Hat Enterprise Linux 7, CentOS 7", Family: RedHat, Firewall: Firewalld,
		Aliases:   []string{"centos-7", "ol-7", "scientific-7"},
		Pacemaker: versions("1.1.18..1.1.23"), Corosync: versions("2.4.3..2.4.5"), PCS: versions("0.9.162..0.9.169"),
		ResourceAgents: []string{"resource-agents"}, FenceAgents: []string{"fence-agents-all"},
		Repository: []string{"subscription-manager repos --enable=rhel-ha-for-rhel-7-server-rpms"},
	},
	{
		Name: "rhel-8", Title: "Red Hat Enterprise Linux 8, AlmaLinux 8, Rocky Linux 8", Family: RedHat, Firewall: Firewalld,
		Aliases:   []string{"almalinux-8", "alma-8", "rocky-8", "centos-8", "ol-8"},
		Pacemaker: versions("2.1.2..2.1.7"), Corosync: versions("3.1.5..3.1.8"), PCS: versions("0.10.12..0.10.18"),
		ResourceAgents: []string{"resource-agents"}, FenceAgents: []string{"fence-agents-all"},
		Repository: []string{"subscription-manager repos --enable=rhel-8-for-x86_64-highavailability-rpms", "dnf config-manager --set-enabled ha"},
	},
	{
		Name: "rhel-9", Title: "Red Hat Enterprise Linux 9, AlmaLinux 9, Rocky Linux 9", Family: RedHat, Firewall: Firewalld,
		Aliases:   []string{"almalinux-9", "alma-9", "rocky-9", "centos-9", "ol-9"},
		Pacemaker: versions("2.1.2..2.1.10"), Corosync: versions("3.1.5..3.1.9"), PCS: versions("0.11.1..0.11.10"),
		ResourceAgents: []string{"resource-agents"}, FenceAgents: []string{"fence-agents-all"},
		Repository: []string{"subscription-manager repos --enable=rhel-9-for-x86_64-highavailability-rpms", "dnf config-manager --set-enabled highavailability"},
	},
	{
		Name: "rhel-10", Title: "Red Hat Enterprise Linux 10, AlmaLinux 10, Rocky Linux 10", Family: RedHat, Firewall: Firewalld,
		Aliases:   []string{"almalinux-10", "alma-10", "rocky-10", "centos-10", "ol-10"},
		Pacemaker: versions("3.0.0..3.0.1"), Corosync: versions("3.1.9..3.1.10"), PCS: versions("0.12.0..0.12.2"),
		ResourceAgents: []string{"resource-agents"}, FenceAgents: []string{"fence-agents-all"},
		Repository: []string{"subscription-manager repos --enable=rhel-10-for-x86_64-highavailability-rpms", "dnf config-manager --set-enabled highavailability"},
	},
	{
		Name: "sles-12", Title: "SUSE Linux Enterprise 12", Family: SUSE, Firewall: SuSEfirewall2,
		Pacemaker: versions("1.1.19..1.1.24"), Corosync: versions("2.3.6..2.4.5"), Crmsh: versions("3.0.0..4.1.1"),
		ResourceAgents: []string{"resource-agents"}, FenceAgents: stockPlain,
		Repository: []string{"SUSEConnect -p sle-ha/12.5/x86_64"},
	},
	{
		Name: "sles-15", Title: "SUSE Linux Enterprise 15, openSUSE Leap 15", Family: SUSE, Firewall: Firewalld,
		Aliases:   []string{"opensuse-15", "leap-15", "opensuse-leap-15"},
		Pacemaker: versions("2.0.5..2.1.10"), Corosync: versions("2.4.5..2.4.6"), Crmsh: versions("4.3.0..5.0.0"),
		ResourceAgents: []string{"resource-agents"}, FenceAgents: stockPlain,
		Repository: []string{"SUSEConnect -p sle-ha/$(. /etc/os-release; echo $VERSION_ID)/$(uname -m)"},
	},
	{
		Name: "sles-16", Title: "SUSE Linux Enterprise 16, openSUSE Leap 16", Family: SUSE, Firewall: Firewalld,
		Aliases:   []string{"opensuse-16", "leap-16", "opensuse-leap-16"},
		Pacemaker: versions("3.0.1"), Corosync: versions("3.1.9..3.1.10"), Crmsh: versions("5.0.0..5.1.0"),
		ResourceAgents: []string{"resource-agents"}, FenceAgents: stockPlain,
		Repository: []string{"SUSEConnect -p sle-ha/$(. /etc/os-release; echo $VERSION_ID)/$(uname -m)"},
	},
}
