package spec

import (
	"fmt"
	"strings"
)

// unserved are the options that the stock agent of a driver cannot take, with the
// reason and what to do instead.
var unserved = []struct {
	option, agent string // ours
	unless        string // the value that the stock agent has anyway
	why, fix      string
}{
	{"ssl_ca_file", agentRedfish, "", "knows only the system's authorities", "add the certificate to those and remove the key"},
	{"ssl_ca_file", agentILO, "", "knows only the system's authorities", "add the certificate to those and remove the key"},
	{"auth", agentRedfish, "basic", "has basic authentication only", "remove the key"},
	{"auth", agentILO, "basic", "has basic authentication only", "remove the key"},
	{"host_key", agentILOSSH, "", "cannot be told a fingerprint", "write the key into a file of ssh's form and give known_hosts"},
}

// checkStock reports what a BMC asks of a stock agent that it cannot do.
func (r *reader) checkStock(b bmc) {
	for _, u := range unserved {
		v, given := b.options[u.option]
		if !given || v.kind != scalar || u.agent != b.driver.agent || v.text == u.unless {
			continue
		}
		r.error(v.at, fmt.Sprintf("option %s of %s: %s %s", u.option, b.label, b.driver.stock, u.why), u.fix+", or write agents: oneha")
	}
	if v := b.options["known_hosts"]; v.kind == scalar && !plainPath.MatchString(v.text) {
		r.error(v.at, fmt.Sprintf("option known_hosts of %s: %s cannot take the path %q", b.label, b.driver.stock, clip(v.text)), "choose a path of letters, digits and _ . / - only")
	}
}

// stockOptions says with the options of a stock agent what ours say (fence_ipmilan,
// fence_redfish and fence_ilo_ssh of fence-agents 4.12). Those agents have no
// password_file: the command that prints it is run by a shell. They take a flag as
// set when it is there, whatever its value, so one that is false is left out.
func stockOptions(d driver, options []Option) []Option {
	var stock []Option
	system, ssh := false, []string{}
	for _, o := range options {
		switch o.Name {
		case "password_file":
			stock = append(stock, Option{"password_script", "cat " + shellWord(o.Value)})
		case "ssl_insecure":
			if isTrue(o.Value) {
				stock = append(stock, Option{o.Name, "1"})
			}
		case "known_hosts":
			ssh = append(ssh, "-o UserKnownHostsFile="+o.Value, "-o StrictHostKeyChecking=yes")
		case "auth": // basic, see checkStock
		default:
			system = system || o.Name == "systems_uri"
			stock = append(stock, o)
		}
	}
	switch d.agent {
	case agentIPMI:
		stock = append(stock, Option{"lanplus", "1"})
	case agentILO:
		if !system {
			stock = append(stock, Option{"systems_uri", "/redfish/v1/Systems/1"}) // the same on every iLO
		}
	case agentILOSSH:
		stock = append(stock, Option{"ssh", "1"})
		if len(ssh) > 0 {
			stock = append(stock, Option{"ssh_options", strings.Join(ssh, " ")})
		}
	}
	return stock
}

// shellWord makes one word of a path for a POSIX shell.
func shellWord(s string) string {
	if plainPath.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
