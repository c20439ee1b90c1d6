// Package one knows OpenNebula: its services, its XML-RPC answers and its
// configuration files. It knows nothing of clusters.
package one

import (
	"cmp"
	"strconv"
	"strings"
)

// Service is one front-end service of OpenNebula.
type Service struct {
	Name   string // the word used in oneha.yaml and as resource type, e.g. "flow"
	Unit   string // systemd unit: a service, or a timer
	Short  string // what it is, for metadata and tables
	Since  string // first release that ships it, "" for all
	Until  string // last release that ships it, "" for current
	Config string // its configuration file, "" for none
	Port   int    // its TCP port unless its configuration says otherwise, 0 for none

	// Wants are the units that Wants= of its unit starts in one release or another.
	Wants []string

	written  syntax // of its configuration file
	asked    manner
	asksOned bool // it is a client of oned's API
}

// Services is the table of the front-end services that a cluster may run, in
// the order in which documentation lists them. Releases are those of
// OpenNebula's own packaging (share/pkgs), ports those of the configuration files
// that it ships.
var Services = []Service{
	{Name: "oned", Unit: "opennebula.service", Short: "OpenNebula core daemon",
		Config: "/etc/one/oned.conf", Port: onedPort, written: onedConf, asked: asOned,
		Wants: []string{"opennebula-hem.service", "opennebula-scheduler.service", "opennebula-showback.timer",
			"opennebula-ssh-agent.service", "opennebula-ssh-socks-cleaner.timer"}},
	{Name: "sunstone", Unit: "opennebula-sunstone.service", Short: "Sunstone, the Ruby web interface", Until: "6.10",
		Config: sunstoneConf, Port: 9869, written: rubyYAML, asked: asHTTP, asksOned: true,
		Wants: []string{"opennebula-novnc.service"}},
	{Name: "fireedge", Unit: "opennebula-fireedge.service", Short: "FireEdge, the web interface since 6.0", Since: "6.0",
		Config: "/etc/one/fireedge-server.conf", Port: 2616, written: plainYAML, asked: asHTTP, asksOned: true,
		Wants: []string{"opennebula-guacd.service"}},
	{Name: "gate", Unit: "opennebula-gate.service", Short: "OneGate, data from virtual machines",
		Config: "/etc/one/onegate-server.conf", Port: 5030, written: rubyYAML, asked: asHTTP, asksOned: true},
	{Name: "flow", Unit: "opennebula-flow.service", Short: "OneFlow, multi-machine services",
		Config: "/etc/one/oneflow-server.conf", Port: 2474, written: rubyYAML, asked: asFlow, asksOned: true},
	{Name: "hem", Unit: "opennebula-hem.service", Short: "Hook Execution Manager", Since: "5.10",
		Config: "/etc/one/onehem-server.conf", written: rubyYAML, asked: asSubscriber, asksOned: true},
	{Name: "scheduler", Unit: "opennebula-scheduler.service", Short: "Scheduler, a daemon of its own before 7.0", Until: "6.10",
		Config: "/etc/one/sched.conf", written: schedConf, asksOned: true},
	{Name: "novnc", Unit: "opennebula-novnc.service", Short: "noVNC proxy of the Ruby Sunstone", Until: "6.10",
		Config: sunstoneConf, Port: 29876, written: novncYAML, asked: asHTTP},
	{Name: "guacd", Unit: "opennebula-guacd.service", Short: "Guacamole proxy of FireEdge", Since: "6.0",
		Config: "/etc/one/guacd", Port: 4822, written: guacdOptions, asked: asGuacamole},
	{Name: "form", Unit: "opennebula-form.service", Short: "OneForm, provisioning of clusters", Since: "7.2",
		Config: "/etc/one/oneform-server.conf", Port: 13013, written: rubyYAML, asked: asHTTP, asksOned: true},
	{Name: "ks", Unit: "opennebula-ks.service", Short: "OneKS, Kubernetes clusters", Since: "7.4",
		Config: "/etc/one/oneks-server.conf", Port: 10780, written: rubyYAML, asked: asHTTP, asksOned: true},
	{Name: "showback", Unit: "opennebula-showback.timer", Short: "Showback, calculated once a day", Since: "5.12", asksOned: true},
}

// sunstoneConf is the file of two services.
const sunstoneConf = "/etc/one/sunstone-server.conf"

// syntax is how a configuration file is written.
type syntax int

const (
	noFile       syntax = iota
	onedConf            // OpenNebula's own grammar
	schedConf           // the same
	rubyYAML            // YAML whose keys are Ruby symbols, as :port:
	plainYAML           // YAML
	novncYAML           // sunstone-server.conf with the keys of the proxy
	guacdOptions        // shell variables for the unit, with guacd's options
)

// manner is how a service is asked whether it works.
type manner int

const (
	notAsked     manner = iota // it answers nobody; its unit says all there is
	asOned                     // XML-RPC
	asHTTP                     // HTTP, any answer but a failure of the server
	asFlow                     // HTTP, and with credentials it proves its path to oned
	asGuacamole                // the Guacamole protocol
	asSubscriber               // it has no port and keeps a connection to oned's events
)

// ServiceNamed returns the service called name.
func ServiceNamed(name string) (Service, bool) {
	for _, s := range Services {
		if s.Name == name {
			return s, true
		}
	}
	return Service{}, false
}

// Companions are the units that run only where the service does, though systemd starts
// them with it in one release or another: Wants without the two of SSH, which may run on
// every node.
func (s Service) Companions() (units []string) {
	for _, u := range s.Wants {
		if u != "opennebula-ssh-agent.service" && u != "opennebula-ssh-socks-cleaner.timer" {
			units = append(units, u)
		}
	}
	return units
}

// Asked reports whether the service can be asked how it is, over its port or by its
// connections: Probe at depth 10.
func (s Service) Asked() bool { return s.asked != notAsked }

// ReachesOned reports whether the service is oned, or a client of its API, so that
// there is a way to oned to prove: Probe at depth 20.
func (s Service) ReachesOned() bool { return s.asked == asOned || s.asksOned }

// ShippedIn reports whether that release of OpenNebula, such as "6.10" or
// "6.10.5", ships the service. A release that is no release ships everything.
func (s Service) ShippedIn(release string) bool {
	r, ok := parseRelease(release)
	if !ok {
		return true
	}
	if since, ok := parseRelease(s.Since); ok && r.before(since) {
		return false
	}
	until, ok := parseRelease(s.Until)
	return !ok || !until.before(r)
}

// release is the part of a version that decides what is shipped.
type release struct{ major, minor int }

func parseRelease(s string) (release, bool) {
	major, rest, _ := strings.Cut(s, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	return release{a, b}, errA == nil && errB == nil
}

func (r release) before(o release) bool {
	return cmp.Or(cmp.Compare(r.major, o.major), cmp.Compare(r.minor, o.minor)) < 0
}
