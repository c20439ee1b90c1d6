package target

import "fmt"

// Firewall is the tool that guards a release's ports, if any does by default.
type Firewall string

const (
	NoFirewall    Firewall = ""
	Firewalld     Firewall = "firewalld"
	UFW           Firewall = "ufw"
	SuSEfirewall2 Firewall = "SuSEfirewall2"
)

// Ports of the cluster's programs.
const (
	PortCorosync = 5405 // corosync.conf(5), mcastport; UDP
	PortQNetd    = 5403 // corosync-qnetd(8); TCP
	PortPCSD     = 2224 // pcs(8); TCP
	PortRemote   = 3121 // pacemaker-remoted(8); TCP, only with remote nodes
)

// CorosyncPorts returns the UDP ports on which corosync hears the others over that
// many links. knet has a port for each link. udp and udpu use every second one, and
// send from the one below it (corosync 2, exec/totemconfig.c).
func (t Target) CorosyncPorts(links int) (first, last int) {
	if t.Can(Knet) {
		return PortCorosync, PortCorosync + links - 1
	}
	return PortCorosync - 1, PortCorosync + 2*(links-1)
}

// habits is what a family's releases have in common.
type habits struct {
	update, install, remove string // of packages; install and remove take names
	chrony                  string // unit
	webServer               string // unit of Apache
	starts                  bool   // installing a service starts it
}

var families = map[Family]habits{
	Debian: {update: "apt-get update", install: "apt-get install -y", remove: "apt-get remove -y", chrony: "chrony", webServer: "apache2", starts: true},
	RedHat: {install: "dnf install -y", remove: "dnf remove -y", chrony: "chronyd", webServer: "httpd"},
	SUSE:   {update: "zypper refresh", install: "zypper --non-interactive install", remove: "zypper --non-interactive remove", chrony: "chronyd", webServer: "apache2"},
}

func (r Release) habits() habits {
	h := families[r.Family]
	if r.Name == "rhel-7" {
		h.install, h.remove = "yum install -y", "yum remove -y"
	}
	if r.Name == "sles-12" {
		h.chrony = "ntpd"
	}
	return h
}

// Update is the command that fetches the lists of packages, "" where installing does.
func (r Release) Update() string { return r.habits().update }

// Install is the command that installs packages, without their names.
func (r Release) Install() string { return r.habits().install }

// Remove is the command that removes packages, without their names.
func (r Release) Remove() string { return r.habits().remove }

// TimeUnit is the unit that keeps the time, and its package.
func (r Release) TimeUnit() (unit, pkg string) {
	unit = r.habits().chrony
	if unit == "ntpd" {
		return unit, "ntp"
	}
	return unit, "chrony"
}

// WebServer is Apache's unit, without ".service".
func (r Release) WebServer() string { return r.habits().webServer }

// StartsOnInstall reports whether installing a service starts it at once, with
// whatever configuration its package has.
func (r Release) StartsOnInstall() bool { return r.habits().starts }

// Open is the commands that let traffic from a peer's addresses, or from anywhere when there
// are none, reach a range of ports. It is empty where no firewall is there by default.
func (r Release) Open(protocol string, first, last int, from ...string) (commands []string) {
	ports := func(separator string) string {
		if first == last {
			return fmt.Sprint(first)
		}
		return fmt.Sprintf("%d%s%d", first, separator, last)
	}
	switch r.Firewall {
	case Firewalld:
		commands = append(commands, fmt.Sprintf("firewall-cmd --permanent --add-port=%s/%s", ports("-"), protocol), "firewall-cmd --reload")
	case SuSEfirewall2:
		commands = append(commands, fmt.Sprintf("SuSEfirewall2 open EXT %s %s", map[string]string{"udp": "UDP", "tcp": "TCP"}[protocol], ports(":")), "SuSEfirewall2")
	case UFW:
		if len(from) == 0 {
			commands = append(commands, fmt.Sprintf("ufw allow %s/%s", ports(":"), protocol))
		}
		for _, a := range from {
			commands = append(commands, fmt.Sprintf("ufw allow proto %s from %s to any port %s", protocol, a, ports(":")))
		}
	}
	return commands
}
