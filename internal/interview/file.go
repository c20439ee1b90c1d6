package interview

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneha/oneha/internal/one"
	"github.com/oneha/oneha/internal/spec"
)

// File writes the description: what was answered, each key under its reason, and
// every other key as a comment that shows it with its default or an example. The
// notes stand at its head. The name is that by which the file will be called.
//
// A line that begins with # and no blank after it is such a key: without the # it
// counts. The same answers give the same bytes.
func (a Answers) File(name string, notes []string) []byte {
	w := &writer{}
	w.say("", "The cluster "+a.Cluster+", as oneha init wrote it. `oneha check "+name+"` says what is wrong in it, "+
		"`oneha explain KEY` more of a key. A line with # and no blank after it is a key that is not used: without the # it is.")
	for _, note := range notes {
		w.line("#")
		w.say("", "Note: "+note)
	}
	w.key("version", "1")
	w.key("cluster", scalar(a.Cluster))

	w.line("")
	w.say("", Why("nodes"))
	for _, key := range []string{"addr", "bmc"} {
		w.say("", key+": "+Why("nodes.*."+key))
	}
	w.line("nodes:")
	for _, n := range a.Nodes {
		w.line("  " + n.line())
	}
	w.examples("  ", "nodes.", a)

	w.line("")
	w.say("", Why("bmc"))
	w.line("bmc:")
	for _, k := range [][2]string{{"username", a.Username}, {"password_file", a.PasswordFile}} {
		w.say("  ", Why("bmc."+k[0]))
		w.line("  " + k[0] + ": " + scalar(k[1]))
	}
	w.examples("  ", "bmc.", a)

	w.key("vip", a.vip())
	w.examples("", "vip.", a)
	w.key("services", list(a.Services))
	for _, k := range a.others() {
		w.key(k[0], k[1])
	}
	w.line("")
	w.say("", "---- Everything else, with its default or an example ----")
	w.examples("", "", a)
	return []byte(w.b.String())
}

// writer writes the lines of a file.
type writer struct{ b strings.Builder }

func (w *writer) line(s string) { w.b.WriteString(s + "\n") }

// say writes a comment.
func (w *writer) say(indent, text string) { w.b.WriteString(wrap(indent+"# ", text, column)) }

// key writes a key of the top level under its reason.
func (w *writer) key(name, value string) {
	w.line("")
	w.say("", Why(name))
	w.line(name + ": " + value)
}

// examples writes those that belong below a map, or with "" those of the top level
// that were not answered.
func (w *writer) examples(indent, below string, a Answers) {
	answered := a.others()
	for _, e := range examples {
		key := e.keys[0]
		if e.below != below || slices.ContainsFunc(answered, func(k [2]string) bool { return k[0] == key }) {
			continue
		}
		if indent == "" && below == "" {
			w.line("")
		}
		lines := e.lines(a)
		why := Why(key)
		if d := keyOf(key).Default; d != "" && lines != key+": "+d {
			why += " (default: " + d + ")"
		}
		w.say(indent, why)
		for l := range strings.SplitSeq(lines, "\n") {
			w.line(indent + "#" + l)
		}
	}
}

// example shows keys that were not answered. Its lines, without their #, are such that
// the description is one with them.
type example struct {
	below string   // the map that it stands in, with a dot; "" for the top level
	keys  []string // all that it shows, the one that its reason is from first
	lines func(a Answers) string
}

func text(s string) func(Answers) string { return func(Answers) string { return s } }

// usual is a key with the default that package spec has for it.
func usual(path string) func(Answers) string {
	return func(Answers) string { return path + ": " + keyOf(path).Default }
}

// ofBMC is an option of the map bmc.
func ofBMC(name, value string) example {
	return example{"bmc.", []string{"bmc." + name}, text(name + ": " + value)}
}

