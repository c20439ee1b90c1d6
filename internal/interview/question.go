package interview

import (
	"net/netip"
	"strings"
)

// question is a row of the table: one key of the description.
type question struct {
	key      string // as in spec.Keys
	label    string // what a person is asked for; of a node, its name follows
	flag     string // of the command, with its form
	perNode  bool
	optional bool // nothing is an answer
	advanced bool // only asked for when that is wished
	propose  func(m Machine, a Answers, node string) string
	hint     func(m Machine, a Answers, node string) string // a line under the reason; "" for none
	set      func(a *Answers, node int, answer string)
}

// questions is the table, in the order in which they are asked.
var questions = []question{
	{
		key: "cluster", label: "name of the cluster", flag: "--cluster NAME",
		propose: func(m Machine, _ Answers, _ string) string { return or(m.Cluster, "opennebula") },
		set:     func(a *Answers, _ int, s string) { a.Cluster = s },
	},
	{
		key: "nodes", label: "names of the nodes", flag: "--node NAME=ADDRESS for each node",
		propose: func(m Machine, _ Answers, _ string) string {
			if names := m.members(); len(names) > 1 {
				return strings.Join(names, " ")
			}
			return ""
		},
		hint: func(m Machine, _ Answers, _ string) string {
			if len(m.members()) == 1 {
				return "This machine is " + m.Name + "; nothing here shows which is the other."
			}
			return ""
		},
		set: func(a *Answers, _ int, s string) {
			a.Nodes = nil
			for _, name := range words(s) {
				a.Nodes = append(a.Nodes, Node{Name: name})
			}
		},
	},
	{
		key: "nodes.*.addr", label: "address of", flag: "--node %s=ADDRESS", perNode: true,
		propose: func(m Machine, a Answers, node string) string { return joined(m.addresses(node, a.names())) },
		hint: func(m Machine, a Answers, node string) string {
			second := m.second()
			if node != m.Name || len(second) == 0 || len(m.addresses(node, a.names())) > 1 {
				return ""
			}
			var others []string
			for _, p := range second {
				others = append(others, p.Addr().String()+" on "+m.on(p))
			}
			return "There is also " + strings.Join(others, ", ") + ". For a second link give two addresses, with a comma."
		},
		set: func(a *Answers, node int, s string) { a.Nodes[node].Addrs = words(s) },
	},
	{
		key: "vip", label: "floating IP with its prefix length", flag: "--vip ADDRESS/PREFIX",
		propose: func(m Machine, _ Answers, _ string) string {
			if p, _ := m.vip(); p.IsValid() {
				return p.String()
			}
			return ""
		},
		hint: func(m Machine, _ Answers, _ string) string {
			const nic = "An interface may follow, where no node has an address in that network."
			if _, from := m.vip(); from != "" {
				return "That in brackets is from " + from + ". " + nic
			}
			return nic
		},
		set: func(a *Answers, _ int, s string) { // an interface may follow
			a.VIP, a.NIC = s, ""
			if address, nic, ok := strings.Cut(s, " "); ok {
				a.VIP, a.NIC = address, strings.TrimSpace(nic)
			}
		},
	},
	{
		key: "services", label: "services", flag: "--services LIST",
		propose: func(m Machine, _ Answers, _ string) string { return strings.Join(m.services(), " ") },
		hint: func(m Machine, _ Answers, _ string) string {
			if with := m.pulledIn(); len(with) > 0 {
				return "Others run and stop with these, unlisted: " + strings.Join(with, ", ") + ". Listed, they are monitored too."
			}
			return ""
		},
		set: func(a *Answers, _ int, s string) { a.Services = words(s) },
	},
	{
		key: "nodes.*.bmc", label: "BMC of", flag: "--bmc %s=URL", perNode: true,
		propose: func(m Machine, _ Answers, node string) string { return m.bmc(node) },
		hint: func(_ Machine, a Answers, node string) string {
			if node != a.Nodes[0].Name {
				return ""
			}
			return "As redfish://ADDRESS, ipmi://ADDRESS or ilo5://ADDRESS; ? says which is for what."
		},
		set: func(a *Answers, node int, s string) { a.Nodes[node].BMC = s },
	},
	{
		key: "bmc.username", label: "user of the BMCs", flag: "--bmc-user NAME",
		propose: func(Machine, Answers, string) string { return "oneha" },
		set:     func(a *Answers, _ int, s string) { a.Username = s },
	},
	{
		key: "bmc.password_file", label: "file with the password of the BMCs", flag: "--password-file FILE",
		propose: func(Machine, Answers, string) string { return "/etc/oneha/bmc" },
		hint: func(Machine, Answers, string) string {
			return "Give its name here, never the password; how to make the file is said at the end."
		},
		set: func(a *Answers, _ int, s string) { a.PasswordFile = s },
	},
	{
		key: "prefer", label: "preferred node", flag: "--prefer NAME", optional: true,
		set: func(a *Answers, _ int, s string) { a.Prefer = s },
	},
	{
		key: "layout", label: "layout", flag: "--layout LAYOUT", optional: true, advanced: true,
		set: func(a *Answers, _ int, s string) { a.Layout = s },
	},
	{
		key: "qdevice", label: "quorum device", flag: "--qdevice HOST", optional: true, advanced: true,
		propose: func(m Machine, _ Answers, _ string) string { return m.QDevice },
		set:     func(a *Answers, _ int, s string) { a.QDevice = s },
	},
	{
		key: "target", label: "what the nodes run on", flag: "--target TARGET", optional: true, advanced: true,
		propose: func(m Machine, _ Answers, _ string) string { return m.Target },
		set:     func(a *Answers, _ int, s string) { a.Target = s },
	},
}

// words splits an answer that may be several, with blanks or commas between them.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
}

func joined(addrs []netip.Addr) string {
	var texts []string
	for _, a := range addrs {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", ")
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