// examples are all keys that no question is about, and those whose question may go
// without an answer, in the order of the file.
var examples = []example{
	{"nodes.", []string{"nodes.*.bmc.url"}, func(a Answers) string {
		n := a.Nodes[0]
		return fmt.Sprintf("%s: {addr: %s, bmc: {url: %s, username: admin, password_file: /etc/oneha/bmc-1}}", scalar(n.Name), list(n.Addrs), scalar(n.BMC))
	}},
	ofBMC("password_script", "/usr/bin/cat /etc/oneha/bmc"),
	ofBMC("cipher", "17"),
	ofBMC("privlvl", "operator"),
	ofBMC("systems_uri", "/redfish/v1/Systems/1"),
	ofBMC("ssl_ca_file", "/etc/oneha/bmc-ca.pem"),
	ofBMC("ssl_insecure", "false"),
	ofBMC("auth", "basic"),
	ofBMC("identity_file", "/etc/oneha/ilo"),
	ofBMC("host_key", "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"),
	ofBMC("known_hosts", "/root/.ssh/known_hosts"),
	ofBMC("login_timeout", "10"),
	ofBMC("power_timeout", "30"),
	ofBMC("power_wait", "2"),
	ofBMC("shell_timeout", "5"),
	ofBMC("pcmk_off_retries", "1"),
	ofBMC("pcmk_reboot_retries", "1"),
	ofBMC("pcmk_monitor_retries", "1"),
	{"vip.", []string{"vip.nic", "vip.address", "vip.name"}, func(a Answers) string {
		return "vip: {address: " + scalar(a.VIP) + ", nic: " + scalar(or(a.NIC, "bond0")) + ", name: vip}"
	}},
	{"", []string{"layout"}, usual("layout")},
	{"", []string{"prefer"}, func(a Answers) string { return "prefer: " + scalar(a.Nodes[0].Name) }},
	{"", []string{"fencing", "fencing.*.url", "fencing.*.agent", "fencing.*.options", "fencing.*.targets", "fencing.*.plugs", "fencing.*.level"}, func(a Answers) string {
		var plugs []string
		for i, n := range a.Nodes {
			plugs = append(plugs, fmt.Sprintf("%s: %d", scalar(n.Name), i+1))
		}
		return "fencing:\n" +
			"  pdu:\n" +
			"    agent: fence_apc_snmp\n" +
			"    options: {ip: 192.0.2.9, username: oneha, password_script: cat /etc/oneha/pdu}\n" +
			"    plugs: {" + strings.Join(plugs, ", ") + "}\n" +
			"    level: 2\n" +
			"  chassis: {url: \"ipmi://192.0.2.10\", targets: [" + scalar(a.Nodes[0].Name) + "], level: 3}"
	}},
	{"", []string{"agents"}, usual("agents")},
	{"", []string{"domains", "domains.*.vip", "domains.*.services", "domains.*.prefer"}, func(a Answers) string {
		return "domains:\n  web: {vip: {address: 192.0.2.3/24, nic: bond0}, services: [" + web(a) + "], prefer: " + scalar(a.Nodes[len(a.Nodes)-1].Name) + "}"
	}},
	{"", []string{"qdevice", "qdevice.host", "qdevice.algorithm", "qdevice.tls"}, func(a Answers) string {
		algorithm := keyOf("qdevice.algorithm").Default
		if len(a.Nodes)%2 == 1 {
			algorithm = "lms"
		}
		return "qdevice: {host: 192.0.2.11, algorithm: " + algorithm + ", tls: \"on\"}"
	}},
	{"", []string{"fence_delay"}, func(a Answers) string { return "fence_delay: " + delay(a) }},
	{"", []string{"timing"}, usual("timing")},
	{"", []string{"token"}, text("token: 3s")},
	{"", []string{"properties"}, text("properties: {load-threshold: 400%}")},
	{"", []string{"target"}, usual("target")},
	{"", []string{"raw", "raw.xml", "raw.pcs", "raw.crm", "raw.corosync"}, text("raw:\n" +
		"  xml: <tags><tag id=\"address\"><obj_ref id=\"vip\"/></tag></tags>\n" +
		"  pcs: pcs tag create address vip\n" +
		"  crm: \"tag address: vip\"\n" +
		"  corosync: |\n" +
		"    totem {\n" +
		"        token_retransmits_before_loss_const: 10\n" +
		"    }")},
}

// web is a service that is not among those that were answered.
func web(a Answers) string {
	if !slices.Contains(a.Services, "httpd") && !slices.Contains(a.Services, "apache2") {
		return "httpd"
	}
	i := slices.IndexFunc(one.Services, func(s one.Service) bool { return s.Name != "oned" && !slices.Contains(a.Services, s.Name) })
	return one.Services[max(0, i)].Name
}

// delay is the one that package spec gives such a cluster.
func delay(a Answers) string {
	c, _ := spec.Parse("", []byte(a.text()))
	for _, d := range c.Fencing {
		if d.Delay > 0 {
			return fmt.Sprintf("%ds", int(d.Delay.Seconds()))
		}
	}
	return "0s"
}
